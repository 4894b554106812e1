/** The agent's three files, read together. */

import { describe, expect, test } from "bun:test";
import type { AgentSettings } from "../../lib/agent/turn.ts";
import { CHANNELS, DEFAULT_POLICY } from "../../lib/alarm/policy.ts";
import { hours, minutes, seconds } from "../../lib/base/units.ts";
import { type AgentConfig, isLoopback } from "../../lib/cli/agent-config.ts";
import { printFaults } from "../../lib/cli/config.ts";
import { PORTS } from "../../lib/cli/ports.ts";
import { PORT_AGENT, PORT_API, PORT_BROADCAST, PORT_RELAY } from "../../lib/wire/constants.ts";
import { AGENT_YAML, loadFiles, ROSTER_YAML, RULES_YAML } from "../support/agent-files.ts";

function config(files: Parameters<typeof loadFiles>[0] = {}): AgentConfig {
  const loaded = loadFiles(files);
  if (!loaded.ok) throw new Error(printFaults(loaded.fault));
  return loaded.value;
}

function said(files: Parameters<typeof loadFiles>[0]): string {
  const loaded = loadFiles(files);
  return loaded.ok ? "" : printFaults(loaded.fault);
}

describe("the shortest configuration", () => {
  test("has a default for everything", () => {
    const { settings: _, ...rest } = config();
    expect(rest).toEqual({
      clusterName: "c1", agentName: "node1",
      lan: { interfaces: undefined, exclude: [], broadcastPort: 11_114, port: 11_115, rate: 200, multicast: undefined, tcp: true, peers: [] },
      api: { listen: { host: "127.0.0.1", port: 11_116 }, tokens: {}, reportTokens: {}, tls: undefined },
      relay: { ssh: { key: undefined, passphraseFile: undefined, knownHosts: undefined, ways: undefined } },
      warnings: [],
    });
  });

  test("lets only severity, module, times and id leave the room, and knows the replicas of Prometheus", () => {
    const settings: AgentSettings = config().settings;
    expect(settings.content).toEqual(["severity", "module", "times", "id"]);
    expect(settings.replicaLabels).toEqual(["replica", "prometheus_replica"]);
    expect(settings.policies).toEqual({ default: DEFAULT_POLICY });
    expect(settings.lanRate).toBe(200);
  });

  test("gives each rule its line", () => {
    expect(config().settings.rules.rules.map(({ name, line }) => [name, line])).toEqual([["ceph-osd", 2], ["default", 6]]);
  });
});

test("everything that can be said is read", () => {
  const agent = `cluster: c1
agent: node1
lan:
  interfaces: [{name: lo, broadcast: 127.255.255.255}, {name: eth0}]
  exclude: [docker0]
  broadcast_port: 21114
  port: 21115
  rate: 10
  multicast: 239.255.11.114
  multicast_ttl: 4
  tcp: false
peers: [10.11.140.21, "10.11.140.22:11200"]
api:
  listen: "[::]:8443"
  tokens: {li: /etc/gapbell/li.token}
  report_tokens: {prometheus: /etc/gapbell/prometheus.token}
  tls: {certificate: a.crt, key: a.key, client_authority: ca.crt}
content: [severity, item]
replica_labels: [pod]
policies:
  fast:
    ack: {critical: 1m, warning: 1h30m}
    steps:
      - {to: responsible, via: [mail], after: 0}
      - {to: storage, after: 10m}
      - {to: zhao, via: [wecom, wecom-robot], after: 20m}
    acknowledgement: responsible
    robot_ack: true
    probe_timeout: 5s
    verdict_timeout: 30s
    retry: 10s
    retry_most: 1m
`;
  const read = config({ agent, rules: RULES_YAML.replace("module: osd", "module: osd\n    policy: fast\n    severity: major") });
  expect(read.lan).toEqual({
    interfaces: [{ name: "lo", broadcast: "127.255.255.255" }, { name: "eth0", broadcast: undefined }], exclude: ["docker0"], broadcastPort: 21_114, port: 21_115, rate: 10,
    multicast: { group: "239.255.11.114", ttl: 4 }, tcp: false,
    peers: [{ host: "10.11.140.21", port: 21_114 }, { host: "10.11.140.22", port: 11_200 }],
  });
  expect(read.api).toEqual({
    listen: { host: "::", port: 8443 }, tokens: { li: "/etc/gapbell/li.token" }, reportTokens: { prometheus: "/etc/gapbell/prometheus.token" },
    tls: { certificate: "a.crt", key: "a.key", clientAuthority: "ca.crt" },
  });
  expect(read.settings.content).toEqual(["severity", "item"]);
  expect(read.settings.policies["default"]).toEqual(DEFAULT_POLICY);
  expect(read.settings.policies["fast"]).toEqual({
    ackMs: { critical: minutes(1), major: minutes(5), indeterminate: minutes(5), minor: minutes(5), warning: minutes(90) },
    steps: [
      { to: "responsible", via: ["mail"], afterMs: 0 },
      { to: "storage", via: [...CHANNELS], afterMs: minutes(10) },
      { to: "zhao", via: ["wecom", "wecom-robot"], afterMs: minutes(20) },
    ],
    ack: "responsible", robotAck: true, probeTimeoutMs: seconds(5), verdictTimeoutMs: seconds(30), retryMs: seconds(10), retryMostMs: minutes(1),
  });
  expect(read.settings.rules.rules[0]).toMatchObject({ policy: "fast", severity: "major" });
});

