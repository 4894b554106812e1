/**
 * The tables of docs/protocol.md, made from schemas and constants. Between `<!-- made: NAME -->` and `<!-- made -->` the page
 * holds what this file makes; the rest is written by hand. `bun test/support/protocol-page.ts` brings the page up to date.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { BROADCAST_EVERY_MS, BROADCAST_REPEATS, BURST_SECONDS, REPEAT_AT_MS, REPEAT_EVERY_MS, STATE_AT_MS } from "../../lib/agent/push.ts";
import { FLOOD_ITEMS } from "../../lib/agent/push-queue.ts";
import { CATCH_UP_RATE, CATCH_UP_RATE_ALL } from "../../lib/agent/catch-up.ts";
import { REKEY_AGAIN, ROTATE_EVERY_MS, SWITCH_MS } from "../../lib/agent/group.ts";
import { RENEW_MS } from "../../lib/agent/listeners.ts";
import { ACK_AT_MS, ACK_BROADCAST_FROM, ACK_EVERY_MS } from "../../lib/client/acks.ts";
import { JOIN_AT_MS, JOIN_MS_MOST } from "../../lib/cli/client-join.ts";
import { LAG_PATIENCE_MS, LIST_EVERY_MS, LULL_MS } from "../../lib/client/fetching.ts";
import { SEEK_AGAIN } from "../../lib/client/hearing.ts";
import { RECEIPT_AGAIN_MS } from "../../lib/client/receipts.ts";
import { DEAD_AFTER_MS, PROBE_EVERY_MS, TCP_AFTER_MS, UDP_STEADY_MS } from "../../lib/client/roads.ts";
import { TCP_LIMITS } from "../../lib/io/lan-tcp.ts";
import { AMONG_AGENTS, FROM_AGENTS, FROM_LISTENERS, IN_CLEAR, PROVES_ITSELF, type Drop } from "../../lib/trust/opener.ts";
import { RATES } from "../../lib/trust/rates.ts";
import { GROUP_KEYS_MOST } from "../../lib/trust/keys.ts";
import { WINDOW_COUNTERS } from "../../lib/trust/window.ts";
import * as wire from "../../lib/wire/constants.ts";
import { type MessageKind, SCHEMAS } from "../../lib/wire/message.ts";
import { DATAGRAM_BYTES_LEAST, DEPTH_MOST } from "../../lib/wire/packet.ts";

export const PROTOCOL_PAGE = join(import.meta.dir, "..", "..", "docs", "protocol.md");

/** How each message travels and what for; a message without words does not compile. */
const USES: { readonly [Kind in MessageKind]: { readonly to: string; readonly sealed: string; readonly use: string } } = {
  beacon: { to: "all, other agents, or who asked", sealed: "clear; pair to a listener that asked", use: "who rings here and how to reach it; challenge, digest of the rules, mark of the open set" },
  seek: { to: "all, or one agent", sealed: "clear", use: "asks for a BEACON; padded, so that the answer is no larger" },
  hello: { to: "agent", sealed: "pair", use: "I am here: echoes the challenge, tells who sits here" },
  welcome: { to: "listener, agent", sealed: "pair", use: "echoes HELLO's nonce; the epoch and counter to believe from now on" },
  bye: { to: "agent", sealed: "pair or group", use: "the listener goes in order" },
  alarm: { to: "all, or one listener", sealed: "group or pair", use: "one or more alarms, to be shown and rung" },
  state: { to: "all, or one listener", sealed: "group or pair", use: "how alarms stand now: taken, sent outside, cleared" },
  receipt: { to: "agent", sealed: "pair", use: "on this host's disk, or put before a person" },
  ack: { to: "agent", sealed: "pair or group", use: "the operator of this listener takes the alarm; repeated until ACKED" },
  acked: { to: "listener", sealed: "pair", use: "the agent's word on an ACK, for every copy of it" },
  fetch: { to: "agent", sealed: "pair", use: "asks for the rules, for all that is open, for some alarms, or for the cluster's agents" },
  data: { to: "listener", sealed: "pair", use: "one piece of the rules, of the open set, or of the list of agents" },
  join: { to: "agent", sealed: "clear", use: "a stranger enrols by an invite" },
  joined: { to: "stranger", sealed: "clear; the group key in it sealed for the pair", use: "certificates and the group key, or a refusal" },
  commit: { to: "agent", sealed: "clear", use: "a stranger asks for approval: its commitment, then with what it has committed to; as long as a body may be" },
  pending: { to: "stranger", sealed: "clear", use: "for each COMMIT until it is approved: the agent's keys and nonce, or why not" },
  rekey: { to: "listener", sealed: "pair", use: "the next group key, or the present one for whoever lags" },
  rekeyed: { to: "agent", sealed: "pair", use: "that key is on the listener's disk" },
  sync: { to: "agent", sealed: "pair", use: "how occurrences stand, and whom the agent has let in; again until SYNCED" },
  synced: { to: "agent", sealed: "pair", use: "what a SYNC said is on disk" },
};

