/** The agent's configuration: three files read together, because each names things of the others. */

import type { ContentField } from "../alarm/content.ts";
import { ACK_MS_WARN, DEFAULT_POLICY, type Policy } from "../alarm/policy.ts";
import { SEVERITIES } from "../alarm/severity.ts";
import { fit, type Misfit, misfit } from "../base/misfit.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { Ms } from "../base/units.ts";
import { DEFAULT_POLICY_NAME, parseRules, type Rules } from "../classify/rule.ts";
import { hasOutsideChannel, parseRoster, type Roster } from "../duty/roster.ts";
import type { Multicast } from "../io/multicast.ts";
import type { Address } from "../port/lan.ts";
import type { SshWay } from "../wire/ssh-way.ts";
import { addressIn } from "./address.ts";
import { AgentForm, type Endpoint, POLICIES_MOST, TOKENS_MOST } from "./agent-form.ts";
import { type ConfigFault, type ConfigFile, faultsAt, openYaml } from "./config.ts";
import { durationText } from "./duration.ts";
import { multicastOf } from "./lan-form.ts";
import { policyMisfits } from "./policy-form.ts";

export const AGENT_FILES = { agent: "agent.yaml", rules: "rules.yaml", roster: "roster.yaml" } as const;

/** The same as `AgentSettings` of agent/turn.ts, which `cli` does not import; a test holds them together. */
export type AgentConfigSettings = {
  readonly rules: Rules;
  readonly roster: Roster;
  readonly policies: Readonly<Record<string, Policy>>;
  readonly replicaLabels: readonly string[];
  readonly content: readonly ContentField[];
  readonly lanRate: number;
  readonly unheardMs: Ms;
  readonly agents: readonly Address[];
};

export type AgentConfig = {
  readonly settings: AgentConfigSettings;
  readonly clusterName: string;
  readonly agentName: string;
  readonly lan: {
    /** Undefined: those that the system has. */
    readonly interfaces:
      | readonly { readonly name: string; readonly broadcast: string | undefined }[]
      | undefined;
    readonly exclude: readonly string[];
    readonly broadcastPort: number;
    readonly port: number;
    /** Datagrams a second. */
    readonly rate: number;
    readonly multicast: Multicast | undefined;
    readonly tcp: boolean;
    /** Listeners on other subnets, to which broadcasts are copied. */
    readonly peers: readonly Address[];
  };
  readonly api: {
    readonly listen: Endpoint;
    /** For each operator the file that holds the token. */
    readonly tokens: Readonly<Record<string, string>>;
    /** For each source the file that holds its token. */
    readonly reportTokens: Readonly<Record<string, string>>;
    readonly tls:
      | { readonly certificate: string; readonly key: string; readonly clientAuthority: string | undefined }
      | undefined;
  };
  readonly relay: {
    readonly ssh: {
      readonly key: string | undefined;
      readonly passphraseFile: string | undefined;
      readonly knownHosts: string | undefined;
      /** Undefined: those of the join string. */
      readonly ways: readonly SshWay[] | undefined;
    };
  };
  /** What is allowed and still deserves a second look; in the form of a fault, for `check` to print. */
  readonly warnings: readonly ConfigFault[];
};

/**
 * Reads `agent.yaml`, `rules.yaml` and `roster.yaml`. Pure: the caller reads the files.
 *
 * @param read the bytes of one of `AGENT_FILES`; undefined where it is missing
 * @returns every mistake of all three files at once
 */
export function loadAgentConfig(
  read: (name: string) => Uint8Array | undefined,
): Result<AgentConfig, readonly ConfigFault[]> {
  const roster = load(read, AGENT_FILES.roster, parseRoster);
  const rules = load(read, AGENT_FILES.rules, parseRules);
  const agent = load(read, AGENT_FILES.agent, (json) => fit(AgentForm, json));
  const faults = [agent, rules, roster].flatMap((loaded) => (loaded.ok ? [] : loaded.fault));
  if (!agent.ok) return fail(faults);
  const policies = withDefault(agent.value.value.policies);
  // Each file is checked against the others as far as those could be read, so that one run shows everything.
  const across = [
    ...faultsAt(agent.value.file, [
      ...limits(agent.value.value),
      ...openDoor(agent.value.value),
      ...(roster.ok ? peopleMisfits(agent.value.value, roster.value.value) : []),
    ]),
    ...(rules.ok
      ? faultsAt(rules.value.file, unknownPolicies(rules.value.value, Object.keys(policies)))
      : []),
  ];
  if (!rules.ok || !roster.ok || across.length > 0) return fail([...faults, ...across]);
  const { cluster, agent: agentName, agents, lan, peers, api, relay, content, coverage, replica_labels: replicaLabels } = agent.value.value;
  return ok({
    settings: {
      rules: withLines(rules.value.value, rules.value.file),
      roster: roster.value.value,
      policies,
      replicaLabels,
      content,
      lanRate: lan.rate,
      unheardMs: coverage.unheard,
      agents: agents.flatMap((text) => addressIn(text, lan.port) ?? []),
    },
    clusterName: cluster,
    agentName,
    lan: {
      interfaces: lan.interfaces?.map(({ name, broadcast }) => ({ name, broadcast })),
      exclude: lan.exclude,
      broadcastPort: lan.broadcast_port,
      port: lan.port,
      rate: lan.rate,
      multicast: multicastOf(lan),
      tcp: lan.tcp,
      peers: peers.flatMap((text) => addressIn(text, lan.broadcast_port) ?? []),
    },
    api: {
      listen: api.listen,
      tokens: api.tokens,
      reportTokens: api.report_tokens,
      tls: api.tls && {
        certificate: api.tls.certificate,
        key: api.tls.key,
        clientAuthority: api.tls.client_authority,
      },
    },
    relay: {
      ssh: {
        key: relay.ssh.key,
        passphraseFile: relay.ssh.passphrase_file,
        knownHosts: relay.ssh.known_hosts,
        ways: relay.ssh.ways?.map(({ mode, hops }) => ({
          mode,
          hops: hops.map(({ host, port: at, user, host_keys: hostKeys }) => ({ host, port: at, user, hostKeys })),
        })),
      },
    },
    warnings: [
      ...faultsAt(agent.value.file, [...hasty(agent.value.value), ...clearDoor(agent.value.value)]),
      ...faultsAt(roster.value.file, unreachable(roster.value.value)),
    ],
  });
}

