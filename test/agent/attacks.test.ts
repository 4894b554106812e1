/** What somebody on the LAN may try on the agent. Every attempt has its count, and none of them keeps an alarm from leaving. */

import { deflateRawSync } from "node:zlib";
import { expect, test } from "bun:test";
import fc from "fast-check";
import { fromBase64, toBase64, utf8 } from "../../lib/base/bytes.ts";
import { minutes, seconds } from "../../lib/base/units.ts";
import type { Address } from "../../lib/port/lan.ts";
import { composeCommit, type Offer } from "../../lib/trust/approval.ts";
import { composeJoin, judgeJoined } from "../../lib/trust/enrolment.ts";
import { identityFrom } from "../../lib/trust/keys.ts";
import { FLAG_DEFLATED, KID_PAIRWISE, SUITE_CLEAR } from "../../lib/wire/constants.ts";
import type { Body, Message } from "../../lib/wire/message.ts";
import type { Opened } from "../../lib/trust/opener.ts";
import { BesiegedAgent, type Said } from "../support/a-besieged-agent.ts";
import { fill, IDENTITIES, Party } from "../support/a-cluster.ts";
import { Newcomer } from "../support/a-newcomer.ts";
import { anyBytes, longText } from "../support/any-message.ts";
import { anItem } from "../support/a-scripted-agent.ts";

const LI_AT = { host: "10.0.0.20", port: 40_000 };
const MALLORY_AT = { host: "10.0.0.66", port: 6666 };
const ELSEWHERE = { host: "10.9.9.9", port: 9999 };

/** li has a listener; mallory, who answers for nothing, has another. An alarm for li is open. */
function aSiege() {
  const agent = new BesiegedAgent();
  const li = agent.enrols(IDENTITIES.listener, { operator: "li", number: 1, at: LI_AT });
  const mallory = agent.enrols(IDENTITIES.other, { operator: "mallory", number: 2, at: MALLORY_AT });
  const id = agent.raises();
  const ack = (set: Partial<Body<"ack">> = {}): Body<"ack"> => ({ id, revision: 1, nonce: agent.nonceOf(id), comment: "", robot: false, ...set });
  return { agent, li, mallory, id, ack };
}

function stillEscalates(agent: BesiegedAgent, id: string): void {
  expect(agent.alarm(id)).toMatchObject({ attention: "unacknowledged", phase: "waiting" });
  agent.passes(minutes(6));
  // Without a relay the way out is the LAN itself: it rings again with the reason.
  expect(agent.alarm(id)).toMatchObject({ attention: "unacknowledged", phase: "fallback" });
}

test("A1: an alarm that a member forges is nobody's word to the agent", () => {
  const { agent, mallory, id } = aSiege();
  for (const to of ["group", agent.voice] as const) agent.hears(mallory.seal({ kind: "alarm", body: { alarms: [anItem({ id })] } }, to), MALLORY_AT);
  agent.hears(mallory.seal({ kind: "state", body: { states: [{ id, revision: 1, ring: 1, condition: "cleared", attention: "acknowledged", sending: "successful", phase: "idle", settled: true, at: 0 }] } }, "group"), MALLORY_AT);
  expect(agent.drops()).toEqual({ "wrong direction": 3 });
  stillEscalates(agent, id);
});

test("A1: an acknowledgement in another's name is not opened, sealed for the pair or for the group", () => {
  const { agent, mallory, id, ack } = aSiege();
  const body = utf8(JSON.stringify(ack()));
  const victim = { kind: "ack", sender: IDENTITIES.listener.id, counter: 900n } as const;
  agent.hears(mallory.forge(body, { ...victim, kid: KID_PAIRWISE, other: agent.voice.id }), MALLORY_AT);
  agent.hears(mallory.forge(body, { ...victim, kid: 1 }), MALLORY_AT);
  agent.hears(mallory.forge(body, { ...victim, suite: SUITE_CLEAR }), MALLORY_AT);
  expect(agent.drops()).toEqual({ seal: 2, signature: 1 });
  stillEscalates(agent, id);
});