/** What each field means; one that is missing, or that no schema has, fails the test. */
const MEANINGS: { readonly [Kind in MessageKind]: Readonly<Record<string, string>> } = {
  beacon: {
    cluster: "cluster id", clusterName: "for people", agent: "name of the agent, for people", port: "UDP port on which it is reached, at the address the BEACON came from",
    versions: "lowest and highest version that it speaks", kid: "number of the present group key", challenge: "to be echoed by HELLO; a new one with each periodic BEACON",
    jitterMs: "the most that a receipt may be held back, in ms; an agent says 1 for each listener present, at least 20 and at most 500", open: "mark of the open set", rules: "SHA-256 of the rules' canonical bytes", voice: "SHA-256 of the voice certificate",
    key: "the agent's Ed25519 key; only the voice certificate makes it believable", wall: "the agent's clock, for display",
    unknown: "nonce of the SEEK that it answers, where the key that signed it is no member's",
  },
  seek: { nonce: "anything", key: "the sender's Ed25519 key", pad: "anything" },
  hello: {
    nonce: "to be echoed by WELCOME; never the same twice, but for a copy by another road", challenge: "of the last BEACON heard", versions: "as in BEACON", serial: "of the member certificate", host: "name of the host, for people",
    seat: "`person`: a person can be shown things; `locked`, `none`: not; `robot`: a script", "heard.epoch": "of the agent, as adopted; 0 where none is", "heard.counter": "highest one heard of it",
    open: "mark of the listener's own open set", rules: "digest of the rules it has, or empty", build: "its release",
    group: "mark of the group key that it has under the number in the agent's last BEACON; empty where it has none",
  },
  welcome: {
    nonce: "of the HELLO", epoch: "the agent's present one", counter: "counts as seen up to here", kid: "number of the present group key", voice: "voice certificate, whole",
    rules: "as in BEACON", wall: "as in BEACON", voices: "SHA-256 of the list of the cluster's agents", floor: "the security floor, where it was ever raised",
  },
  bye: { why: "for the log" },
  alarm: {
    "alarms[].id": "occurrence", "alarms[].revision": "grows when people must look again", "alarms[].ring": "a higher one brings the popup back", "alarms[].nonce": "to be echoed by ACK",
    "alarms[].severity": "`indeterminate` stands between major and minor", "alarms[].module": "as the agent's rules decided", "alarms[].item": "likewise", "alarms[].at": "when the source made it",
    "alarms[].text": "one line for people", "alarms[].source": "the way in", "alarms[].labels": "those that the rules read, 400 bytes in all; a name of 128 characters, a value of 400",
    "alarms[].cut": "something did not fit", "alarms[].weight": "what the source called its severity", "alarms[].to": "operators who are to be rung; `*` alone: everybody",
    "alarms[].key": "first 8 bytes of the `key` of SYNC, where agents are several and the source said nothing of when it began",
    "alarms[].condition": "`stale`: its source fell silent", "alarms[].quiet": "somebody has it: list, do not ring", "alarms[].why": "why it is said now", "alarms[].reason": "why mail and WeChat failed, with `fallback`",
  },
  state: {
    "states[].id": "occurrence", "states[].revision": "of the alarm", "states[].ring": "of the alarm", "states[].condition": "the cluster's word", "states[].attention": "the operators' word",
    "states[].sending": "whether a person has been reached", "states[].phase": "where the escalation stands", "states[].settled": "it waits for nobody any more", "states[].by": "who took it",
    "states[].way": "by which way: `listener`, `console`, `robot`, `outside`", "states[].comment": "what they said", "states[].stranger": "the one who took it was not among those told", "states[].now": "another agent had named the same occurrence first: popup, receipts and acknowledgements go to that id", "states[].at": "since when",
  },
  receipt: { "receipts[].id": "occurrence", "receipts[].revision": "as shown", "receipts[].ring": "as shown", "receipts[].level": "`receipt`: on disk; `seen`: put before a person" },
  ack: { id: "occurrence", revision: "as shown", nonce: "of that revision, from ALARM", comment: "without control characters", robot: "a script took it" },
  acked: { id: "of the ACK", revision: "of the ACK", outcome: "`taken` it counts; `already` somebody had it, or it was cleared; `recorded` the clock runs on; `refused`", reason: "in words, or empty", by: "who has it, or empty" },
  fetch: { what: "which whole", digest: "reserved", from: "reserved", ids: "with `alarm`" },
  data: { what: "which whole", digest: "SHA-256 of all its bytes", piece: "from 0", pieces: "of how many", bytes: "of this piece" },
  join: { invite: "name of the invite", ed: "the newcomer's Ed25519 key", x: "its X25519 key", nonce: "to be echoed by JOINED", host: "for people", mac: "proof of the invite's secret" },
  rekey: { kid: "its number", key: "the group key" },
  rekeyed: { kid: "of the REKEY" },
  joined: {
    nonce: "of the JOIN", key: "the agent's Ed25519 key", refused: "why not, in words; then nothing below is there", cluster: "the cluster's Ed25519 key", clusterName: "for people",
    voice: "voice certificate", member: "member certificate", warrant: "of the invite", kid: "number of the group key", group: "12 bytes nonce, 32 bytes group key, 16 bytes tag",
  },
  commit: {
    commit: "the commitment", key: "the newcomer's Ed25519 key", x: "its X25519 key; this and the next three only once the agent's nonce is known", nonce: "16 random bytes, never the same twice",
    host: "for people", operator: "for whom it wants to listen, or empty", pad: "anything; the body MUST be 1,088 bytes long",
  },
  pending: {
    commit: "of the COMMIT", key: "the agent's Ed25519 key", refused: "why not, in words; then nothing below is there", cluster: "the cluster's Ed25519 key", x: "the agent's X25519 key",
    nonce: "the agent's own, always the same for this commitment",
  },
  sync: {
    number: "to be named by SYNCED; counted anew in each life of the agent", "entries[].key": "keyed hash of the identity labels", "entries[].ids": "every name of the occurrence, the first is its id",
    "entries[].ats": "the raise time that each id was made of", "entries[].raisedMs": "how long ago it was taken in",
    "entries[].condition.n": "stamp of the last raise or clear", "entries[].condition.a": "the agent that gave the stamp", "entries[].clearedMs": "how long it has been cleared; absent while it holds", "entries[].ended": "only a foretold end, passed by this agent's clock, says so",
    "entries[].revision": "of the alarm", "entries[].ackFrom": "an acknowledgement of an older revision does not count", "entries[].ring": "of the alarm", "entries[].leftMs": "what is left of the acknowledgement deadline",
    "entries[].reached": "somebody outside was told of this revision", "entries[].staleMs": "until it is stale; absent where it never is; 0 or less asks whether its source still speaks",
    "entries[].taken.n": "stamp of the acknowledgement", "entries[].taken.a": "likewise", "entries[].taken.ms": "how long ago", "entries[].taken.by": "who took it", "entries[].taken.way": "by which way",
    "entries[].taken.comment": "what they said", "entries[].taken.told": "was among those told", "entries[].taken.revision": "that was shown",
    "entries[].said.n": "stamp of the last report that changed something", "entries[].said.a": "likewise", "entries[].source": "the way in; this and what follows where the other may not have the report",
    "entries[].labels": "of the report, as many as fit", "entries[].identity": "names of those that say which alarm it is", "entries[].text": "one line", "entries[].detail": "more lines", "entries[].weight": "what the source called its severity",
    "member.member": "member certificate of a listener that has joined", "member.warrant": "the warrant under which it did", "member.host": "for people", "member.joinedAt": "for people",
    "invite.warrant": "of an invite that was made", "invite.joinKey": "join key of its secret", "invite.usedBy": "the Ed25519 key that used it",
  },
  synced: { epoch: "of the SYNC", numbers: "of those that are on disk" },
};