/** Whether only programs of this host can reach the address. */
export function isLoopback({ host }: Pick<Endpoint, "host">): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

type Loaded<Value> = { readonly file: ConfigFile; readonly value: Value };

function load<Value>(
  read: (name: string) => Uint8Array | undefined,
  name: string,
  parse: (json: unknown) => Result<Value, readonly Misfit[]>,
): Result<Loaded<Value>, readonly ConfigFault[]> {
  const bytes = read(name);
  if (bytes === undefined) {
    return fail([
      {
        file: name,
        line: 0,
        column: 0,
        path: "",
        found: "missing",
        expected: "there; gapbell-agent init writes a first one",
      },
    ]);
  }
  const file = openYaml(bytes, name);
  if (!file.ok) return file;
  const value = parse(file.value.json);
  return value.ok ? ok({ file: file.value, value: value.value }) : fail(faultsAt(file.value, value.fault));
}

/** A rule is known by its line, in `show` and in every message about it. */
function withLines({ rules }: Rules, file: ConfigFile): Rules {
  return { rules: rules.map((rule, at) => ({ ...rule, line: file.place(["rules", at]).line })) };
}

function withDefault(policies: AgentForm["policies"]): Readonly<Record<string, Policy>> {
  return { [DEFAULT_POLICY_NAME]: DEFAULT_POLICY, ...policies };
}

function unknownPolicies({ rules }: Rules, known: readonly string[]): readonly Misfit[] {
  return rules.flatMap(({ policy }, at) =>
    known.includes(policy)
      ? []
      : [
          misfit(["rules", at, "policy"], {
            found: JSON.stringify(policy),
            expected: "a policy of agent.yaml",
            valid: known,
            word: policy,
          }),
        ],
  );
}

function peopleMisfits({ policies, api }: AgentForm, roster: Roster): readonly Misfit[] {
  const operators = Object.keys(roster.operators);
  return [
    ...Object.entries(policies).flatMap(([name, policy]) =>
      policyMisfits(policy, ["policies", name], roster),
    ),
    ...Object.keys(api.tokens)
      .filter((name) => !operators.includes(name))
      .map(
        (name): Misfit => ({
          ...misfit(["api", "tokens", name], {
            found: "no operator",
            expected: "the name of an operator of roster.yaml",
            valid: operators,
            word: name,
          }),
          blames: "name",
        }),
      ),
  ];
}

function limits({ policies, api }: AgentForm): readonly Misfit[] {
  const count = (path: readonly string[], record: object, most: number): readonly Misfit[] => {
    const entries = Object.keys(record).length;
    return entries <= most
      ? []
      : [misfit(path, { found: `${entries} entries`, expected: `at most ${most}` })];
  };
  return [
    ...count(["policies"], policies, POLICIES_MOST),
    ...count(["api", "tokens"], api.tokens, TOKENS_MOST),
    ...count(["api", "report_tokens"], api.report_tokens, TOKENS_MOST),
  ];
}

/** Anybody could raise alarms, and clear them, through a door that asks nobody who he is. */
function openDoor({ api }: AgentForm): readonly Misfit[] {
  const tokens = Object.keys(api.tokens).length + Object.keys(api.report_tokens).length;
  const asks = tokens > 0 || api.tls?.client_authority !== undefined;
  if (asks || isLoopback(api.listen)) return [];
  return [
    misfit(["api", "listen"], {
      found: `${api.listen.host}, open to the network`,
      expected:
        "a loopback address, or api.tokens, api.report_tokens or api.tls.client_authority must be given",
    }),
  ];
}

function clearDoor({ api }: AgentForm): readonly Misfit[] {
  if (api.tls !== undefined || isLoopback(api.listen)) return [];
  return [
    misfit(["api", "listen"], {
      found: `${api.listen.host} without api.tls`,
      expected: "under TLS unless nobody on that network may be listening: tokens travel in clear",
    }),
  ];
}

function hasty({ policies }: AgentForm): readonly Misfit[] {
  return Object.entries(policies).flatMap(([name, { ackMs }]) => {
    const short = SEVERITIES.filter((severity) => ackMs[severity] < ACK_MS_WARN);
    const [first] = short;
    if (first === undefined) return [];
    return [
      misfit(["policies", name, "ack"], {
        found: `${durationText(ackMs[first])} for ${short.join(", ")}`,
        expected: `at least ${durationText(ACK_MS_WARN)} for a person to reach a laptop`,
      }),
    ];
  });
}

/** Who answers for something and has no way outside is told on the LAN only. */
function unreachable({ operators }: Roster): readonly Misfit[] {
  return Object.values(operators)
    .filter((operator) => operator.modules.length > 0 && !hasOutsideChannel(operator))
    .map(({ name }) =>
      misfit(["operators", name], {
        found: "without mail, wecom and mobile",
        expected: "reachable outside, else only the LAN tells this operator",
      }),
    );
}