const NONCES: readonly { readonly name: string; readonly nonce: (agent: BesiegedAgent, id: string) => string }[] = [
  { name: "no nonce", nonce: () => "" },
  { name: "a guessed nonce", nonce: () => toBase64(fill(0, 8)) },
  { name: "the nonce of a revision that never was", nonce: (agent, id) => agent.nonceOf(id, 2) },
  { name: "the nonce of another alarm", nonce: (agent) => agent.nonceOf(anItem().id) },
];
test.each(NONCES)("A1: an acknowledgement with $name is refused, told so and counted", ({ nonce }) => {
  const { agent, li, id, ack } = aSiege();
  const said = agent.hears(li.seal({ kind: "ack", body: ack({ nonce: nonce(agent, id) }) }, agent.voice), LI_AT);
  expect(said.map(({ message }) => message)).toMatchObject([{ kind: "acked", body: { outcome: "refused", by: "" } }]);
  expect(agent.refused()).toEqual({ "wrong nonce": 1 });
  stillEscalates(agent, id);
});

test("A1: an acknowledgement of an alarm that nobody has raised is refused and counted", () => {
  const { agent, li, ack } = aSiege();
  const said = agent.hears(li.seal({ kind: "ack", body: ack({ id: anItem().id }) }, agent.voice), LI_AT);
  expect(said.map(({ message }) => message)).toMatchObject([{ kind: "acked", body: { outcome: "refused" } }]);
  expect(agent.refused()).toEqual({ "unknown alarm": 1 });
});

test("A1: an acknowledgement of a revision whose severity has risen since stops nothing", () => {
  const { agent, li, id, ack } = aSiege();
  agent.raises("major");
  const said = agent.hears(li.seal({ kind: "ack", body: ack() }, agent.voice), LI_AT);
  expect(said.map(({ message }) => message)).toMatchObject([{ kind: "acked", body: { outcome: "recorded", reason: "people were asked again since: see what it is now" } }]);
  expect(agent.alarm(id)).toMatchObject({ attention: "unacknowledged" });
  agent.passes(minutes(6));
  expect(agent.alarm(id)).toMatchObject({ attention: "unacknowledged", phase: "fallback" });
});

test("A1: an acknowledgement of an alarm that has been cleared changes nothing, also for its next occurrence", () => {
  const { agent, li, id, ack } = aSiege();
  agent.clears();
  const said = agent.hears(li.seal({ kind: "ack", body: ack() }, agent.voice), LI_AT);
  expect(said.map(({ message }) => message)).toMatchObject([{ kind: "acked", body: { outcome: "already", reason: "it has been cleared" } }]);
  expect(agent.alarm(id)).toMatchObject({ condition: "cleared", acknowledgement: undefined });
  agent.passes(minutes(11));
  const next = agent.raises();
  expect(next).not.toBe(id);
  stillEscalates(agent, next);
});

test("A1: an acknowledgement of a listener that was revoked is not opened, however it is sealed", () => {
  const { agent, li, id, ack } = aSiege();
  agent.revokes(IDENTITIES.listener);
  for (const to of [agent.voice, "group"] as const) expect(agent.hears(li.seal({ kind: "ack", body: ack() }, to), LI_AT)).toEqual([]);
  agent.hears(li.seal({ kind: "receipt", body: { receipts: [{ id, revision: 1, ring: 1, level: "seen" }] } }, agent.voice), LI_AT);
  expect(agent.drops()).toEqual({ revoked: 3 });
  stillEscalates(agent, id);
});

