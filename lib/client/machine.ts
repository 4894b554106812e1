/** The listener: everything that reaches it goes in by `handle`, everything that it wants comes out by `takeTurn`. */

import { toBase64 } from "../base/bytes.ts";
import { earliest } from "../base/earliest.ts";
import { Prng } from "../base/prng.ts";
import { Tally } from "../base/tally.ts";
import type { Ms, Now } from "../base/units.ts";
import type { Machine } from "../port/drive.ts";
import type { Address } from "../port/lan.ts";
import { Floor } from "../trust/floor.ts";
import { groupMark, GroupKeys } from "../trust/group-keys.ts";
import type { GroupKey, PeerId } from "../trust/keys.ts";
import { FETCHED_MOST, RECEIPTS_MOST } from "../wire/constants.ts";
import { fit, FRAME_BYTES } from "../wire/page.ts";
import { answerLate, askAck, dropDone, nextAnswer, sayAcks, take } from "./acknowledge.ts";
import { Acks, type PendingAck } from "./acks.ts";
import { Draft } from "./draft.ts";
import { Fetching, type What } from "./fetching.ts";
import { Gathering } from "./gathering.ts";
import { hear, isInStep, lackingOf, ownMac } from "./hear.ts";
import { Ears, isSilent, type Place } from "./hearing.ts";
import { Inbox, type Inboxed } from "./inbox.ts";
import { addressOf, type HeldRules, type Parts } from "./parts.ts";
import { hearingLine, storeFailedLine } from "./phrases.ts";
import { Receipts, RECEIPTS_PLAIN } from "./receipts.ts";
import { Roads } from "./roads.ts";
import { showEnded } from "./show-ended.ts";
import { tellGathered } from "./summary.ts";
import { type ClientEvent, type ClientSelf, type ClientTurn, type KnownAgent, STORE_FAILED_EXIT_MS } from "./turn.ts";
import { isMine, listOf, showingOf, statusOf } from "./views.ts";

/** What an earlier life of this listener left in the store. */
export type Remembered = {
  readonly inbox: readonly Inboxed[];
  readonly acks: readonly PendingAck[];
  readonly agents: readonly KnownAgent[];
  readonly places: ReadonlyMap<PeerId, Place>;
  readonly rules: HeldRules;
  /** Undefined where there is but the key that came with joining. */
  readonly group: HeldGroup | undefined;
  /** Certificate of the security floor, where it was raised. */
  readonly floor: string | undefined;
};

/** Group keys as they are stored, the youngest last. `joined`: mark of the one that came with the joining that they followed. */
export type HeldGroup = { readonly joined: string; readonly keys: readonly GroupKey[] };

/** EX_IOERR: the disk is not what it was. */
const EXIT_STORE_FAILED = 74;
/** Lost alarms asked for at once: ten datagrams, half of what an agent takes of one listener in a second. The others are asked for next. */
const LACKING_MOST = 10 * FETCHED_MOST;

export class Client implements Machine<ClientEvent, ClientTurn> {
  readonly #parts: Parts;
  /** Places and agents as the store has them. */
  #places: ReadonlyMap<PeerId, Place>;
  readonly #agents: Map<PeerId, KnownAgent>;
  #failed: { readonly at: Ms; readonly reason: string } | undefined;
  #stopping = false;

