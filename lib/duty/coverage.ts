/** Whether somebody would hear an alarm of each module: who answers for it, who of them is there, and who has not been heard for days. */

import { responsibleFor } from "./responsible.ts";
import { EVERY_MODULE, type Roster } from "./roster.ts";

/** `here`: sits before a listener that is heard now. `away`: was heard within the days that the settings allow. */
export type Reach = "here" | "away" | "unheard";

/** `nobody`: no operator names it, and only the last resort is told. */
export type ModuleVerdict = Reach | "nobody";

export type ModuleCover = {
  /** `EVERY_MODULE` stands for those that nobody names. */
  readonly module: string;
  readonly responsible: readonly string[];
  readonly lastResort: boolean;
  readonly here: readonly string[];
  readonly verdict: ModuleVerdict;
};

/** How well each module is covered, in order of name, the rest last. @param named modules that the rules can decide on */
export function coverOf(roster: Roster, { named, reachOf }: { readonly named: Iterable<string>; readonly reachOf: (operator: string) => Reach }): readonly ModuleCover[] {
  const own = Object.values(roster.operators).flatMap(({ modules }) => modules);
  const all = [...new Set([...named, ...own])].filter((module) => module !== EVERY_MODULE).sort();
  return [...all, EVERY_MODULE].map((module) => {
    const { operators, lastResort } = responsibleFor(module, roster);
    const reaches = operators.map(reachOf);
    return { module, responsible: operators, lastResort, here: operators.filter((_, at) => reaches[at] === "here"), verdict: verdictOf(reaches, { module, lastResort }) };
  });
}

/** What nobody names goes to the last resort by intention; a module with a name of its own has been forgotten. */
export function isGap({ module, verdict, lastResort }: ModuleCover): boolean {
  return module === EVERY_MODULE && lastResort ? false : verdict === "nobody" || verdict === "unheard";
}

function verdictOf(reaches: readonly Reach[], { module, lastResort }: Pick<ModuleCover, "module" | "lastResort">): ModuleVerdict {
  if (lastResort && module !== EVERY_MODULE) return "nobody";
  return reaches.includes("here") ? "here" : reaches.includes("away") ? "away" : "unheard";
}
