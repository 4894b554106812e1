/** The page docs/lifecycle.md, made from the tables that the code runs on. `bun test/support/lifecycle-page.ts` writes it. */

import { join } from "node:path";
import { ATTENTION, CONDITION, PHASE } from "../../lib/alarm/lifecycle.ts";

export const LIFECYCLE_PAGE = join(import.meta.dir, "..", "..", "docs", "lifecycle.md");

/** What each move of the phases does, in words; a move without words does not compile. */
const MOVES = {
  stay: "nothing changes",
  impossible: "cannot happen: the process stops, because a deadline was left behind",
  probe: "→ probing: the relay is asked what it can do",
  probeAgain: "→ probing: the relay is asked again; on the next rung where this one was given and its time is over",
  submit: "→ escalating: the relay is given the alarm",
  fallBack: "→ fallback: the LAN rings with the reason",
  fallBackAndSubmit: "→ fallback: the LAN rings with the reason, and the relay is given the alarm all the same",
  rest: "→ escalated: a person has been told outside; the next rung comes by the ladder",
  ringAndProbe: "→ probing: the next rung; the LAN rings again",
} satisfies Readonly<Record<Move, string>>;
type Rows = typeof PHASE;
type Move = { [P in keyof Rows]: Rows[P][keyof Rows[P]] }[keyof Rows];

/** The whole page as Markdown. */
export function lifecyclePage(): string {
  return `# The life of one alarm

Made from \`lib/alarm/lifecycle.ts\` by \`bun test/support/lifecycle-page.ts\`; a test compares the two.

An alarm stands on three axes. **Condition** is the cluster's word, **attention** the operators', **phase** ours. It *wants a
person* while it is not cleared and nobody has acknowledged it. When that begins, the phase is \`waiting\` and the LAN rings
(\`escalated\` where people outside have been told of this revision before); when it ends, for whatever reason, the phase is
\`idle\`, the LAN is told, and what the relay has is withdrawn. In between, the third table moves it.

## Condition

${table("condition", CONDITION, (state) => (state === "stay" ? "–" : `→ ${state}`))}

A raise within ten minutes of the clear continues the same occurrence, with its first deadline. A stale alarm is still there.

## Attention

${table("attention", ATTENTION, (state) => (state === "stay" ? "–" : `→ ${state}`))}

*rise*: severity has risen, or the source wants people to look again. The revision grows and the ladder begins anew, at the
deadline that stands, or at a new one where somebody had taken the alarm. An acknowledgement of an older revision counts unless
severity has risen since, or somebody had taken the alarm before people were asked again: a copy of that may be late, or recorded.

## Phase

${table("phase", PHASE, (move) => (move === "stay" ? "–" : move))}

${Object.entries(MOVES).map(([move, words]) => `- \`${move}\`: ${words}`).join("\n")}

*able*, *unable*, *silent*: the relay's answer to the probe. *accepted*, *refused*: how the escalation of this revision stands as a
whole. While nobody has acknowledged, the deadline never moves later.
`;
}

function table<Cell extends string>(
  corner: string,
  rows: Readonly<Record<string, Readonly<Record<string, Cell>>>>,
  word: (cell: Cell) => string,
): string {
  const names = Object.keys(Object.values(rows)[0] ?? {});
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [
    line([corner, ...names]),
    line([corner, ...names].map(() => "---")),
    ...Object.entries(rows).map(([state, row]) => line([`**${state}**`, ...names.map((name) => (row[name] === undefined ? "" : word(row[name])))])),
  ].join("\n");
}

if (import.meta.main) await Bun.write(LIFECYCLE_PAGE, lifecyclePage());
