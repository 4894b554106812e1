/** Who is who in the world: keys, certificates, operators, policies. The same in every run, because nothing about a key is to be found out by chance. */

import type { AgentSettings } from "../../lib/agent/turn.ts";
import type { Member } from "../../lib/agent/listeners.ts";
import type { Alarm } from "../../lib/alarm/alarm.ts";
import { type ChannelName, DEFAULT_POLICY, type Policy } from "../../lib/alarm/policy.ts";
import { toBase64 } from "../../lib/base/bytes.ts";
import { misfitText } from "../../lib/base/misfit.ts";
import { hours, minutes } from "../../lib/base/units.ts";
import { channelsOf } from "../../lib/channel/channels.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { parseRules, type Rules } from "../../lib/classify/rule.ts";
import type { Operator } from "../../lib/duty/roster.ts";
import type { RelayAddress } from "../../lib/port/relay-link.ts";
import { issue } from "../../lib/trust/certificate.ts";
import { clusterIdOf, type Identity, identityFrom } from "../../lib/trust/keys.ts";
import { MAIL_SETTINGS, ROBOT_SETTINGS, WECOM_SETTINGS } from "../support/channel-settings.ts";

const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

const SIGNER = identityFrom({ ed: bytes(1), x: bytes(2) });

/** One agent of the cluster: its keys, and the certificate under which they are believed. */
export type Voice = { readonly name: string; readonly serial: number; readonly identity: Identity; readonly certificate: string };

function voiceOf(serial: number, identity: Identity): Voice {
  const name = `node${serial}`;
  return { name, serial, identity, certificate: issue("voice", { serial, agent: name, ed: toBase64(identity.ed), x: toBase64(identity.x) }, SIGNER.signer) };
}

/** The agents that a world may have. */
export const VOICES: readonly [Voice, Voice] = [voiceOf(1, identityFrom({ ed: bytes(3), x: bytes(4) })), voiceOf(2, identityFrom({ ed: bytes(10), x: bytes(11) }))];
export const CLUSTER = {
  name: "c1", key: SIGNER.ed, id: toBase64(clusterIdOf(SIGNER.ed)), group: { kid: 1, key: bytes(5) },
  secrets: { alarmKey: bytes(6), nonceKey: bytes(7), escalationKey: bytes(8), challengeKey: bytes(9) },
} as const;

export const RELAY_ADDRESS: RelayAddress = { host: "10.0.0.5", port: 11117, certificate: "relay" };

/** Most listeners of a world; their keys are made once. */
export const LISTENERS_MOST = 6;
const LISTENERS: readonly Identity[] = Array.from({ length: LISTENERS_MOST }, (_, at) => identityFrom({ ed: bytes(20 + at), x: bytes(40 + at) }));

export function listenerKeys(at: number): Identity {
  const identity = LISTENERS[at];
  if (identity === undefined) throw new Error(`there are ${LISTENERS_MOST} listeners at most`);
  return identity;
}

export function memberRow(identity: Identity, { serial, operator, robot }: { readonly serial: number; readonly operator: string; readonly robot: boolean }): Member {
  return {
    id: identity.id, serial, operator, robot, host: `laptop${serial}`, ed: toBase64(identity.ed), x: toBase64(identity.x),
    invite: `invite${serial}`, member: "", warrant: "", joinedAt: 0,
  };
}

/** What an administrator signs when a laptop is stolen. */
export function revocationOf({ identity, seat }: { readonly identity: Identity; readonly seat: { readonly serial: number } }): string {
  return issue("revocation", { ed: toBase64(identity.ed), serial: seat.serial, at: 0 }, SIGNER.signer);
}

function operator(set: Partial<Operator> & { readonly name: string }): Operator {
  return { language: "en", timezone: "UTC", modules: [], mail: `${set.name}@example.org`, wecom: set.name, mobile: undefined, ...set };
}

/** li: osd, both ways out; zhao: net, mail only; wang: osd and net, WeCom only; qian: what nobody else answers for, by mail and robot; chief: the last resort. */
const OPERATORS: readonly Operator[] = [
  operator({ name: "li", modules: ["osd"], language: "zh" }),
  operator({ name: "zhao", modules: ["net"], wecom: undefined }),
  operator({ name: "wang", modules: ["osd", "net"], mail: undefined }),
  operator({ name: "qian", modules: ["power"], wecom: undefined, mobile: "13800000000" }),
  operator({ name: "chief" }),
];

/** Modules that sources name; nobody answers for `other`. */
export const MODULES = ["osd", "net", "power", "other"] as const;
export const OPERATOR_NAMES = OPERATORS.map(({ name }) => name);

const QUICK: Policy = {
  ...DEFAULT_POLICY,
  ackMs: { critical: minutes(2), major: minutes(3), indeterminate: minutes(3), minor: minutes(10), warning: minutes(20) },
  steps: [{ to: "responsible", via: ["wecom", "mail"], afterMs: 0 }, { to: "night", via: ["mail"], afterMs: minutes(5) }, { to: "last_resort", via: ["mail", "wecom", "wecom-robot"], afterMs: minutes(12) }],
  ack: "responsible", robotAck: false,
};

/** @param rate datagrams a second on the LAN */
export function settings({ rate, quick }: { readonly rate: number; readonly quick: boolean }): AgentSettings {
  return {
    rules: rulesOf(quick),
    roster: { operators: Object.fromEntries(OPERATORS.map((one) => [one.name, one])), teams: { night: ["zhao", "chief"] }, lastResort: ["chief"] },
    policies: { default: DEFAULT_POLICY, quick: QUICK },
    replicaLabels: ["replica"], content: ["severity", "module", "item", "text", "times", "id"], lanRate: rate, unheardMs: hours(1), agents: [],
  };
}

const SECRET = { secret: "planted-secret", authority: undefined };

export const CHANNEL_SETTINGS: readonly Channel[] = channelsOf(
  { mail: MAIL_SETTINGS, wecom: WECOM_SETTINGS, "wecom-robot": ROBOT_SETTINGS },
  { mail: SECRET, wecom: SECRET, "wecom-robot": SECRET },
);

function rulesOf(quick: boolean): Rules {
  const plain = { module: "{module}", item: "{resource}" };
  const parsed = parseRules({ rules: [...(quick ? [{ name: "net", match: ['module="net"'], ...plain, policy: "quick" }] : []), { name: "default", ...plain }] });
  if (!parsed.ok) throw new Error(parsed.fault.map(misfitText).join("\n"));
  return parsed.value;
}

/** Whom a step names, told apart from the code that is judged by it; the last resort as well where those named have no such address. */
export function responsibleAs(to: string, { alarm: { responsible }, via }: { readonly alarm: Pick<Alarm, "responsible">; readonly via: readonly ChannelName[] }): readonly string[] {
  const named = to === "responsible" ? responsible : to === "last_resort" ? ["chief"] : to === "night" ? ["zhao", "chief"] : [to];
  const reached = named.some((name) => {
    const { mail, wecom, mobile } = OPERATORS.find((one) => one.name === name) ?? { mail: undefined, wecom: undefined, mobile: undefined };
    return via.some((channel) => (channel === "mail" ? mail : channel === "wecom" ? wecom : (wecom ?? mobile)) !== undefined);
  });
  return reached ? named : [...named, "chief"];
}