test("an acknowledgement that its listener broadcasts, because its agent has moved, counts", () => {
  const { agent, li, id, ack } = aSiege();
  const said = agent.hears(li.seal({ kind: "ack", body: ack() }, "group"), LI_AT);
  expect(said.find(({ message }) => message.kind === "acked")?.message).toMatchObject({ body: { outcome: "taken", by: "li" } });
  expect(agent.alarm(id)).toMatchObject({ attention: "acknowledged" });
});

test("what is only for the pair does not count where it is sealed for the group", () => {
  const { agent, li, id } = aSiege();
  agent.hears(li.seal({ kind: "receipt", body: { receipts: [{ id, revision: 1, ring: 1, level: "seen" }] } }, "group"), LI_AT);
  agent.hears(li.seal({ kind: "fetch", body: { what: "open" } }, "group"), LI_AT);
  expect(agent.refused()).toEqual({ "not sealed for the pair": 2 });
});

test("A3: recordings of its HELLOs do not keep a sleeping laptop present, before or after a restart of the agent", () => {
  const agent = new BesiegedAgent();
  const li = agent.enrols(IDENTITIES.listener, { at: LI_AT });
  const recorded: Uint8Array[] = [];
  for (let time = 0; time < 10; time += 1) {
    const hello = agent.hello(li);
    recorded.push(hello);
    agent.hears(hello, LI_AT);
    agent.passes(seconds(20));
  }
  expect(agent.listeners()).toMatchObject([{ state: "present", address: "10.0.0.20:40000" }]);
  const replay = (): void => {
    for (let second = 0; second < 61; second += 1) {
      for (const hello of recorded.slice(-3)) agent.hears(hello, MALLORY_AT);
      agent.passes(seconds(1));
    }
  };
  replay();
  expect(agent.listeners()).toMatchObject([{ state: "away", address: "10.0.0.20:40000" }]);
  agent.start();
  replay();
  expect(agent.listeners()).toMatchObject([{ state: "away", address: "10.0.0.20:40000" }]);
  expect(agent.drops()).toMatchObject({ replay: 183 });
});

test("A3: a HELLO of an earlier life, which its own challenge would have to prove, is refused and counted", () => {
  const agent = new BesiegedAgent();
  const li = agent.enrols(IDENTITIES.listener, { at: LI_AT });
  const old = agent.hello(li);
  agent.passes(minutes(5));
  const again = new Party({ identity: IDENTITIES.listener, peers: [agent.voice], side: "client", epoch: 9n });
  agent.hears(agent.hello(again), LI_AT);
  agent.passes(minutes(2));
  expect(agent.hears(old, ELSEWHERE)).toEqual([]);
  expect(agent.listeners()).toMatchObject([{ state: "away" }]);
  expect(agent.refused()).toEqual({ "stale challenge": 1 });
});

function seekBody({ identity }: Party): Body<"seek"> {
  return { nonce: toBase64(fill(1, 8)), key: toBase64(identity.ed), pad: ".".repeat(760) };
}

test("A4: what a member asks is answered by a BEACON that nobody can drown: it is sealed for the pair", () => {
  const { agent, li } = aSiege();
  li.opener.adopt(agent.voice.id, { epoch: 1n, counter: 0n });
  for (const question of [agent.hello(li, { challenge: "" }), li.seal({ kind: "seek", body: seekBody(li) }, "clear")]) {
    const [beacon] = agent.hears(question, LI_AT);
    expect(beacon?.to).toEqual(LI_AT);
    expect(li.opener.open(beacon?.datagram ?? fill(0), "10.0.0.1", 0)).toMatchObject({ ok: true, value: { sealed: "pair", message: { kind: "beacon", body: { challenge: agent.challenge() } } } });
  }
});

