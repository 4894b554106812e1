/** What the hosts of a lab are called, how they are cabled, and the configuration files of Gapbell's programs on them. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { WECOM_STAND_IN } from "../../support/wecom-stand-in.ts";
import type { HostPlan } from "./network.ts";
import { MAIL_LOGIN, OUTSIDE_ADDRESS } from "./outside.ts";
import { POSTFIX_PORT } from "./postfix.ts";

/** li answers for "osd", zhao for "node", both for "room"; both have a laptop. */
export const PEOPLE = ["li", "zhao"] as const;

export type ListenerPlan = { readonly operator: string; readonly host: string; readonly words: readonly string[] };

export type Told = { readonly name: string; readonly via: "mail" | "wecom" };

export type LabPlan = {
  readonly hosts: readonly HostPlan[];
  readonly listeners: readonly ListenerPlan[];
  /** Whether they have joined, and run, when the lab is handed over. */
  readonly joined: boolean;
  /** People outside who are told by a policy of their own name, and by this way only; li answers on the LAN. */
  readonly told: readonly Told[];
  readonly mailServer: "stand-in" | "postfix";
  /** Where the agent finds the relay. */
  readonly leg: "lan" | "ssh";
  /** Firewalls (nft) that stand before anybody joins, by host. */
  readonly firewalls: Readonly<Record<string, string>>;
  /** Nobody outside answers for names, from the start. */
  readonly nameless: boolean;
  /** Lines of agent.yaml, and of every client.yaml, beside the usual ones. */
  readonly agentLines: string;
  readonly clientLines: string;
  readonly seed: number;
};

export const NODE: HostPlan = { name: "node1", cables: [{ interface: "eth0", address: "10.11.131.11/24", to: { lan: 0 } }] };
/** A second agent. */
export const NODE2: HostPlan = { name: "node2", cables: [{ interface: "eth0", address: "10.11.131.12/24", to: { lan: 0 } }] };
export const JUMP_ADDRESS = "10.11.131.2";
export const JUMP: HostPlan = {
  name: "jump1", gateway: OUTSIDE_ADDRESS,
  cables: [
    { interface: "eth0", address: `${JUMP_ADDRESS}/24`, to: { lan: 0 } },
    { interface: "eth1", address: "203.0.113.2/24", to: { peer: "outside" } },
  ],
};
export const OUTSIDE: HostPlan = { name: "outside", cables: [{ interface: "eth0", address: `${OUTSIDE_ADDRESS}/24`, to: { peer: "jump1" } }] };
/** Between the cluster's LAN and another one, 10.11.140.0/24, where a laptop can be. */
export const ROUTER: HostPlan = {
  name: "router", forwards: true,
  cables: [{ interface: "eth0", address: "10.11.131.1/24", to: { lan: 0 } }, { interface: "eth1", address: "10.11.140.1/24", to: { lan: 1 } }],
};
export const laptopOf = (operator: string, address: string): HostPlan => ({
  name: `laptop-${operator}`, cables: [{ interface: "eth0", address, to: { lan: 0 } }],
});

/** Somebody sits before it, also where it is a test that reads the screen. */
export const SEATED = ["--seat", "person", "--no-desktop"];

export function planned(wish: Partial<LabPlan>): LabPlan {
  return {
    hosts: [NODE, laptopOf("li", "10.11.131.21/24"), laptopOf("zhao", "10.11.131.22/24"), JUMP, OUTSIDE],
    listeners: PEOPLE.map((operator) => ({ operator, host: `laptop-${operator}`, words: SEATED })),
    joined: true, told: [], mailServer: "stand-in", leg: "ssh", firewalls: {}, nameless: false, agentLines: "", clientLines: "", seed: 1, ...wish,
  };
}

export function writeAgentFiles(folder: string, { told, agentLines }: LabPlan): void {
  const files = { "agent.yaml": agentYaml(told) + agentLines, "rules.yaml": rulesYaml(told), "roster.yaml": rosterYaml(told) };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

export function writeClientFiles(folder: string, { clientLines }: Pick<LabPlan, "clientLines">): void {
  writeFileSync(join(folder, "client.yaml"), `language: en\n${clientLines}`);
}

export function writeRelayFiles(folder: string, plan: LabPlan): void {
  writeFileSync(join(folder, "relay.yaml"), relayYaml(plan));
}

function agentYaml(told: readonly Told[]): string {
  const own = told.map(({ name, via }) => `  ${name}: ${policyYaml("3s", `{to: ${name}, via: [${via}], after: 0}`)}\n`);
  return `cluster: lab
agent: node1
content: [severity, module, item, text, times, id]
policies:
  default: ${policyYaml("3s")}
  calm: ${policyYaml("12s")}
  patient: ${policyYaml("1h")}
${own.join("")}`;
}

/** The waits for the relay leave room for what it looks at itself: a name or a connection that does not answer takes 2 s each. */
function policyYaml(ack: string, step = "{to: responsible, via: [wecom, mail], after: 0}"): string {
  return `{ack: ${ack}, steps: [${step}], probe_timeout: 9s, verdict_timeout: 9s, retry: 2s}`;
}

function rulesYaml(told: readonly Told[]): string {
  const rules = ["calm", "patient", ...told.map(({ name }) => name)].map((name) => `  - {name: ${name}, match: [policy=${name}], module: "{module}", item: "{item}", policy: ${name}}\n`);
  return `rules:\n${rules.join("")}  - {name: default, module: "{module}", item: "{item}"}\n`;
}

function rosterYaml(told: readonly Told[]): string {
  const lines = [
    "  li: {language: en, timezone: UTC, modules: [osd, room], mail: li@example.org, wecom: li}",
    "  zhao: {language: en, timezone: UTC, modules: [node, room], mail: zhao@example.org, wecom: zhao}",
    ...told.map(({ name, via }) => `  ${name}: {language: en, timezone: UTC, ${via}: ${via === "mail" ? `${name}@example.org` : name}}`),
  ];
  return `operators:\n${lines.join("\n")}\nlast_resort: [li]\n`;
}

function relayYaml({ leg, mailServer }: LabPlan): string {
  const mail = mailServer === "postfix"
    ? `{host: mail.example.org, port: ${POSTFIX_PORT}, authority_file: outside.crt, from: ${MAIL_LOGIN.user}, name: jump1.example.org}`
    : `{host: mail.example.org, port: 587, user: ${MAIL_LOGIN.user}, password_file: mail.password, authority_file: outside.crt, from: ${MAIL_LOGIN.user}, name: jump1.example.org}`;
  return `listen: ${leg === "lan" ? JUMP_ADDRESS : "127.0.0.1"}:11117
name: jump1
channels:
  mail: ${mail}
  wecom: {corp: ${WECOM_STAND_IN.corp}, agent: ${WECOM_STAND_IN.agent}, secret_file: wecom.secret, base: "https://wecom.example.org", authority_file: outside.crt}
recipients: {mail: ["*@example.org"]}
legs: {lan: eth0, outside: eth1}
`;
}