/** In the order in which they are looked for; a reason without words does not compile. */
const REASONS: { readonly [Why in Drop]: string } = {
  "too short": `fewer than ${DATAGRAM_BYTES_LEAST} bytes`, "too long": `more than ${wire.DATAGRAM_BYTES_MOST} bytes`, foreign: "another magic",
  "older version": "a version below ours", "newer version": "a version above ours", "unknown type": "a type that this release does not know", "unknown suite": "neither 1 nor 2",
  "own echo": "our own sender id: a broadcast comes back", "wrong direction": "what only the other side says",
  "unknown sender": "no key of this sender is known and, in clear, none that its id is the hash of is named",
  revoked: "its key has been revoked",
  replay: "seen before, too far behind, or of an epoch that another has replaced", "unknown key": "no key of this number is known",
  seal: "the tag is wrong; or in clear what must be sealed", "too many": "above a rate below", signature: "not made with the sender's key",
  "does not inflate": `not raw DEFLATE, more than ${wire.INFLATED_BYTES_MOST} bytes, or bytes behind it`, "not JSON": "not UTF-8, or not JSON", "too deep": `nested deeper than ${DEPTH_MOST}`,
  "wrong form": "a field is missing or outside its limits; to an agent, in clear, deflated, or a COMMIT without its full length",
};