test("a receipt of an epoch that was not proven ends no repeats", () => {
  const { agent, li, id } = aSiege();
  const repeats = () => agent.passes(seconds(40)).filter(({ message }) => message.kind === "alarm").length;
  const receipt: Message = { kind: "receipt", body: { receipts: [{ id, revision: 1, ring: 1, level: "seen" }] } };
  const newer = new Party({ identity: IDENTITIES.listener, peers: [agent.voice], side: "client", epoch: 9n });
  agent.hears(newer.seal(receipt, agent.voice), LI_AT);
  expect(agent.refused()).toEqual({ "not of its present life": 1 });
  agent.hears(agent.hello(li), LI_AT);
  expect(repeats()).toBe(6);
  agent.hears(agent.hello(li), LI_AT);
  agent.hears(li.seal(receipt, agent.voice), LI_AT);
  expect(repeats()).toBe(0);
});

/** Bytes that leave for whoever sent this one. */
function answered(agent: BesiegedAgent, datagram: Uint8Array, from: Address = ELSEWHERE): number {
  return agent.hears(datagram, from).filter(({ to }) => to !== "everyone").reduce((sum, said) => sum + said.datagram.length, 0);
}

test("A5: a SEEK, of a stranger or of a member, is answered by no more bytes than it has, however long the names of the cluster", () => {
  const name = longText(32).map((text) => text.replace(/[\p{Cs}\p{Cc}]/gu, "𝔊"));
  fc.assert(
    fc.property(name, name, (clusterName, agentName) => {
      const agent = new BesiegedAgent({ clusterName, agentName });
      const stranger = new Party({ identity: IDENTITIES.stranger, peers: [], side: "client" });
      for (const party of [stranger, agent.enrols(IDENTITIES.listener, { at: LI_AT })]) {
        const seek = party.seal({ kind: "seek", body: seekBody(party) }, "clear");
        const bytes = answered(agent, seek);
        expect(bytes).toBeGreaterThan(0);
        expect(bytes).toBeLessThanOrEqual(seek.length);
      }
    }),
    { seed: 20_261_125, numRuns: 40 },
  );
});

test("A5: a SEEK without its padding is answered by nothing", () => {
  const agent = new BesiegedAgent();
  const stranger = new Party({ identity: IDENTITIES.stranger, peers: [], side: "client" });
  const short = utf8(JSON.stringify({ nonce: toBase64(fill(1, 8)), key: toBase64(IDENTITIES.stranger.ed), pad: ".".repeat(759) }));
  expect(answered(agent, stranger.forge(short, { kind: "seek", suite: SUITE_CLEAR }))).toBe(0);
  expect(agent.drops()).toEqual({ "wrong form": 1 });
});

test("A5: a SEEK or a JOIN that is deflated, so that it is smaller than its answer, is answered by nothing", () => {
  const agent = new BesiegedAgent();
  const stranger = new Party({ identity: IDENTITIES.stranger, peers: [], side: "client" });
  const seek = { nonce: toBase64(fill(1, 8)), key: toBase64(IDENTITIES.stranger.ed), pad: ".".repeat(1024) };
  const deflated = (body: object): Uint8Array => new Uint8Array(deflateRawSync(utf8(JSON.stringify(body))));
  const join = composeJoin({ invite: agent.invites(), own: IDENTITIES.stranger, nonce: fill(33, 16), host: "x" });
  expect(answered(agent, stranger.forge(deflated(seek), { kind: "seek", suite: SUITE_CLEAR, flags: FLAG_DEFLATED }))).toBe(0);
  expect(answered(agent, stranger.forge(deflated(join), { kind: "join", suite: SUITE_CLEAR, flags: FLAG_DEFLATED }))).toBe(0);
  expect(agent.drops()).toEqual({ "wrong form": 2 });
});

