/** The three files that `init` writes: what has no good default is filled in, what might be changed stands there with a remark. */

import { CONTENT_DEFAULT, CONTENT_FIELDS } from "../alarm/content.ts";
import { SEVERITIES } from "../alarm/severity.ts";
import { AGENT_FILES } from "./agent-config.ts";
import { PORTS } from "./ports.ts";

export type FirstSettings = {
  readonly cluster: string;
  readonly agent: string;
  readonly operator: string;
  readonly language: "en" | "zh";
  readonly timezone: string;
  readonly mail: string | undefined;
  readonly wecom: string | undefined;
  readonly mobile: string | undefined;
};

/** @returns the text of each of `AGENT_FILES`, by its name */
export function firstFiles(settings: FirstSettings): ReadonlyMap<string, string> {
  return new Map([
    [AGENT_FILES.agent, agentFile(settings)],
    [AGENT_FILES.rules, RULES_FILE],
    [AGENT_FILES.roster, rosterFile(settings)],
  ]);
}

function agentFile({ cluster, agent }: FirstSettings): string {
  return `# gapbell-agent: its names, where it listens, how long it waits.
# After a change: gapbell-agent check, then SIGHUP to the running agent.

cluster: ${scalar(cluster)}
agent: ${scalar(agent)}

lan:
  # The interfaces are found by themselves. To name them:
  # interfaces: [{name: eth0}, {name: eth1, broadcast: 10.11.131.255}]
  # exclude: [docker0]
  # Datagrams a second: 200 suits wires, 10 suits Wi-Fi.
  rate: 200
  # A group that hears everything that is broadcast, where a switch lets multicast through and broadcasts not; the same in client.yaml.
  # multicast: 239.255.11.114
  # multicast_ttl: 1

# Listeners that broadcasts do not reach (another subnet or VLAN, a /31 or /32 link): HOST, or HOST:PORT where it is not ${PORTS.broadcast}.
# Each is told what is broadcast. What stands under lan and here takes effect at the next start.
# peers: [10.11.140.21, 10.11.140.22]

# Other agents of the cluster (gapbell-agent pair) that broadcasts do not reach, HOST or HOST:PORT:
# agents: [10.12.0.32]

api:
  # Sources hand alarms in here. Any address but loopback needs tokens or client certificates.
  listen: 127.0.0.1:${PORTS.api}
  # Files that hold a token: who bears one of the first acknowledges as that operator.
  # tokens: {li: /etc/gapbell/li.token}
  # report_tokens: {prometheus: /etc/gapbell/prometheus.token}
  # tls: {certificate: /etc/gapbell/api.crt, key: /etc/gapbell/api.key, client_authority: /etc/gapbell/ca.crt}

# The way to the relay comes with its join string; gapbell-agent ssh-key prints the key to let in on the jump host. To differ:
# relay:
#   ssh:
#     key: /etc/gapbell/ssh.key           # instead of the agent's own; mode 0600
#     passphrase_file: /etc/gapbell/ssh.passphrase
#     known_hosts: /etc/gapbell/known_hosts
#     ways: [{hops: [{host: 10.0.0.5, user: bell}]}, {mode: stdio, hops: [{host: 10.1.0.5, port: 2222, user: bell}]}]

# What may leave the room in mail and WeChat. Possible: ${CONTENT_FIELDS.join(", ")}.
content: [${CONTENT_DEFAULT.join(", ")}]

# Labels that tell the two of a pair of Prometheus apart, and no alarms.
replica_labels: [replica, prometheus_replica]

# An operator whose listener has not been heard for so long is told of by an alarm: gapbell-agent coverage.
coverage: {unheard: 3d}

policies:
  default:
    # How long an alarm waits on the LAN for somebody to acknowledge it; also one for each severity:
    # ack: {critical: 2m, major: 5m, minor: 30m, warning: 2h}
    ack: 5m
    # Then, step by step; the last one repeats.
    steps:
      - {to: responsible, via: [wecom, wecom-robot, mail], after: 0}
      - {to: last_resort, via: [wecom, wecom-robot, mail], after: 15m}
    # Whose acknowledgement counts: any, or responsible.
    acknowledgement: any
`;
}

const RULES_FILE = `# What an alarm is about: the first rule whose conditions all hold decides; the last one takes whatever is left.
# A condition is label=value, label!=value, label=~"regular expression" or label!~"…", anchored at both ends.
# {label} is replaced by that label's value. severity: source (what the source says), info (recorded, never rung),
# or one of ${SEVERITIES.join(", ")}. Take away the # to use a rule.

rules:
  # Ceph, as its own alerts for Prometheus name things.
  # - name: ceph-osd
  #   match: ['alertname=~"CephOSD.*|CephDeviceFailure.*"']
  #   module: osd
  #   item: "{ceph_daemon}"
  # - name: ceph-pool-full
  #   match: [alertname=CephPoolFull]
  #   module: pool
  #   item: "{name}"
  #   severity: critical
  # - name: ceph-mon
  #   match: ['alertname=~"CephMon.*"']
  #   module: mon
  #   item: "{ceph_daemon}"
  # The machines themselves.
  # - name: node-network
  #   match: ['alertname=~"NodeNetwork.*|CephNodeNetwork.*"']
  #   module: net
  #   item: "{instance} {device}"
  # - name: node
  #   match: ['alertname=~"Node.*"']
  #   module: node
  #   item: "{instance}"
  # What nobody needs to be woken for.
  # - name: watchdog
  #   match: [alertname=Watchdog]
  #   module: monitoring
  #   item: watchdog
  #   severity: info

  - name: default
    module: general
    item: "{alertname}"
    severity: source
`;

function rosterFile({ operator, language, timezone, mail, wecom, mobile }: FirstSettings): string {
  const way = (name: string, value: string | undefined): string => (value === undefined ? "" : `    ${name}: ${scalar(value)}\n`);
  return `# The people: who answers for which modules, and how each is reached beyond the LAN.
# Each gets a listener with: gapbell-agent invite --operator NAME

operators:
  ${scalar(operator)}:
    language: ${language}
    timezone: ${scalar(timezone)}
    # Names of modules from rules.yaml; "*" is every module.
    modules: ["*"]
${way("mail", mail)}${way("wecom", wecom)}${mobile === undefined ? "" : `    mobile: ${JSON.stringify(mobile)}\n`}
# teams: {storage: [${scalar(operator)}]}

# Told last, and about whatever has nobody responsible. Obligatory, with a way outside.
last_resort: [${scalar(operator)}]
`;
}

const PLAIN = /^[\p{L}][\p{L}\p{N}._/@+-]*$/u;
const WORDS_OF_YAML = new Set(["true", "false", "null", "yes", "no", "on", "off", "y", "n"]);

/** The first agent's `agent.yaml` for another agent: only the name is another. Everything else, remarks as well, stays as it is. */
export function renamed(text: string, agent: string): string {
  return text.replace(/^agent:.*$/m, `agent: ${scalar(agent).replaceAll("$", "$$$$")}`);
}

/** A text as YAML writes it: bare where that means the same, else in quotes. */
function scalar(text: string): string {
  return PLAIN.test(text) && !WORDS_OF_YAML.has(text.toLowerCase()) ? text : JSON.stringify(text);
}
