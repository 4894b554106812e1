/** What the hosts of a lab are called, how they are cabled, and the configuration files of Gapbell's programs on them. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { WECOM_STAND_IN } from "../../support/wecom-stand-in.ts";
import type { HostPlan } from "./network.ts";
import { MAIL_LOGIN, OUTSIDE_ADDRESS } from "./outside.ts";

/** li answers for "osd", zhao for "node"; both have a laptop. */
export const PEOPLE = ["li", "zhao"] as const;

export type ListenerPlan = { readonly operator: string; readonly host: string; readonly words: readonly string[] };

export type LabPlan = {
  readonly hosts: readonly HostPlan[];
  readonly listeners: readonly ListenerPlan[];
  /** Names of operators beyond li and zhao; each answers for a module of the same name and has mail and WeCom. */
  readonly operators: readonly string[];
  /** Where the agent finds the relay. */
  readonly leg: "lan" | "ssh";
  readonly joined: boolean;
  /** Nobody outside answers for names, from the start. */
  readonly nameless: boolean;
  readonly seed: number;
};

export const NODE: HostPlan = { name: "node1", cables: [{ interface: "eth0", address: "10.11.131.11/24", to: { lan: 0 } }] };
export const JUMP: HostPlan = {
  name: "jump1", gateway: OUTSIDE_ADDRESS,
  cables: [
    { interface: "eth0", address: "10.11.131.2/24", to: { lan: 0 } },
    { interface: "eth1", address: "203.0.113.2/24", to: { peer: "outside" } },
  ],
};
export const OUTSIDE: HostPlan = { name: "outside", cables: [{ interface: "eth0", address: `${OUTSIDE_ADDRESS}/24`, to: { peer: "jump1" } }] };
export const laptopOf = (operator: string, address: string): HostPlan => ({
  name: `laptop-${operator}`, cables: [{ interface: "eth0", address, to: { lan: 0 } }],
});

/** Somebody sits before it, also where it is a test that reads the screen. */
const SEATED = ["--seat", "person", "--no-desktop"];

export function planned(wish: Partial<LabPlan>): LabPlan {
  return {
    hosts: [NODE, laptopOf("li", "10.11.131.21/24"), laptopOf("zhao", "10.11.131.22/24"), JUMP, OUTSIDE],
    listeners: PEOPLE.map((operator) => ({ operator, host: `laptop-${operator}`, words: SEATED })),
    operators: [], leg: "lan", joined: true, nameless: false, seed: 1, ...wish,
  };
}

export function writeAgentFiles(folder: string, { operators }: Pick<LabPlan, "operators">): void {
  const files = { "agent.yaml": AGENT_YAML, "rules.yaml": RULES_YAML, "roster.yaml": rosterYaml(operators) };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
}

export function writeClientFiles(folder: string): void {
  writeFileSync(join(folder, "client.yaml"), "language: en\n");
}

export function writeRelayFiles(folder: string, { leg }: Pick<LabPlan, "leg">): void {
  writeFileSync(join(folder, "relay.yaml"), relayYaml(leg));
}

const AGENT_YAML = `cluster: lab
agent: node1
content: [severity, module, item, text, times, id]
policies:
  default: ${policyYaml("3s")}
  patient: ${policyYaml("1h")}
`;

/** The waits for the relay leave room for what it looks at itself: a name or a connection that does not answer takes 2 s each. */
function policyYaml(ack: string): string {
  return `{ack: ${ack}, steps: [{to: responsible, via: [wecom, mail], after: 0}], probe_timeout: 9s, verdict_timeout: 9s, retry: 2s}`;
}

const RULES_YAML = `rules:
  - {name: patient, match: [policy=patient], module: "{module}", item: "{item}", policy: patient}
  - {name: default, module: "{module}", item: "{item}"}
`;

function rosterYaml(operators: readonly string[]): string {
  const person = (name: string, modules: readonly string[]): string =>
    `  ${name}: {language: en, timezone: UTC, modules: [${modules.join(", ")}], mail: ${name}@example.org, wecom: ${name}}\n`;
  const all = [person("li", ["osd"]), person("zhao", ["node"]), ...operators.map((name) => person(name, [name]))];
  return `operators:\n${all.join("")}last_resort: [li]\n`;
}

function relayYaml(leg: LabPlan["leg"]): string {
  return `listen: ${leg === "lan" ? "10.11.131.2" : "127.0.0.1"}:11117
name: jump1
channels:
  mail: {host: mail.example.org, port: 587, user: ${MAIL_LOGIN.user}, password_file: mail.password, authority_file: outside.crt, from: ${MAIL_LOGIN.user}, name: jump1.example.org}
  wecom: {corp: ${WECOM_STAND_IN.corp}, agent: ${WECOM_STAND_IN.agent}, secret_file: wecom.secret, base: "https://wecom.example.org", authority_file: outside.crt}
recipients: {mail: ["*@example.org"]}
legs: {lan: eth0, outside: eth1}
`;
}