test("A5: a COMMIT is answered by no more bytes than it has, whether it is kept, refused or approved", () => {
  const name = "存".repeat(16);
  const agent = new BesiegedAgent({ clusterName: name, agentName: name });
  const newcomer = new Newcomer(1, { operator: "李".repeat(32), host: "机".repeat(64) });
  const answers = new Set<string>();
  const asks = (one: Newcomer, revealed: boolean): void => {
    const commit = one.commit(revealed);
    const said = agent.hears(commit, one.at);
    expect(said).toHaveLength(1);
    expect(said[0]?.datagram.length).toBeLessThanOrEqual(commit.length);
    const message = said[0]?.message;
    answers.add(message?.kind === "pending" ? (message.body.refused ?? "kept") : (message?.kind ?? "nothing"));
  };
  asks(newcomer, true);
  newcomer.asks(agent, { revealed: false });
  asks(new Newcomer(2, { from: newcomer.at.host }), false);
  asks(newcomer, true);
  agent.ask({ kind: "approved", warrant: newcomer.warrant({ operator: name }) });
  asks(newcomer, true);
  expect(answers.size).toBe(4);
  expect([...answers]).toContain("joined");
});

test("A5: a COMMIT that is shorter than a body may be, or deflated to that, is answered by nothing", () => {
  const agent = new BesiegedAgent();
  const { party, asking, at } = new Newcomer(1);
  const body = composeCommit(asking, { revealed: false });
  const short = utf8(JSON.stringify({ ...body, pad: body.pad.slice(1) }));
  expect(answered(agent, party.forge(short, { kind: "commit", suite: SUITE_CLEAR }), at)).toBe(0);
  expect(answered(agent, party.forge(new Uint8Array(deflateRawSync(short)), { kind: "commit", suite: SUITE_CLEAR, flags: FLAG_DEFLATED }), at)).toBe(0);
  expect(agent.drops()).toEqual({ "wrong form": 2 });
});

/** A JOIN for each reason for which one is refused. */
function refusedJoins() {
  const agent = new BesiegedAgent();
  agent.enrols(IDENTITIES.listener, { number: 5, at: LI_AT });
  agent.revokes(IDENTITIES.listener);
  const used = agent.invites({ number: 1 });
  const expired = agent.invites({ number: 2, forMs: 1 });
  agent.hears(joinWith(used, IDENTITIES.other).datagram, MALLORY_AT);
  agent.passes(minutes(1));
  const joins = [
    joinWith({ ...used, id: fill(77, 8) }), joinWith({ ...used, secret: fill(78, 16) }), joinWith(used), joinWith(expired),
    joinWith(agent.invites({ number: 3 }), { ...IDENTITIES.stranger, x: new Uint8Array(32) }), joinWith(agent.invites({ number: 4 }), IDENTITIES.listener),
  ].map(({ datagram }) => datagram);
  return { agent, joins };
}

test("A5: a JOIN that is refused is answered by no more bytes than it has, for every reason", () => {
  const { agent, joins } = refusedJoins();
  for (const datagram of joins) {
    const said = agent.hears(datagram, ELSEWHERE);
    expect(said).toHaveLength(1);
    expect(said[0]?.datagram.length).toBeLessThanOrEqual(datagram.length);
  }
  expect(agent.refused()).toEqual({ "join: unknown invite": 1, "join: wrong secret": 1, "join: used before": 1, "join: expired": 1, "join: unsound key": 1, "join: revoked": 1 });
});

test("A7: an invite that is unknown, wrong, used before or expired, or of a key that was revoked, lets nobody in and gives no key away, each with its own words", () => {
  const { agent, joins } = refusedJoins();
  const before = agent.rows("members");
  const words = joins.map((datagram) => {
    const [joined] = agent.hears(datagram, ELSEWHERE);
    if (joined?.message.kind !== "joined") throw new Error("answered by JOINED");
    expect(Object.keys(joined.message.body).sort()).toEqual(["key", "nonce", "refused"]);
    return joined.message.body.refused;
  });
  expect(new Set(words).size).toBe(joins.length);
  expect(agent.rows("members")).toEqual(before);
});

