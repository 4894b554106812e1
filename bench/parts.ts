/** What the steps of one alarm cost in one thread, in microseconds of an alarm of a storm: where the agent's time goes beside the floor's. */

import { join } from "node:path";
import { Agent } from "../lib/agent/machine.ts";
import { DEFAULT_POLICY, UNHEARD_MS } from "../lib/alarm/policy.ts";
import { toBase64, utf8 } from "../lib/base/bytes.ts";
import { classify } from "../lib/classify/classify.ts";
import { parseReports } from "../lib/intake/reports.ts";
import { openStore } from "../lib/io/store.ts";
import type { Change } from "../lib/port/store.ts";
import { identityFrom, KeyRing } from "../lib/trust/keys.ts";
import { Opener } from "../lib/trust/opener.ts";
import { Sealer } from "../lib/trust/sealer.ts";
import type { Message } from "../lib/wire/message.ts";
import { alarmAt } from "./source.ts";

export type PartCosts = {
  readonly parse: number;
  readonly classify: number;
  /** Parsing, identity, classification, timeline, deadlines, queue, and the datagrams as data. */
  readonly decide: number;
  /** Rows written, without the sync: that is one of `limits`. */
  readonly rows: number;
  readonly rowsOfAlarm: number;
  /** Of one datagram: deflate, AES-GCM, Ed25519; and what a listener does to it. */
  readonly sealDatagram: number;
  readonly openDatagram: number;
  readonly alarmsOfDatagram: number;
};

const BATCH = 64;
const NOW = { mono: 1_000_000, wall: 1_800_000_000_000 };
const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const VOICE = identityFrom({ ed: seed(2), x: seed(3) });
const GROUP = { kid: 1, key: seed(4) };
const RULES = { rules: [{ name: "default", line: 1, match: [], module: "general", item: "{alertname}", severity: "source", policy: "default" }] } as const;

/** @param batches of 64 alarms */
export async function measureParts(folder: string, { batches }: { readonly batches: number }): Promise<PartCosts> {
  const bodies = Array.from({ length: batches }, (_, at) => utf8(JSON.stringify(Array.from({ length: BATCH }, (_, nth) => alarmAt("part", at * BATCH + nth)))));
  const alarms = batches * BATCH;
  /** The mean of one item's time. */
  const each = <Item>(items: readonly Item[], act: (item: Item, at: number) => unknown, count: number = items.length): number => {
    const begun = performance.now();
    for (const [at, item] of items.entries()) act(item, at);
    return ((performance.now() - begun) * 1000) / count;
  };
  const context = { now: NOW.wall, replicaLabels: [] };
  const parse = each(bodies, (body) => parseReports(body, context), alarms);
  const parsed = bodies.flatMap((body) => {
    const all = parseReports(body, context);
    return all.ok ? all.value.reports : [];
  });
  const sorted = each(parsed, ({ report }) => classify(report, RULES));

  const agent = anAgent();
  const turns: { readonly changes: readonly Change[]; readonly said: readonly Message[] }[] = [];
  const decide = each(bodies, (body, at) => {
    agent.handle({ kind: "reported", format: "reports", body, ticket: at }, { ...NOW, mono: NOW.mono + at * 30 });
    const turn = agent.takeTurn();
    if (turn !== undefined) turns.push({ changes: turn.changes, said: turn.effects.flatMap((effect) => (effect.kind === "say" && effect.deflate ? [effect.message] : [])) });
  }, alarms);

  const opened = openStore({ path: join(folder, "parts.db"), role: "agent" });
  if (!opened.ok) throw new Error(opened.fault.kind);
  const store = opened.value;
  const changes = turns.flatMap((turn) => turn.changes);
  const begun = performance.now();
  const committed = await store.commit(changes);
  const rows = ((performance.now() - begun) * 1000) / alarms;
  if (!committed.ok) throw new Error(committed.fault.reason);
  store.close();

  const said = turns.flatMap((turn) => turn.said);
  const ring = new KeyRing(VOICE);
  ring.setGroup(GROUP.kid, GROUP.key);
  const sealer = new Sealer({ ring, epoch: 1n });
  const sealed: Uint8Array[] = [];
  const sealDatagram = each(said, (message) => {
    const datagram = sealer.seal(message, { kind: "group" }, { broadcast: true, repeat: false, deflate: true });
    if (datagram.ok) sealed.push(datagram.value);
  });
  const theirs = new KeyRing(identityFrom({ ed: seed(5), x: seed(6) }));
  theirs.addPeer(VOICE);
  theirs.setGroup(GROUP.kid, GROUP.key);
  const opener = new Opener({ ring: theirs, side: "client" });
  opener.adopt(VOICE.id, { epoch: 1n, counter: 0n });
  const openDatagram = each(sealed, (datagram, at) => opener.open(datagram, "127.0.0.1", NOW.mono + at * 10));
  const told = said.reduce((sum, message) => sum + (message.kind === "alarm" ? message.body.alarms.length : 0), 0);
  return { parse, classify: sorted, decide, rows, rowsOfAlarm: changes.length / alarms, sealDatagram, openDatagram, alarmsOfDatagram: told / said.length };
}

function anAgent(): Agent {
  const li = { name: "li", language: "en", timezone: "UTC", modules: ["*"], mail: "li@example.org", wecom: undefined, mobile: undefined } as const;
  return new Agent({
    settings: {
      rules: RULES, roster: { operators: { li }, teams: {}, lastResort: ["li"] }, policies: { default: DEFAULT_POLICY },
      replicaLabels: [], content: ["severity", "module"], lanRate: 200, unheardMs: UNHEARD_MS.usual, agents: [],
    },
    remembered: { alarms: [], pushes: [], members: [], presence: [], peers: [], voices: 0, invites: new Map(), granted: undefined, pursuits: [], notes: [], known: new Map(), relay: undefined, group: undefined, floor: undefined, events: 0, unfit: [] },
    seed: 7, now: NOW,
    self: {
      clusterName: "c1", clusterKey: seed(1), agentName: "a1", version: "bench", versions: [1, 1], port: 11115, voice: VOICE, voiceCertificate: toBase64(seed(9)), group: GROUP,
      secrets: { alarmKey: seed(5), nonceKey: seed(6), escalationKey: seed(7), challengeKey: seed(8) }, boot: "bench", epoch: 1n, keySecret: seed(10),
    },
  });
}