  /** @param seed of the jitter; any 32-bit integer */
  constructor({ self, remembered, seed, now }: { readonly self: ClientSelf; readonly remembered: Remembered; readonly seed: number; readonly now: Now }) {
    const dice = new Prng(seed);
    const { agents, places } = remembered;
    this.#places = places;
    this.#agents = new Map(agents.map((agent) => [agent.id, agent]));
    this.#parts = {
      self, group: new GroupKeys(keysSince(self.group, remembered.group)), floor: new Floor(), startedAt: now.wall, draft: new Draft(), inbox: new Inbox(), receipts: new Receipts(dice), acks: new Acks(dice),
      ears: new Ears({ agents, places, dice, nonceKey: self.nonceKey, at: now.mono }), fetching: new Fetching(dice), gathering: new Gathering(), roads: new Roads({ tcp: self.tcp }),
      waiting: new Map(), expected: new Map(), lists: new Map(), digests: new Map(), voices: new Map(), refusals: new Tally(), rules: remembered.rules,
    };
    if (remembered.floor !== undefined) this.#parts.floor.raise(remembered.floor, self.clusterKey);
    this.#parts.inbox.restore(remembered.inbox, now);
    this.#parts.acks.restore(remembered.acks, now);
  }

  handle(event: ClientEvent, now: Now): void {
    const parts = this.#parts;
    if (parts.ears.wake(now.mono)) {
      parts.draft.log("woke", {});
      parts.roads.moved();
      // What was open before the sleep says nothing of now.
      parts.expected.clear();
      this.#gather(now);
    }
    switch (event.kind) {
      case "started":
        this.#resume(now);
        break;
      case "tick":
        break;
      case "heard":
        hear(parts, event, now);
        break;
      case "links":
        if (parts.ears.links(event.links, now.mono)) {
          parts.roads.moved();
          for (const { agent } of parts.ears.all()) parts.ears.ask(agent.id, now.mono);
        }
        break;
      case "broken":
        for (const { agent: { id, address } } of parts.ears.all()) if (address?.host === event.address.host && address.port === event.address.port) parts.roads.broken(id);
        break;
      case "asked":
        this.#answer(event, now);
        break;
      case "shown":
        if (event.seen) this.#seen(event, now);
        break;
      case "taken": {
        const entry = parts.inbox.get(event.id);
        if (entry !== undefined && entry.closedAt === undefined && this.#failed === undefined) take(parts, entry, { comment: event.comment, robot: false }, now);
        break;
      }
      case "stopping":
        this.#stop(event.why);
        break;
      case "storeFailed":
        this.#storeFailed(event.reason, now);
        break;
    }
    this.#tick(now);
  }

  takeTurn(): ClientTurn | undefined {
    const { draft } = this.#parts;
    this.#write();
    const turn = draft.take();
    return turn === undefined || this.#failed === undefined ? turn : { ...turn, changes: [] };
  }

  nextWakeup(): Ms | undefined {
    if (this.#stopping) return undefined;
    const { inbox, receipts, acks, ears, roads, fetching, gathering } = this.#parts;
    const exit = this.#failed === undefined ? undefined : this.#failed.at + STORE_FAILED_EXIT_MS;
    const saying = this.#failed === undefined ? earliest(receipts.next(), acks.next()) : undefined;
    return earliest(inbox.next(), saying, ears.next(), roads.next(), fetching.next(), gathering.next(), nextAnswer(this.#parts), exit);
  }

  /** After a start: what still waits for somebody is listed, and rings only if it has not. */
  #resume(now: Now): void {
    const { inbox, draft, self, gathering, group } = this.#parts;
    draft.add({ kind: "setGroup", keys: group.all });
    const open = inbox.open();
    const waiting = open.filter(({ attention }) => attention === "unacknowledged");
    if (self.robot) for (const entry of waiting) draft.add({ kind: "show", showing: showingOf(this.#parts, entry, false) });
    else {
      gathering.begin(now.mono, { first: true });
      for (const { item } of waiting) gathering.hold(item.id, now.mono);
    }
    draft.log("started", { open: open.length, operator: self.operator, cluster: self.clusterName });
  }

  /** A person who comes back is told at once what has happened. A script is not: it hears everything for itself. */
  #gather(now: Now): void {
    if (!this.#parts.self.robot) this.#parts.gathering.begin(now.mono);
  }

  #answer({ question, ticket }: Extract<ClientEvent, { kind: "asked" }>, now: Now): void {
    const { draft } = this.#parts;
    if (this.#stopping) return draft.answer(ticket, { status: 503, body: { error: "This listener is stopping" } });
    switch (question.kind) {
      case "list":
        return draft.answer(ticket, { status: 200, body: { alarms: listOf(this.#parts, question.all) } });
      case "status":
        return draft.answer(ticket, { status: 200, body: statusOf(this.#parts, now) });
      case "ack":
        if (this.#failed !== undefined) return draft.answer(ticket, { status: 503, body: { error: `Nothing can be stored: ${this.#failed.reason}` } });
        return askAck(this.#parts, { ...question, ticket }, now);
    }
  }

  /** The desk has put it before a person: the agent hears so. */
  #seen({ id, ring }: Extract<ClientEvent, { kind: "shown" }>, now: Now): void {
    const { inbox, receipts, ears } = this.#parts;
    const held = inbox.get(id);
    if (held === undefined || held.seen >= ring || ring !== held.item.ring || !isMine(this.#parts, held.item)) return;
    inbox.note(id, { seen: ring }, now);
    if (held.unverified !== "") return;
    for (const [agent, word] of Object.entries(held.words)) {
      if (!word.open || word.ring > ring) continue;
      const jitterMs = ears.get(agent)?.beacon?.jitterMs ?? 0;
      receipts.owe(agent, { id, revision: word.revision, ring: word.ring, level: "seen" }, { jitterMs, now: now.mono, urgent: held.item.severity === "critical" });
    }
  }

  #stop(why: string): void {
    const { draft, ears, waiting } = this.#parts;
    this.#stopping = true;
    for (const { agent } of ears.all()) {
      const address = addressOf(this.#parts, agent.id);
      if (address !== undefined) draft.add({ kind: "say", message: { kind: "bye", body: { why: why.slice(0, 64) } }, to: { kind: "agent", peer: agent.id, address }, repeat: false });
    }
    for (const tickets of waiting.values()) for (const { ticket } of tickets) draft.answer(ticket, { status: 503, body: { error: "This listener is stopping; the acknowledgement goes on at its next start" } });
    waiting.clear();
    draft.add({ kind: "exit", code: 0, reason: why });
  }

  #storeFailed(reason: string, now: Now): void {
    if (this.#failed !== undefined) return;
    this.#failed = { at: now.mono, reason };
    this.#parts.draft.log("store failed", { reason });
    this.#parts.draft.add({ kind: "hearing", line: storeFailedLine(reason, this.#parts.self.language), rings: true });
  }

  /** Everything that has fallen due. */
  #tick(now: Now): void {
    if (this.#stopping) return;
    const { draft, inbox, acks } = this.#parts;
    this.#sayHearing(now);
    this.#takeRoads(now);
    this.#seek(now);
    this.#greet(now);
    this.#fetch(now);
    if (this.#failed === undefined) {
      this.#sayReceipts(now);
      sayAcks(this.#parts, now);
    } else if (now.mono >= this.#failed.at + STORE_FAILED_EXIT_MS) {
      this.#stopping = true;
      draft.add({ kind: "exit", code: EXIT_STORE_FAILED, reason: this.#failed.reason });
    }
    answerLate(this.#parts, now);
    tellGathered(this.#parts, now);
    for (let id = inbox.takeForgotten(now.mono); id !== undefined; id = inbox.takeForgotten(now.mono)) {
      draft.remove("inbox", id);
      if (acks.get(id) !== undefined) draft.remove("acks", id);
      acks.drop(id);
      this.#parts.receipts.forget(id);
    }
  }

  /** People hear once that an agent is not heard, and once that it is heard again. */
  #sayHearing(now: Now): void {
    const { ears, draft, self, inbox } = this.#parts;
    const regraded = ears.takeRegraded(now.mono);
    if (regraded.length === 0) return;
    if (regraded.some(({ grade }) => grade === "heard")) this.#gather(now);
    for (const ended of inbox.hush(silentOf(this.#parts), now)) showEnded(this.#parts, ended);
    dropDone(this.#parts);
    for (const { agent, grade } of regraded) {
      draft.log("hearing", { agent: agent.name, hearing: grade });
      draft.add({ kind: "tell", line: { v: 1, kind: "hearing", occurrence: "", revision: 0, ring: 0, agent: agent.name, hearing: grade, at: now.wall } });
    }
    if (this.#failed !== undefined) return;
    const heard = ears.all().flatMap(({ agent, grade }) => (grade === "heard" ? [agent.name] : []));
    const lines = ears.all().map(({ agent, grade, heardAt }) => {
      const since = heardAt === undefined ? "" : new Date(heardAt).toISOString().slice(11, 16);
      return hearingLine({ grade, name: agent.name, since: since === "" ? "" : `${since} UTC`, heard }, self.language);
    });
    const deaf = heard.length === 0 && ears.all().some(({ grade }) => grade === "deaf" || grade === "unanswered" || grade === "unknown" || grade === "outdated");
    draft.add({ kind: "hearing", line: lines.filter((line) => line !== "").join("\n"), rings: deaf, ...(heard.length > 0 ? { heard: true } : {}) });
  }

  #takeRoads(now: Now): void {
    const { ears, roads, draft } = this.#parts;
    const { hangUp, ask, probe } = roads.takeSteps(now.mono);
    for (const id of hangUp) {
      const address = ears.get(id)?.agent.address;
      if (address !== undefined) draft.add({ kind: "hangUp", address });
    }
    for (const id of ask) ears.ask(id, now.mono);
    this.#saySeek(probe.flatMap((id) => ears.get(id)?.agent.address ?? []));
  }

  #seek(now: Now): void {
    const { ears, roads, self } = this.#parts;
    const missing = ears.takeSeek(now.mono);
    if (missing === undefined) return;
    for (const { id } of missing) roads.asked(id, now.mono);
    const byTcp = missing.some(({ id }) => roads.of(id) !== "udp");
    this.#saySeek([
      undefined, ...missing.flatMap(({ id, address }) => (address === undefined ? [] : roads.forQuestions(id, address))),
      ...self.configured.flatMap((address): readonly Address[] => (byTcp ? [address, { ...address, road: "tcp" }] : [address])),
    ]);
  }

  /** @param to `undefined` is everybody */
  #saySeek(to: readonly (Address | undefined)[]): void {
    const { ears, draft, self } = this.#parts;
    if (to.length === 0) return;
    const message = { kind: "seek", body: { ...ears.seek(), key: toBase64(self.key) } } as const;
    for (const address of to) draft.add({ kind: "say", message, to: { kind: "anyone", address }, repeat: false });
  }

  #greet(now: Now): void {
    const { ears, roads, draft, self, rules, group } = this.#parts;
    const greetings = ears.takeGreetings(now.mono);
    if (greetings.length === 0) return;
    for (const { agent, address, nonce, challenge, place } of greetings) {
      const kid = ears.get(agent)?.beacon?.kid;
      const open = ownMac(this.#parts, agent);
      const body = {
        group: kid === undefined ? "" : group.markOf(kid),
        nonce, challenge, versions: self.versions, serial: self.serial, host: self.host, seat: self.seat,
        heard: { epoch: String(place.epoch), counter: String(place.counter) }, open, rules: rules.digest, build: self.version.slice(0, 32),
      };
      for (const way of roads.forQuestions(agent, address)) {
        draft.add({ kind: "say", message: { kind: "hello", body }, to: { kind: "agent", peer: agent, address: way }, repeat: false });
      }
      roads.asked(agent, now.mono);
    }
  }

  #fetch(now: Now): void {
    const { fetching, draft } = this.#parts;
    const needless = (agent: PeerId, what: What): boolean =>
      what === "open" ? isInStep(this.#parts, agent) : what === "alarm" && lackingOf(this.#parts, agent).length === 0;
    for (const { agent, what } of fetching.takeDue(now.mono, needless)) {
      const address = addressOf(this.#parts, agent);
      if (address === undefined) continue;
      const bodies = what === "alarm" ? groupsOf(lackingOf(this.#parts, agent).slice(0, LACKING_MOST), FETCHED_MOST).map((ids) => ({ what, ids })) : [{ what }];
      for (const body of bodies) draft.add({ kind: "say", message: { kind: "fetch", body }, to: { kind: "agent", peer: agent, address }, repeat: false });
    }
  }

  #sayReceipts(now: Now): void {
    const { receipts, draft } = this.#parts;
    for (const { agent, receipts: owed } of receipts.takeDue(now.mono)) {
      const address = addressOf(this.#parts, agent);
      if (address === undefined) continue;
      const deflate = owed.length > RECEIPTS_PLAIN;
      for (const group of fit(owed, { frame: FRAME_BYTES, deflate, most: RECEIPTS_MOST })) {
        draft.add({ kind: "say", message: { kind: "receipt", body: { receipts: [...group] } }, to: { kind: "agent", peer: agent, address }, repeat: false, deflate });
      }
    }
  }

  /** Rows of everything that changed; counters go along with what is written anyway. */
  #write(): void {
    const { draft, inbox, ears } = this.#parts;
    for (const entry of inbox.takeChanged()) draft.put("inbox", entry.item.id, rowOf(entry));
    for (const { agent } of ears.all()) {
      if (this.#agents.get(agent.id) === agent) continue;
      draft.put("agents", agent.id, agent);
      this.#agents.set(agent.id, agent);
    }
    if (!draft.writes) return;
    for (const { agent, place } of ears.all()) {
      if (place === undefined || this.#places.get(agent.id) === place) continue;
      draft.put("windows", agent.id, { epoch: String(place.epoch), counter: String(place.counter) });
      this.#places = new Map([...this.#places, [agent.id, place]]);
    }
  }
}

function groupsOf<Item>(items: readonly Item[], most: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / most) }, (_, at) => items.slice(at * most, (at + 1) * most));
}

/** Whoever has joined anew has left the keys of the time before behind. */
function keysSince(joined: GroupKey, held: HeldGroup | undefined): readonly GroupKey[] {
  return held?.joined === groupMark(joined.key) ? held.keys : [joined];
}

/** Agents of which nothing is to be expected now. */
function silentOf({ ears }: Parts): ReadonlySet<PeerId> {
  return new Set(ears.all().flatMap(({ agent, grade }) => (isSilent(grade) ? [agent.id] : [])));
}

/** As it is stored: 64-bit numbers are decimal strings. */
export function rowOf(entry: Inboxed): object {
  const plain = ({ epoch, counter }: Place): object => ({ epoch: String(epoch), counter: String(counter) });
  const words = Object.entries(entry.words).map(([agent, word]) => [agent, { ...word, ...plain(word) }]);
  return { ...entry, said: { agent: entry.said.agent, ...plain(entry.said) }, words: Object.fromEntries(words) };
}
