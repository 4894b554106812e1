/** An agent made of wire messages alone: it answers as told, keeps what it hears, and knows nothing of lib/agent. */

import { toBase64, utf8 } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/base/digest.ts";
import { canonicalRules, type Rules } from "../../lib/classify/rule.ts";
import type { Address } from "../../lib/port/lan.ts";
import { approvalId, hashOf, judgeReveal, transcriptOf } from "../../lib/trust/approval.ts";
import { issue } from "../../lib/trust/certificate.ts";
import { composeJoined, type Invited, issueMember, judgeJoin } from "../../lib/trust/enrolment.ts";
import { inviteName, joinKeyOf, printInvite } from "../../lib/trust/invite.ts";
import { groupMark } from "../../lib/trust/group-keys.ts";
import { clusterIdOf, type GroupKey, type Identity, identityFrom, KeyRing, type Peer } from "../../lib/trust/keys.ts";
import { Opener } from "../../lib/trust/opener.ts";
import { Sealer } from "../../lib/trust/sealer.ts";
import { encodeVoices, type VoiceAt, voicesDigest } from "../../lib/trust/voices.ts";
import type { Body, Message, MessageKind } from "../../lib/wire/message.ts";
import { encodeOpenSet, type OpenMark, openSetMac } from "../../lib/wire/open-set.ts";
import { pieces } from "../../lib/wire/page.ts";
import { privateKey, rawPublic } from "../../lib/wire/seal.ts";

export type AlarmItem = Body<"alarm">["alarms"][number];
export type StateItem = Body<"state">["states"][number];
export type Outgoing = { readonly datagram: Uint8Array; readonly to: Address | "everyone" };

export const bytesOf = (fill: number, count = 32): Uint8Array => new Uint8Array(count).fill(fill);

/** 26 characters that are 16 bytes; people would type its first six, which are the number. */
export function anId(number: number): string {
  return `${String(number).padStart(6, "0")}${"0".repeat(20)}`;
}

export function anItem(set: Partial<AlarmItem> = {}): AlarmItem {
  const number = 1;
  return {
    id: anId(number), revision: 1, ring: 1, nonce: toBase64(bytesOf(9, 8)), severity: "critical", module: "osd", item: "osd.12",
    at: Date.UTC(2026, 0, 10, 12), text: "disk is full", source: "reports", labels: { module: "osd", item: "osd.12" }, weight: "critical",
    to: ["li"], condition: "raised", why: "new", ...set,
  };
}

export function aState(set: Partial<StateItem> = {}): StateItem {
  return {
    id: anId(1), revision: 1, ring: 1, condition: "raised", attention: "unacknowledged", sending: "pending", phase: "waiting", settled: false,
    at: Date.UTC(2026, 0, 10, 12), ...set,
  };
}

export const RULES: Rules = {
  rules: [{ name: "default", line: 1, match: [], module: "{module}", item: "{item}", severity: "source", policy: "default" }],
};

const CLUSTER = privateKey("ed", bytesOf(1));

export class ScriptedAgent {
  readonly name: string;
  readonly clusterKey = rawPublic(CLUSTER);
  readonly cluster = clusterIdOf(this.clusterKey);
  readonly voice: Identity;
  readonly voiceCertificate: string;
  group: GroupKey = { kid: 1, key: bytesOf(4) };
  readonly ring: KeyRing;
  readonly opener: Opener;
  readonly port: number;
  sealer: Sealer;
  rules: Rules = RULES;
  versions: [number, number] = [1, 1];
  /** Certificate of the security floor, where one was raised. */
  floor: string | undefined;
  /** What it answers; a test that wants silence says so. */
  /** Whether its listeners are members, or were revoked or lost: then only a SEEK of theirs is answered. */
  knows = true;
  answers = { seek: true, hello: true, fetch: true, ack: true, join: true };
  /** Whoever asks for approval is let in at once: the nonce that it is told, and the one for whose transcript there is a warrant. */
  approves: { readonly told: number; readonly signed: number } | undefined;
  acked: Pick<Body<"acked">, "outcome" | "reason" | "by"> = { outcome: "taken", reason: "", by: "li" };
  readonly open = new Map<string, { item: AlarmItem; state: StateItem }>();
  readonly heard: Message[] = [];
  readonly invites = new Map<string, Invited>();
  /** Other agents that it tells of; undefined: it is of a release that tells of none. */
  others: readonly VoiceAt[] | undefined;
  #challenges: string[] = [];
  #count = 0;
  #received = 0;