test("A5: a host that asks for beacons and invites without end is answered a few times a second", () => {
  const agent = new BesiegedAgent();
  const stranger = new Party({ identity: IDENTITIES.stranger, peers: [], side: "client" });
  const ask = () => answered(agent, stranger.seal({ kind: "seek", body: seekBody(stranger) }, "clear"));
  expect(Array.from({ length: 100 }, ask).filter((bytes) => bytes > 0)).toHaveLength(10);
  expect(agent.drops()).toEqual({ "too many": 90 });
});

test("A5: a FETCH by another road than the last HELLO's is answered by neither", () => {
  const { agent, li } = aSiege();
  const fetch = (): Uint8Array => li.seal({ kind: "fetch", body: { what: "open" } }, agent.voice);
  expect(answered(agent, fetch(), { ...LI_AT, road: "tcp" })).toBe(0);
  expect(answered(agent, fetch(), LI_AT)).toBeGreaterThan(0);
});

test("A5: recorded FETCHes send nothing to whoever replays them, not even after a restart", () => {
  const { agent, li } = aSiege();
  const fetch = li.seal({ kind: "fetch", body: { what: "open" } }, agent.voice);
  expect(answered(agent, fetch, LI_AT)).toBeGreaterThan(0);
  expect(answered(agent, fetch)).toBe(0);
  agent.start();
  expect(answered(agent, fetch)).toBe(0);
  const newer = new Party({ identity: IDENTITIES.listener, peers: [agent.voice], side: "client", epoch: 9n });
  expect(answered(agent, newer.seal({ kind: "fetch", body: { what: "open" } }, agent.voice))).toBe(0);
  expect(agent.refused()).toEqual({ "asked from elsewhere": 1, "not of its present life": 1 });
});

test("A6: an older version, no seal, or a suite that does not exist are dropped and counted", () => {
  const { agent, li, id, ack } = aSiege();
  const sealed = (): Uint8Array => li.seal({ kind: "ack", body: ack() }, agent.voice);
  agent.hears(sealed().with(2, 0), LI_AT);
  agent.hears(sealed().with(5, 0), LI_AT);
  agent.hears(sealed().with(5, SUITE_CLEAR), LI_AT);
  agent.hears(li.forge(utf8(JSON.stringify(ack())), { kind: "ack", suite: SUITE_CLEAR, counter: 99n }), LI_AT);
  expect(agent.drops()).toEqual({ "older version": 1, "unknown suite": 1, seal: 2 });
  stillEscalates(agent, id);
});

function joinWith(invite: Parameters<typeof composeJoin>[0]["invite"], identity = IDENTITIES.stranger) {
  const party = new Party({ identity, peers: [], side: "client" });
  const nonce = fill(33, 16);
  return { party, nonce, datagram: party.seal({ kind: "join", body: composeJoin({ invite, own: identity, nonce, host: "x" }) }, "clear") };
}

test("A7: an invite lets in one listener: who comes second with it is refused and reported, and is no member", () => {
  const agent = new BesiegedAgent();
  const invite = agent.invites();
  agent.hears(joinWith(invite, IDENTITIES.listener).datagram, LI_AT);
  const [second] = agent.hears(joinWith(invite, IDENTITIES.other).datagram, MALLORY_AT);
  expect(second?.message).toMatchObject({ kind: "joined", body: { refused: expect.stringContaining("used before") } });
  expect(second?.message.body).not.toHaveProperty("group");
  expect(agent.listeners().map(({ id }) => id)).toEqual([IDENTITIES.listener.id]);
  expect(agent.refused()).toEqual({ "join: used before": 1 });
});

test("A7: the same listener may ask again, and has the same answer", () => {
  const agent = new BesiegedAgent();
  const { datagram, party, nonce } = joinWith(agent.invites(), IDENTITIES.listener);
  const first = agent.hears(datagram, LI_AT)[0]?.message;
  const again = agent.hears(party.seal({ kind: "join", body: composeJoin({ invite: agent.invites(), own: IDENTITIES.listener, nonce, host: "x" }) }, "clear"), LI_AT)[0]?.message;
  expect(again).toMatchObject({ kind: "joined", body: { member: first?.kind === "joined" ? first.body.member : "", group: first?.kind === "joined" ? first.body.group : "" } });
});