/** Whose each rate is; one without words does not compile. */
const WHOSE: { readonly [Who in keyof typeof RATES]: string } = {
  listener: "each share of a listener", agent: "each share of an agent", earlier: "of lower epochs, all members together",
  stranger: "in clear, one host", strangers: "in clear, all hosts together",
};

export type Field = {
  /** As `alarms[].id`. */
  readonly path: string;
  readonly form: string;
  readonly optional: boolean;
  /** Limits that a test can try: characters of a text, or bytes in base64url. */
  readonly characters?: readonly [least: number, most: number];
  readonly bytes?: readonly [least: number, most: number];
};

type Json = {
  readonly type?: string; readonly properties?: Readonly<Record<string, Json>>; readonly required?: readonly string[]; readonly items?: Json | false; readonly prefixItems?: readonly Json[];
  readonly minLength?: number; readonly maxLength?: number; readonly pattern?: string; readonly enum?: readonly string[]; readonly minimum?: number; readonly maximum?: number;
  readonly minItems?: number; readonly maxItems?: number; readonly additionalProperties?: Json; readonly propertyNames?: Json;
};

/** Every field of a message, as its schema has it. */
export function fieldsOf(kind: MessageKind): readonly Field[] {
  return walk(z.toJSONSchema(SCHEMAS[kind], { io: "input", unrepresentable: "any" }) as Json, "");
}