/** One policy of these lines, each indented as it stands. */
const policy = (...lines: readonly string[]): string => `${AGENT_YAML}policies:\n  default:\n${lines.map((line) => `    ${line}\n`).join("")}`;

describe("a configuration is refused", () => {
  const rows: readonly [string, Parameters<typeof loadFiles>[0], string][] = [
    ["without agent.yaml", { agent: undefined }, "agent.yaml: The file is missing, must be there; gapbell-agent init writes a first one"],
    ["without rules.yaml", { rules: undefined }, "rules.yaml: The file is missing"],
    ["without roster.yaml", { roster: undefined }, "roster.yaml: The file is missing"],
    ["with a field that nobody knows", { agent: `${AGENT_YAML}clutser: x\n` }, 'agent.yaml:3:1: clutser is unknown here, must be one of cluster, agent, lan, peers, agents, api, relay, content, coverage, replica_labels, policies; did you mean "cluster"?'],
    ["without the cluster's name", { agent: "agent: node1\n" }, "agent.yaml:1:1: cluster is missing, must be text"],
    ["with a cluster's name of blanks", { agent: 'cluster: "a b"\nagent: node1\n' }, 'agent.yaml:1:10: cluster is "a b", must be a name of 1 to 32'],
    ["with a port that does not exist", { agent: `${AGENT_YAML}lan: {port: 70000}\n` }, "agent.yaml:3:13: lan.port is 70000, must be a port from 1 to 65535"],
    ["with a broadcast address that is none", { agent: `${AGENT_YAML}lan:\n  interfaces: [{name: lo, broadcast: 127.0.0}]\n` }, 'agent.yaml:4:38: lan.interfaces[0].broadcast is "127.0.0", must be an IPv4 address as in 10.11.131.255'],
    ["with an empty list of interfaces", { agent: `${AGENT_YAML}lan: {interfaces: []}\n` }, "lan.interfaces is an empty list, must be a list of at least 1 entry"],
    ["with a rate of nothing", { agent: `${AGENT_YAML}lan: {rate: 0}\n` }, "lan.rate is 0, must be at least 1"],
    ["with a group that is none", { agent: `${AGENT_YAML}lan: {multicast: 10.11.131.255}\n` }, 'agent.yaml:3:18: lan.multicast is "10.11.131.255", must be a multicast address of a site\'s own as in 239.255.11.114'],
    ["with multicast that may go nowhere", { agent: `${AGENT_YAML}lan: {multicast_ttl: 0}\n` }, "agent.yaml:3:22: lan.multicast_ttl is 0, must be at least 1"],
    ["with multicast misspelt", { agent: `${AGENT_YAML}lan: {multcast: 239.255.11.114}\n` }, 'did you mean "multicast"?'],
    ["with a peer that is no address", { agent: `${AGENT_YAML}peers: [laptop-li]\n` }, 'agent.yaml:3:9: peers[0] is "laptop-li", must be an IPv4 address, with :PORT where it is not 11114'],
    ["with a peer's port that does not exist", { agent: `${AGENT_YAML}peers: ["10.0.0.1:0"]\n` }, 'agent.yaml:3:9: peers[0] is "10.0.0.1:0", must be an IPv4 address'],
    ["with an address without its port", { agent: `${AGENT_YAML}api: {listen: 127.0.0.1}\n` }, 'api.listen is "127.0.0.1", must be an address and a port as in 127.0.0.1:11116'],
    ["with a port alone", { agent: `${AGENT_YAML}api: {listen: 11116}\n` }, "api.listen is 11116, must be an address and a port"],
    ["with a door that asks nobody who he is", { agent: `${AGENT_YAML}api: {listen: "0.0.0.0:11116"}\n` }, "agent.yaml:3:15: api.listen is 0.0.0.0, open to the network, must be a loopback address, or api.tokens, api.report_tokens or api.tls.client_authority must be given"],
    ["with a token for somebody who does not exist", { agent: `${AGENT_YAML}api: {tokens: {zaho: x}}\n` }, 'agent.yaml:3:16: api.tokens.zaho is no operator, must be the name of an operator of roster.yaml; did you mean "zhao"?'],
    ["with a field that may not leave the room", { agent: `${AGENT_YAML}content: [labels]\n` }, 'content[0] is "labels", must be one of severity, module, item, text, detail, times, id'],
    ["with a deadline below a second", { agent: policy("ack: 999ms") }, 'agent.yaml:5:10: policies.default.ack is "999ms", must be a duration from 1s to 1d'],
    ["with a deadline above a day", { agent: policy("ack: 25h") }, 'policies.default.ack is "25h", must be a duration from 1s to 1d'],
    ["with a deadline without its unit", { agent: policy("ack: 300") }, "policies.default.ack is 300, must be a duration from 1s to 1d"],
    ["with a deadline for a severity that does not exist", { agent: policy("ack: {criticl: 1m}") }, 'agent.yaml:5:11: policies.default.ack.criticl is unknown here, must be one of critical, major, indeterminate, minor, warning; did you mean "critical"?'],
    ["with a deadline out of bounds for one severity", { agent: policy("ack: {critical: 0s}") }, 'agent.yaml:5:21: policies.default.ack.critical is "0s", must be a duration'],
    ["with a step to nobody", { agent: policy("steps:", "  - {to: lastresort, after: 0}") }, 'agent.yaml:6:14: policies.default.steps[0].to is "lastresort", must be responsible, last_resort, or a team or operator of roster.yaml; did you mean "last_resort"?'],
    ["with a channel that does not exist", { agent: policy("steps: [{to: li, via: [maill], after: 0}]") }, 'steps[0].via[0] is "maill", must be one of wecom, wecom-robot, mail; did you mean "mail"?'],
    ["with a step that goes nowhere", { agent: policy("steps: [{to: li, via: [], after: 0}]") }, "steps[0].via is an empty list"],
    ["with a first step that comes late", { agent: policy("steps: [{to: li, after: 5m}]") }, "policies.default.steps[0].after is 5m, must be 0 in the first step"],
    ["with a step that comes no later than the one before", { agent: policy("steps: [{to: li, after: 0}, {to: zhao, after: 10m}, {to: li, after: 10m}]") }, "policies.default.steps[2].after is 10m, must be later than the 10m of the step before it"],
    ["with a step without its time", { agent: policy("steps: [{to: li}]") }, "steps[0].after is missing, must be a duration from 0s to 7d"],
    ["with no step", { agent: policy("steps: []") }, "steps is an empty list, must be a list of at least 1 entry"],
    ["with 17 steps", { agent: policy(`steps: [${Array.from({ length: 17 }, (_, at) => `{to: li, after: ${at}m}`).join(", ")}]`) }, "must be a list of at most 16 entries"],
    ["with a retry that shrinks", { agent: policy("retry: 1m", "retry_most: 30s") }, 'agent.yaml:6:17: policies.default.retry_most is 30s, must be at least "retry", which is 1m'],
    ["with a rule of a policy that does not exist", { rules: RULES_YAML.replace("module: osd", "module: osd\n    policy: defualt") }, 'rules.yaml:5:13: rules[0].policy is "defualt", must be a policy of agent.yaml; did you mean "default"?'],
    ["with a rule whose expression is broken", { rules: RULES_YAML.replace("CephOSD.*", "CephOSD(") }, "rules.yaml:3:13: rules[0].match[0] is"],
    ["with braces that YAML takes for its own", { rules: RULES_YAML.replace('"{ceph_daemon}"', "{ceph_daemon}") }, "rules.yaml:5:11: rules[0].item is a mapping, must be text in which each {label} has both its braces"],
    ["without a default rule", { rules: RULES_YAML.slice(0, RULES_YAML.indexOf("  - name: default")) }, "rules.yaml:2:5: rules[0] is \"ceph-osd\" with matchers, must be followed by a default rule"],
    ["with an empty rules.yaml", { rules: "" }, "rules.yaml:1:1: rules is missing, must be a list"],
    ["with a team of somebody who does not exist", { roster: ROSTER_YAML.replace("[li, zhao]", "[li, zaho]") }, 'roster.yaml:5:17: teams.storage[1] is "zaho", must be the name of an operator above; did you mean "zhao"?'],
    ["with broken YAML", { roster: "operators: {" }, "roster.yaml:1:13: The file is broken YAML"],
    ["with bytes that are no text", { agent: new Uint8Array([0xff]) }, "agent.yaml:1:1: The file is not UTF-8 here"],
  ];
  test.each(rows)("%s", (_, files, expected) => {
    expect(said(files)).toContain(expected);
  });

  test("with every mistake of all three files at once", () => {
    const lines = said({
      agent: `${AGENT_YAML}lan: {port: x}\n`, rules: RULES_YAML.replace("module: osd", "modul: osd"), roster: ROSTER_YAML.replace("last_resort: [li]", "last_resort: [nobody]"),
    }).split("\n");
    expect(lines.map((line) => line.split(":")[0])).toEqual(["agent.yaml", "rules.yaml", "rules.yaml", "roster.yaml"]);
  });

  test("and still checked against the files that could be read", () => {
    expect(said({ roster: "operators: [", rules: RULES_YAML.replace("module: osd", "module: osd\n    policy: x") }).split("\n").map((line) => line.split(":")[0]).sort()).toEqual(["roster.yaml", "rules.yaml"]);
  });
});

