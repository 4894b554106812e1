/** What is fuzzed, and what must hold whatever comes in: nothing is thrown, nothing grows, and a refusal says what belongs there. */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { fromUtf8, utf8 } from "../../lib/base/bytes.ts";
import { AGENT_FILES, loadAgentConfig } from "../../lib/cli/agent-config.ts";
import { firstFiles } from "../../lib/cli/agent-templates.ts";
import { type ConfigFault, openYaml, printFault, readYaml } from "../../lib/cli/config.ts";
import { RELAY_EXAMPLE, RelayConfig } from "../../lib/cli/relay-config.ts";
import { INTAKE } from "../../lib/intake/intake.ts";
import { BATCH_MOST } from "../../lib/intake/parsed.ts";
import { rulesFromCanonical } from "../../lib/classify/rule.ts";
import { decodeJoinString } from "../../lib/wire/join-string.ts";
import { parseInvite } from "../../lib/trust/invite.ts";
import { parseCode } from "../../lib/trust/approval.ts";
import { parseRequest } from "../../lib/trust/pairing.ts";
import { LAN_TARGETS, REQUEST } from "./lan-targets.ts";
import { demand, type Target } from "./target.ts";

const HERE = import.meta.dir;

/** Every file of the corpus of a target: what was found, and what deserves to be tried each time. */
export function corpusOf(name: string): readonly Uint8Array[] {
  const folder = join(HERE, "corpus", name);
  return existsSync(folder) ? readdirSync(folder).sort().map((file) => new Uint8Array(readFileSync(join(folder, file)))) : [];
}

const VECTORS = JSON.parse(readFileSync(join(HERE, "..", "golden", "vectors-v1.json"), "utf8")) as { readonly V11: { readonly line: string } };

const intake = join(HERE, "..", "golden", "intake");
const BODIES = [
  ...readdirSync(intake).sort().map((file) => new Uint8Array(readFileSync(join(intake, file)))),
  utf8('[{"condition":"raised","labels":{"module":"osd","item":"osd.12"},"severity":"critical","text":"disk is full","detail":"a\\nb","generatedAt":"2026-01-10T12:00:00Z","staleAfter":"5m","again":true,"identity":["item"]}]'),
];
const CONTEXT = { now: Date.UTC(2026, 0, 10, 12), replicaLabels: ["replica"] } as const;

function intakeHolds(format: keyof typeof INTAKE): (input: Uint8Array) => void {
  return (input) => {
    const parsed = INTAKE[format](input, CONTEXT);
    if (!parsed.ok) {
      const { field, expected, found, position } = parsed.fault;
      demand([field, expected, found].every((word) => word !== ""), "a refusal names the field, what was found and what belongs there");
      demand(position === undefined || (position >= 0 && position <= input.length), "a position lies in the body");
      return;
    }
    const { reports, refused } = parsed.value;
    demand(reports.length + refused.length <= BATCH_MOST, "a batch is bounded");
    for (const { expected, found } of refused) demand(expected !== "" && found !== "" && found.length < 400, "a refused item says what was found and what belongs there, in short");
    const size = JSON.stringify(reports.map(({ report }) => report)).length;
    demand(size <= 16 * input.length + 4096, "what is kept is of the size of what came");
    for (const { report } of reports) {
      demand(report.text.isWellFormed() && !/[\p{Cc}]/u.test(report.text), "a line for people has no control characters");
      demand(Number.isFinite(report.generatedAt ?? 0) && Number.isFinite(report.staleAt ?? 0), "a time is a number");
    }
  };
}

function faultsHold(faults: readonly ConfigFault[]): void {
  demand(faults.length > 0, "a file that is refused has a reason");
  for (const fault of faults) {
    demand(fault.expected !== "" && fault.found !== "", "a mistake says what was found and what belongs there");
    demand(fault.line >= 1 && fault.column >= 1, "a mistake has its place");
    demand(!printFault(fault).includes("\n"), "a mistake is one line");
  }
}

const FIRST = firstFiles({ cluster: "c1", agent: "node1", operator: "li", language: "zh", timezone: "Asia/Shanghai", mail: "li@example.org", wecom: "li", mobile: "13800001111" });
/** With every remark a setting. */
const unremarked = (text: string): Uint8Array => utf8(text.replace(/^(\s*)# ((?:- )?[a-z_]+:)/gm, "$1$2"));

/** JSON is YAML as well, and its form can be changed without breaking it. */
function asJson(text: string): Uint8Array {
  return utf8(JSON.stringify(parse(text)));
}

function agentFileHolds(changed: string): (input: Uint8Array) => void {
  return (input) => {
    const loaded = loadAgentConfig((name) => (name === changed ? input : utf8(FIRST.get(name) ?? "")));
    if (!loaded.ok) faultsHold(loaded.fault);
  };
}

const agentFile = (name: string): Target => {
  const text = FIRST.get(name) ?? "";
  return { name, seeds: [utf8(text), unremarked(text), asJson(text)], holds: agentFileHolds(name) };
};

const RELAY_WHOLE = unremarked(RELAY_EXAMPLE.replace("channels: {}\n", "channels:\n"));

export const TARGETS: readonly Target[] = [
  ...LAN_TARGETS,
  ...(Object.keys(INTAKE) as (keyof typeof INTAKE)[]).map((format): Target => ({ name: format, seeds: BODIES, holds: intakeHolds(format) })),
  agentFile(AGENT_FILES.agent), agentFile(AGENT_FILES.rules), agentFile(AGENT_FILES.roster),
  {
    name: "relay.yaml", seeds: [utf8(RELAY_EXAMPLE), RELAY_WHOLE, asJson(fromUtf8(RELAY_WHOLE) ?? "")],
    holds: (input) => {
      const read = readYaml(input, { file: "relay.yaml", schema: RelayConfig });
      if (!read.ok) faultsHold(read.fault);
    },
  },
  {
    name: "yaml", seeds: [utf8("a: &x [1, 2]\nb: *x\nc: {d: \"e\\n\", f: |\n  text\n}\n")],
    holds: (input) => {
      const opened = openYaml(input, "any.yaml");
      if (!opened.ok) faultsHold(opened.fault);
    },
  },
  {
    name: "canonical-rules", seeds: [utf8('{"rules":[{"item":"{item}","match":["a=~\\"b.*\\""],"module":"{module}","name":"r","policy":"default","severity":"source"},{"item":"{item}","match":[],"module":"{module}","name":"default","policy":"default","severity":"source"}]}')],
    holds: (input) => demand(typeof rulesFromCanonical(input).ok === "boolean", "rules of another agent are read or not"),
  },
  {
    name: "lines", seeds: [utf8(VECTORS.V11.line), utf8("gapbell-relay1.AAAA"), utf8("K7QM-3X9D"), utf8(REQUEST)],
    holds: (input) => {
      const text = fromUtf8(input) ?? "";
      for (const read of [parseInvite, decodeJoinString, parseCode, parseRequest]) demand(typeof read(text).ok === "boolean", "a line is read or not");
    },
  },
];