/** @param may whether what all this is in may be missing */
function walk(json: Json, prefix: string, may = false): readonly Field[] {
  return Object.entries(json.properties ?? {}).flatMap(([name, one]): readonly Field[] => {
    const path = `${prefix}${name}`;
    const optional = may || json.required?.includes(name) !== true;
    if (one.type === "object" && one.properties !== undefined) return walk(one, `${path}.`, optional);
    if (one.type === "array" && one.items !== undefined && one.items !== false && one.items.type === "object") return walk(one.items, `${path}[].`);
    return [{ path, optional, ...formOf(one) }];
  });
}

const number = (value: number): string => value.toLocaleString("en");

function formOf(json: Json): Pick<Field, "form" | "characters" | "bytes"> {
  const { minLength: least = 0, maxLength: most = 0, pattern } = json;
  if (json.enum !== undefined) return { form: json.enum.map((word) => `\`${word}\``).join(" ") };
  switch (json.type) {
    case "boolean":
      return { form: "true or false" };
    case "integer":
      return { form: `integer, ${number(json.minimum ?? 0)} to ${json.maximum === Number.MAX_SAFE_INTEGER ? "2^53 - 1" : json.maximum === 2 ** 32 - 1 ? "2^32 - 1" : number(json.maximum ?? 0)}` };
    case "array":
      if (json.prefixItems !== undefined) return { form: `list of ${json.prefixItems.length} integers` };
      return { form: `list of at most ${json.maxItems} times ${json.items === undefined || json.items === false ? "" : formOf(json.items).form}` };
    case "object":
      return { form: "object of texts" };
    case "string":
      if (pattern === "^[A-Za-z0-9_-]*$") {
        const bytes = [Math.floor((least * 3) / 4), Math.floor((most * 3) / 4)] as const;
        return { form: `${least === most ? "" : "at most "}${number(bytes[1])} bytes, base64url`, bytes };
      }
      if (pattern === "^\\d+$") return { form: `decimal text of at most ${most} digits` };
      if (pattern?.startsWith("^[0-9A-HJKMNP") === true) return { form: `${most} characters, Crockford base 32` };
      if (pattern === "^[0-9a-f]+$") return { form: `${most} hex digits, lower case` };
      if (least > 1) return { form: `text of ${number(least)} to ${number(most)} characters` };
      // A text of N characters may have 2 N UTF-16 units.
      return { form: `text of ${least === 0 ? "at most" : "1 to"} ${number(most / 2)} characters`, characters: [least, most / 2] };
    default:
      return { form: "?" };
  }
}