describe("both bounds of a policy's waits are allowed", () => {
  test.each([
    ["ack", "1s", "1d"], ["probe_timeout", "1s", "5m"], ["verdict_timeout", "1s", "30m"], ["retry", "1s", "1h"],
  ])("%s from %s to %s", (name, least, most) => {
    expect(said({ agent: policy(`${name}: ${least}`) })).toBe("");
    expect(said({ agent: policy(`${name}: ${most}`) })).toBe("");
    expect(said({ agent: policy(`${name}: 999ms`) })).toContain(`policies.default.${name} is "999ms"`);
    expect(said({ agent: policy(`${name}: ${most}1ms`) })).toContain(`policies.default.${name} is`);
  });

  test("a retry longer than the usual most is its own most", () => {
    expect(config({ agent: policy("retry: 1h") }).settings.policies["default"]).toMatchObject({ retryMs: hours(1), retryMostMs: hours(1) });
  });
});

describe("what is allowed and still deserves a second look", () => {
  const warned = (files: Parameters<typeof loadFiles>[0]): string => printFaults(config(files).warnings);

  test("is a deadline below a minute", () => {
    expect(warned({ agent: policy("ack: {critical: 59s, major: 60s}") })).toBe("agent.yaml:5:10: policies.default.ack is 59s for critical, must be at least 1m for a person to reach a laptop");
    expect(warned({ agent: policy("ack: 1m") })).toBe("");
  });

  test("is a token that crosses a network in clear", () => {
    expect(warned({ agent: `${AGENT_YAML}api: {listen: "10.0.0.1:11116", tokens: {li: x}}\n` })).toContain("agent.yaml:3:15: api.listen is 10.0.0.1 without api.tls");
    expect(warned({ agent: `${AGENT_YAML}api: {listen: "10.0.0.1:11116", tls: {certificate: a, key: b, client_authority: c}}\n` })).toBe("");
  });

  test("is an operator whom only the LAN reaches", () => {
    expect(warned({ roster: ROSTER_YAML.replace("zhao: {modules: [net], mail: zhao@example.org}", "zhao: {modules: [net]}") })).toContain("roster.yaml:3:9: operators.zhao is without mail, wecom and mobile");
  });
});

test("the ports are those of the protocol", () => {
  expect(PORTS).toEqual({ broadcast: PORT_BROADCAST, agent: PORT_AGENT, api: PORT_API, relay: PORT_RELAY });
});

test.each([
  ["127.0.0.1", true], ["127.255.255.255", true], ["localhost", true], ["::1", true],
  ["0.0.0.0", false], ["::", false], ["10.0.0.1", false], ["127.example.org", false], ["1270.0.0.1", false],
])("%s: loopback %p", (host, loopback) => {
  expect(isLoopback({ host })).toBe(loopback);
});