  constructor({ name = "node1", seed = 2, epoch = 1n, port = 11115, serial = 1 }: { readonly name?: string; readonly seed?: number; readonly epoch?: bigint; readonly port?: number; readonly serial?: number } = {}) {
    this.name = name;
    this.port = port;
    this.voice = identityFrom({ ed: bytesOf(seed), x: bytesOf(seed + 100) });
    this.voiceCertificate = issue("voice", { serial, agent: name, ed: toBase64(this.voice.ed), x: toBase64(this.voice.x) }, CLUSTER);
    this.ring = new KeyRing(this.voice);
    this.ring.setGroup(this.group.kid, this.group.key);
    this.opener = new Opener({ ring: this.ring, side: "agent" });
    this.sealer = new Sealer({ ring: this.ring, epoch });
  }

  /** A new life of the agent: what it says now is of another epoch. */
  restart(epoch: bigint): void {
    this.sealer = new Sealer({ ring: this.ring, epoch });
    this.#challenges = [];
  }

  /** Uses another group key from now on, without a word. */
  changes(group: GroupKey): void {
    this.group = group;
    this.ring.setGroup(group.kid, group.key);
  }

  rekey({ kid, key }: GroupKey = this.group): Message {
    return { kind: "rekey", body: { kid, key: toBase64(key) } };
  }

  enrol(peer: Peer): void {
    this.ring.addPeer(peer);
  }

  /** @returns the line that a person carries to the listener */
  invite({ operator = "li", robot = false, host = "127.0.0.1", expires = Date.now() + 3_600_000, number = 1 } = {}): string {
    const id = bytesOf(number, 8);
    const secret = bytesOf(number + 50, 16);
    const warrant = issue("warrant", { id: inviteName(id), operator, robot, hash: toBase64(sha256(secret)), expires }, CLUSTER);
    this.invites.set(inviteName(id), { warrant, joinKey: toBase64(joinKeyOf(secret)), usedBy: undefined });
    return printInvite({ cluster: this.cluster, secret, address: { host, port: this.port }, id });
  }