/** Everything between the marks, by name. */
export const TABLES: Readonly<Record<string, () => string>> = {
  messages: () => table(["message", "type", "from", "to", "sealed", "use"], Object.entries(USES).map(([kind, { to, sealed, use }]) => {
    const said = [...FROM_AGENTS, ...AMONG_AGENTS].includes(kind as MessageKind);
    const from = [...(said && !["bye", "hello"].includes(kind) ? ["agent"] : []), ...(FROM_LISTENERS.includes(kind as MessageKind) ? [kind === "join" || kind === "commit" ? "stranger" : kind === "seek" ? "listener, stranger" : "listener"] : [])];
    return [kind.toUpperCase(), String(wire.TYPES[kind as MessageKind]), from.join(", "), to, sealed, use];
  })),
  flags: () => table(["flag", "meaning"], [
    [String(wire.FLAG_BROADCAST), "a broadcast copy"], [String(wire.FLAG_REPEAT), "said before"], [String(wire.FLAG_DRILL), "reserved: a drill"],
    [String(wire.FLAG_DEFLATED), `the body is deflated (raw DEFLATE); at most ${number(wire.INFLATED_BYTES_MOST)} bytes when inflated`],
  ]),
  fields: () => (Object.keys(SCHEMAS) as MessageKind[]).map((kind) => `### ${kind.toUpperCase()}\n\n${table(["field", "form", "", "meaning"], fieldsOf(kind).map(({ path, form, optional }) =>
    [`\`${path}\``, form, optional ? "optional" : "", MEANINGS[kind][path] ?? "?"]))}${MANY[kind] ?? ""}`).join("\n\n"),
  drops: () => table(["reason", "when"], Object.entries(REASONS)),
  clear: () => list(IN_CLEAR),
  proves: () => list(PROVES_ITSELF),
  rates: () => table(["what", "a second", "at once"], Object.entries(WHOSE).map(([who, what]) => {
    const { perSecond, burst } = RATES[who as keyof typeof RATES];
    return [what, number(perSecond), number(burst)];
  })),
  schedule: () => table(["what", "when"], [
    ["BEACON", `${seconds(wire.BEACON_EVERY_MS)} ± 20 %, 1 s after a start, at once after other rules, and in answer to SEEK`],
    ["SEEK", `at the start, then with backoff from ${seconds(SEEK_AGAIN.firstMs)} to ${seconds(SEEK_AGAIN.mostMs)} while an agent is not heard`],
    ["JOIN", `at ${times(JOIN_AT_MS)}; nobody is there where no answer has come after ${seconds(JOIN_MS_MOST)}`],
    ["HELLO", `${seconds(wire.HELLO_EVERY_MS)}; sooner, with backoff from 1 s, while none is answered`],
    ["lease of a listener", `${seconds(wire.LEASE_MS)} from its last HELLO; after a start of the agent everybody who was there has ${seconds(RENEW_MS)}`],
    ["an agent counts as not heard", `after ${seconds(wire.DEAF_MS)}`],
    ["ALARM", `at ${times(REPEAT_AT_MS)}, each ± 25 %, then every ${seconds(REPEAT_EVERY_MS)} until every responsible listener present has given its receipt`],
    ["of these by broadcast", `number ${BROADCAST_REPEATS.map((at) => at + 1).join(", ")}, later every ${seconds(BROADCAST_EVERY_MS)}; each, but the first only where it is critical or major, by unicast as well to those who owe a receipt by then`],
    ["STATE", `at ${times(STATE_AT_MS)} by broadcast`],
    ["RECEIPT", `after 0 to \`jitterMs\`, many to a datagram; again for a copy of the alarm at most every ${seconds(RECEIPT_AGAIN_MS)}`],
    ["ACK", `at ${times(ACK_AT_MS)}, then every ${seconds(ACK_EVERY_MS)} until ACKED; from the ${ACK_BROADCAST_FROM + 1}th on also by broadcast, sealed for the group`],
    ["FETCH `open`", `${seconds(LAG_PATIENCE_MS)} after a BEACON whose \`open\` is not ours; not within ${seconds(LIST_EVERY_MS)} of a complete list; again with backoff from 2 s while no piece comes`],
    ["FETCH `alarm`", `${seconds(LULL_MS)} after the last ALARM that follows a list, while something of it lacks; again with backoff from 2 s`],
    ["a new group key", `every ${ROTATE_EVERY_MS / 86_400_000} days, and at once when a listener is revoked`],
    ["REKEY", `at once to who is present, then after ${REKEY_AGAIN.firstMs / 1000} to ${seconds(REKEY_AGAIN.mostMs)} until REKEYED; at once after a HELLO whose \`group\` is not the mark of the agent's key`],
    ["broadcasts change over", `when everybody present has said REKEYED, ${seconds(SWITCH_MS)} after the first REKEY at the latest; after a revocation at once`],
    ["a flood", `more than ${FLOOD_ITEMS} alarms of one severity waiting for one audience: they travel deflated`],
    ["datagrams of the agent", `\`lan.rate\` a second, ${BURST_SECONDS} s of it at once; the worst severity first`],
    ["what a listener fetches of alarms", `${CATCH_UP_RATE.perSecond} datagrams a second (${CATCH_UP_RATE.burst} at once), ${number(CATCH_UP_RATE_ALL.perSecond)} a second for all listeners (${CATCH_UP_RATE_ALL.burst} at once)`],
  ]),
  limits: () => table(["what", "most"], [
    ["datagram", `${number(wire.DATAGRAM_BYTES_MOST)} bytes`], ["body, sealed", `${number(wire.BODY_BYTES_MOST)} bytes`], ["body, inflated", `${number(wire.INFLATED_BYTES_MOST)} bytes`],
    ["depth of a body", String(DEPTH_MOST)], ["alarms or states in one body", String(wire.ITEMS_MOST)], ["receipts in one body", String(wire.RECEIPTS_MOST)], ["names in `to`", String(wire.TO_MOST)],
    ["certificate", `${wire.CERTIFICATE_BYTES_MOST} bytes`], ["labels of an alarm", `${wire.LABELS_BYTES_MOST} bytes`], ["rules", `${number(wire.RULES_BYTES_MOST)} bytes`], ["bytes of one DATA", String(wire.CHUNK_BYTES)],
    ["group keys that are kept", String(GROUP_KEYS_MOST)], ["replay window", `${number(Number(WINDOW_COUNTERS))} counters`],
  ]),
  tcp: () => table(["what", "how much"], [
    ["a listener asks by TCP as well", `${TCP_AFTER_MS / 1000} s after a HELLO or SEEK that no WELCOME has answered`],
    ["a connection counts as dead", `${DEAD_AFTER_MS / 1000} s after a HELLO on it that no WELCOME has answered, or when its host sleeps or gets another address`],
    ["on TCP, SEEK by UDP", `every ${PROBE_EVERY_MS / 1000} s; once answered for ${UDP_STEADY_MS / 1000} s, HELLO goes by UDP`],
    ["length of a datagram", `${DATAGRAM_BYTES_LEAST} to ${number(wire.DATAGRAM_BYTES_MOST)} bytes; another ends the connection`],
    ["connections of an agent", `${number(TCP_LIMITS.lines)} in all, ${TCP_LIMITS.linesOfHost} of one host, ${TCP_LIMITS.linesUnproven} that have proven nothing: the oldest of these makes room for another`],
    ["time to prove something", `${TCP_LIMITS.proveMs / 1000} s`], ["nothing genuine comes", `closed after ${TCP_LIMITS.idleMs / 1000} s`],
    ["waiting for a slow reader", `${TCP_LIMITS.queueBytes / 1024} KiB, then closed`],
  ]),
};

