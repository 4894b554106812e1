/** The three files of an agent as texts, and what reads them; a test replaces one of them. */

import { utf8 } from "../../lib/base/bytes.ts";
import { AGENT_FILES, loadAgentConfig } from "../../lib/cli/agent-config.ts";

export const AGENT_YAML = `cluster: c1
agent: node1
`;

export const RULES_YAML = `rules:
  - name: ceph-osd
    match: ['alertname=~"CephOSD.*"']
    module: osd
    item: "{ceph_daemon}"
  - name: default
    module: "{job}"
    item: "{instance}"
`;

export const ROSTER_YAML = `operators:
  li: {language: zh, timezone: Asia/Shanghai, modules: [osd], mail: li@example.org}
  zhao: {modules: [net], mail: zhao@example.org}
teams:
  storage: [li, zhao]
last_resort: [li]
`;

/** A file that is given as undefined is missing. */
export function loadFiles(set: { readonly agent?: string | Uint8Array | undefined; readonly rules?: string | undefined; readonly roster?: string | undefined } = {}) {
  const files = { agent: AGENT_YAML, rules: RULES_YAML, roster: ROSTER_YAML, ...set };
  const texts = new Map<string, string | Uint8Array | undefined>([
    [AGENT_FILES.agent, files.agent], [AGENT_FILES.rules, files.rules], [AGENT_FILES.roster, files.roster],
  ]);
  return loadAgentConfig((name) => {
    const text = texts.get(name);
    return typeof text === "string" ? utf8(text) : text;
  });
}