test("A7: one in the middle who puts its own keys into JOIN holds no proof, and one who answers is not believed", () => {
  const agent = new BesiegedAgent();
  const invite = agent.invites();
  const mallory = identityFrom({ ed: fill(200), x: fill(201) });
  const overheard = composeJoin({ invite, own: IDENTITIES.listener, nonce: fill(33, 16), host: "x" });
  const party = new Party({ identity: mallory, peers: [], side: "client" });
  agent.hears(party.seal({ kind: "join", body: { ...overheard, ed: toBase64(mallory.ed), x: toBase64(mallory.x) } }, "clear"), MALLORY_AT);
  expect(agent.refused()).toEqual({ "join: wrong secret": 1 });
  const [genuine] = agent.hears(joinWith(invite, IDENTITIES.listener).datagram, LI_AT);
  if (genuine?.message.kind !== "joined") throw new Error("joined");
  const answer = genuine.message.body;
  const judge = (body: Body<"joined">) => judgeJoined(body, { invite, own: IDENTITIES.listener, nonce: fill(33, 16) });
  expect(judge(answer).ok).toBe(true);
  expect(judge({ ...answer, cluster: toBase64(mallory.ed) })).toEqual({ ok: false, fault: { kind: "another cluster" } });
});

/** What the agent says, as this listener's opener lets it in; a REKEY for it is carried out and confirmed. */
function listensTo(agent: BesiegedAgent, party: Party, at: typeof LI_AT, said: readonly Said[]): readonly Opened[] {
  return said.flatMap(({ datagram, to }) => {
    if (typeof to !== "string" && to.port !== at.port) return [];
    const opened = party.opener.open(datagram, "10.0.0.1", agent.now.mono);
    if (!opened.ok) return [];
    const { message } = opened.value;
    if (message.kind === "rekey") {
      party.ring.setGroup(message.body.kid, fromBase64(message.body.key) ?? fill(0));
      agent.hears(party.seal({ kind: "rekeyed", body: { kid: message.body.kid } }, agent.voice), at);
    }
    return [opened.value];
  });
}

const broadcastAlarms = (opened: readonly Opened[]): number => opened.filter(({ message, sealed }) => message.kind === "alarm" && sealed === "group").length;

test("A8: a revoked listener cannot read the next ALARM, broadcast or recorded; the others can", () => {
  const { agent, li, mallory } = aSiege();
  agent.passes(minutes(1));
  agent.hears(agent.hello(li), LI_AT);
  agent.revokes(IDENTITIES.other);
  listensTo(agent, li, LI_AT, agent.lastSaid);
  agent.clears();
  agent.passes(minutes(11));
  agent.hears(agent.hello(li), LI_AT);
  agent.raises("critical");
  const said = [...agent.lastSaid, ...agent.passes(minutes(2))];
  const alarms = said.filter(({ message, to }) => message.kind === "alarm" && to === "everyone");
  expect(alarms.length).toBeGreaterThan(3);
  expect(broadcastAlarms(listensTo(agent, li, LI_AT, said))).toBe(alarms.length);
  expect(listensTo(agent, mallory, MALLORY_AT, said).map(({ message }) => message.kind).filter((kind) => kind !== "beacon")).toEqual([]);
  expect(mallory.opener.drops()["unknown key"]).toBeGreaterThanOrEqual(alarms.length);
});