  /** Takes one datagram. @returns what it says to that */
  receive(datagram: Uint8Array, from: Address): readonly Outgoing[] {
    // So slowly that no rate is ever exceeded: limits are another test's affair.
    this.#received += 100;
    const opened = this.opener.open(datagram, `${from.host}:${from.port}`, this.#received);
    if (!opened.ok) return [];
    const { message, sender, epoch, counter, freshness } = opened.value;
    this.heard.push(message);
    if (!this.knows && message.kind !== "seek") return [];
    const toSender = (said: Message): Outgoing => ({ datagram: this.seal(said, { pair: sender }), to: from });
    switch (message.kind) {
      case "seek":
        return this.answers.seek ? [{ datagram: this.beacon(this.knows ? {} : { unknown: message.body.nonce }), to: from }] : [];
      case "hello":
        if (!this.answers.hello) return [];
        if (!this.#challenges.slice(-2).includes(message.body.challenge)) return [{ datagram: this.beacon(), to: from }];
        if (freshness !== "fresh") this.opener.adopt(sender, { epoch, counter });
        return [toSender(this.welcome(message.body.nonce)), ...(message.body.group === groupMark(this.group.key) ? [] : [toSender(this.rekey())])];
      case "fetch":
        return this.answers.fetch ? this.#fetch(message.body).map(toSender) : [];
      case "ack":
        return this.answers.ack ? [toSender({ kind: "acked", body: { id: message.body.id, revision: message.body.revision, ...this.acked } })] : [];
      case "join":
        return this.answers.join ? [{ datagram: this.seal(this.#join(message.body), "clear"), to: from }] : [];
      case "commit": {
        const said = this.approves === undefined ? undefined : this.#commit(message.body, this.approves);
        return said === undefined ? [] : [{ datagram: this.seal(said, "clear"), to: from }];
      }
      default:
        return [];
    }
  }

  beacon(set: Partial<Body<"beacon">> = {}): Uint8Array {
    this.#count += 1;
    const challenge = toBase64(sha256(utf8(`${this.name} ${this.#count}`)).subarray(0, 8));
    this.#challenges.push(challenge);
    const body: Body<"beacon"> = {
      cluster: toBase64(this.cluster), clusterName: "c1", agent: this.name, port: this.port, versions: this.versions, kid: this.group.kid, challenge,
      jitterMs: 100, open: openSetMac([...this.open.values()].map(markOf), this.group.key), rules: toBase64(sha256(canonicalRules(this.rules))),
      voice: toBase64(sha256(utf8(this.voiceCertificate))), key: toBase64(this.voice.ed), wall: 0, ...set,
    };
    return this.seal({ kind: "beacon", body }, "clear");
  }

  welcome(nonce: string, set: Partial<Body<"welcome">> = {}): Message {
    return {
      kind: "welcome",
      body: {
        nonce, epoch: String(this.sealer.epoch), counter: String(this.sealer.counter), kid: this.group.kid, voice: this.voiceCertificate,
        rules: toBase64(sha256(canonicalRules(this.rules))), wall: 0, ...(this.others === undefined ? {} : { voices: voicesDigest(this.#voices()) }),
        ...(this.floor === undefined ? {} : { floor: this.floor }), ...set,
      },
    };
  }

  #voices(): Uint8Array {
    return encodeVoices([{ voice: this.voiceCertificate, address: undefined }, ...(this.others ?? [])]);
  }

  /** Opens an alarm in its book, or changes it, without a word. */
  holds(item: AlarmItem, state: Partial<StateItem> = {}): void {
    this.open.set(item.id, { item, state: aState({ id: item.id, revision: item.revision, ring: item.ring, ...state }) });
  }

  alarm(...items: AlarmItem[]): Uint8Array {
    for (const item of items) this.holds(item);
    return this.seal({ kind: "alarm", body: { alarms: items } }, "group");
  }

  state(...states: StateItem[]): Uint8Array {
    return this.seal({ kind: "state", body: { states } }, "group");
  }

  seal(message: Message, to: "group" | "clear" | { readonly pair: string }): Uint8Array {
    const sealed = this.sealer.seal(message, to === "group" ? { kind: "group" } : to === "clear" ? { kind: "clear" } : { kind: "pair", peer: to.pair }, {
      broadcast: to === "group", repeat: false, deflate: message.kind === "joined",
    });
    if (!sealed.ok) throw new Error(`cannot seal ${message.kind}: ${JSON.stringify(sealed.fault)}`);
    return sealed.value;
  }

  heardOf<Kind extends MessageKind>(kind: Kind): readonly Body<Kind>[] {
    return this.heard.flatMap((message) => (message.kind === kind ? [message.body as Body<Kind>] : []));
  }

  #fetch({ what, ids }: Body<"fetch">): readonly Message[] {
    if (what === "rules") return pieces("rules", canonicalRules(this.rules)).map((body) => ({ kind: "data", body }));
    if (what === "voices") return pieces("voices", this.#voices()).map((body) => ({ kind: "data", body }));
    const held = ids === undefined ? [...this.open.values()] : ids.flatMap((id) => this.open.get(id) ?? []);
    return [
      ...(what === "open" ? pieces("open", encodeOpenSet(held.map(markOf))).map((body): Message => ({ kind: "data", body })) : []),
      ...held.map(({ item }): Message => ({ kind: "alarm", body: { alarms: [item] } })),
      ...held.map(({ state }): Message => ({ kind: "state", body: { states: [state] } })),
    ];
  }

  #commit(body: Body<"commit">, { told, signed }: { readonly told: number; readonly signed: number }): Message | undefined {
    const offer = { cluster: toBase64(this.clusterKey), x: toBase64(this.voice.x), nonce: toBase64(bytesOf(told, 16)) };
    const key = toBase64(this.voice.ed);
    if (body.nonce === undefined) return { kind: "pending", body: { commit: body.commit, key, ...offer } };
    const judged = judgeReveal(body);
    if (!judged.ok) return undefined;
    const { asking, peer } = judged.value;
    const hash = hashOf(transcriptOf(asking, { ...offer, ed: key, nonce: toBase64(bytesOf(signed, 16)) }));
    const paper = { id: inviteName(approvalId(body.commit)), operator: "li", robot: false, hash, expires: 1 };
    return {
      kind: "joined",
      body: composeJoined({ nonce: body.nonce }, {
        voice: this.voice, voiceCertificate: this.voiceCertificate, clusterKey: this.clusterKey, clusterName: "c1", warrant: issue("warrant", paper, CLUSTER),
        member: issueMember(paper, { peer, serial: 7, voice: this.voice }), group: this.group, peer,
      }),
    };
  }

  #join(join: Body<"join">): Message {
    const invited = this.invites.get(join.invite);
    const judged = judgeJoin(join, { invited, clusterKey: this.clusterKey, now: Date.now() });
    if (!judged.ok || invited === undefined) return { kind: "joined", body: { nonce: join.nonce, key: toBase64(this.voice.ed), refused: judged.ok ? "unknown" : judged.fault } };
    const { warrant, peer } = judged.value;
    this.invites.set(join.invite, { ...invited, usedBy: join.ed });
    this.enrol(peer);
    return {
      kind: "joined",
      body: composeJoined(join, {
        voice: this.voice, voiceCertificate: this.voiceCertificate, clusterKey: this.clusterKey, clusterName: "c1", warrant: invited.warrant,
        member: issueMember(warrant, { peer, serial: 7, voice: this.voice }), group: this.group, peer,
      }),
    };
  }
}

/** The keys of a listener that has joined already. */
export function aListener(seed = 30): Identity {
  return identityFrom({ ed: bytesOf(seed), x: bytesOf(seed + 100) });
}

function markOf({ item: { id, revision, ring }, state }: { readonly item: AlarmItem; readonly state: StateItem }): OpenMark {
  return { id, revision, ring, taken: state.attention !== "unacknowledged" };
}