/** How many items a list has. */
const MANY: { readonly [Kind in MessageKind]?: string } = {
  alarm: `\n\n\`alarms\`: 1 to ${wire.ITEMS_MOST}.`, state: `\n\n\`states\`: 1 to ${wire.ITEMS_MOST}.`, receipt: `\n\n\`receipts\`: 1 to ${wire.RECEIPTS_MOST}.`,
  fetch: `\n\n\`ids\`: 1 to ${wire.FETCHED_MOST}.`,
};

export function meaningsOf(kind: MessageKind): readonly string[] {
  return Object.keys(MEANINGS[kind]);
}

/** The page with every table made anew. */
export function made(page: string): string {
  return page.replace(/<!-- made: ([a-z]+) -->\n.*?<!-- made -->/gs, (_, name: string) => {
    const make = TABLES[name];
    if (make === undefined) throw new Error(`The page asks for a table "${name}" that nobody makes`);
    return `<!-- made: ${name} -->\n${make()}\n<!-- made -->`;
  });
}

const seconds = (ms: number): string => `${ms / 1000} s`;
const times = (all: readonly number[]): string => `${all.map((ms) => ms / 1000).join(", ")} s`;
const list = (kinds: readonly MessageKind[]): string => kinds.map((kind) => kind.toUpperCase()).join(", ");

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

if (import.meta.main) await Bun.write(PROTOCOL_PAGE, made(readFileSync(PROTOCOL_PAGE, "utf8")));