test("A8: a listener that was away while the key changed has the next one as soon as it says HELLO", () => {
  const { agent, li } = aSiege();
  agent.passes(minutes(2));
  agent.revokes(IDENTITIES.other);
  expect(agent.lastSaid.filter(({ message }) => message.kind === "rekey")).toEqual([]);
  const answer = agent.hears(agent.hello(li, { group: "" }), LI_AT);
  expect(answer.map(({ message }) => message.kind)).toContain("rekey");
  listensTo(agent, li, LI_AT, answer);
  agent.raises("major");
  expect(broadcastAlarms(listensTo(agent, li, LI_AT, [...agent.lastSaid, ...agent.passes(seconds(5))]))).toBeGreaterThan(0);
});

test("A8: a key that nobody asked for, of a number that comes, is not confirmed for another", () => {
  const { agent, li, mallory } = aSiege();
  agent.revokes(IDENTITIES.other);
  agent.hears(mallory.seal({ kind: "rekeyed", body: { kid: 17 } }, agent.voice), MALLORY_AT);
  agent.hears(li.seal({ kind: "rekeyed", body: { kid: 7 } }, agent.voice), LI_AT);
  expect(agent.drops()).toEqual({ revoked: 1 });
  expect(agent.passes(seconds(3)).filter(({ message, to }) => message.kind === "rekey" && typeof to !== "string" && to.port === LI_AT.port).length).toBeGreaterThan(0);
});

test("a listener of an unsound key never ends the process", () => {
  const agent = new BesiegedAgent();
  agent.hears(joinWith(agent.invites(), { ...IDENTITIES.stranger, x: new Uint8Array(32) }).datagram, ELSEWHERE);
  expect(agent.listeners()).toEqual([]);
  agent.start();
  expect(agent.refused()).toEqual({});
});

test("A7: one in the middle who exchanges keys has one code at the listener and another at the agent, whenever it chooses its nonces", () => {
  const mallory = identityFrom({ ed: fill(200), x: fill(201) });
  const pretended: Offer = { cluster: toBase64(mallory.ed), ed: toBase64(mallory.ed), x: toBase64(mallory.x), nonce: "" };
  fc.assert(
    fc.property(anyBytes(16), anyBytes(16), anyBytes(16), (own, chosen, told) => {
      const agent = new BesiegedAgent();
      const listener = new Newcomer(1, { nonce: toBase64(own), host: "laptop" });
      const between = new Newcomer(2, { identity: mallory, nonce: toBase64(chosen), host: "laptop" });
      between.waits(agent);
      // The same host and the agent's own nonce and cluster key are all that it can make equal.
      for (const set of [{ nonce: toBase64(told) }, { nonce: between.offer?.nonce ?? "" }, { nonce: between.offer?.nonce ?? "", cluster: between.offer?.cluster ?? "" }]) {
        listener.offer = { ...pretended, ...set };
        expect(listener.code).not.toBe(between.code);
      }
      // Nor does a warrant for the one let in the other.
      expect(agent.ask({ kind: "approved", warrant: listener.warrant() })).toHaveProperty("error");
    }),
    { seed: 20_261_125, numRuns: 30 },
  );
});

test("A7: one in the middle who sees the reveal cannot reveal it as its own, nor commit again to another for the same nonce", () => {
  const agent = new BesiegedAgent();
  const listener = new Newcomer(1);
  listener.asks(agent, { revealed: false });
  const stolen = new Party({ identity: IDENTITIES.other, peers: [], side: "client" });
  // Signed by another key: the sender is known by the key that the body names.
  agent.hears(stolen.forge(utf8(JSON.stringify(composeCommit(listener.asking, { revealed: true }))), { kind: "commit", suite: SUITE_CLEAR }), MALLORY_AT);
  expect(agent.drops()).toEqual({ "unknown sender": 1 });
  const nonce = listener.offer?.nonce;
  const other = new Newcomer(2, { identity: IDENTITIES.other });
  other.asks(agent, { revealed: false });
  expect(other.offer?.nonce).not.toBe(nonce);
  listener.asks(agent, { revealed: true });
  expect(listener.offer?.nonce).toBe(nonce);
});
