/**
 * What each agent last said of one alarm. An alarm is over when no agent that is heard calls it open, and at least one of those
 * has spoken of it; where none has, the last words of the others stand. So a partition fails open, and an agent that has
 * died does not keep alive what the other has seen end.
 */

import type { PeerId } from "../trust/keys.ts";
import type { OpenMark } from "../wire/open-set.ts";

/** `epoch` and `counter`: where in the agent's speech; a later packet of the same epoch overrules an earlier one. */
export type Word = { readonly epoch: bigint; readonly counter: bigint; readonly revision: number; readonly ring: number; readonly taken: boolean; readonly open: boolean };
export type Words = Readonly<Record<PeerId, Word>>;

/** @param silent agents that are not heard */
export function isOpen(words: Words, silent: ReadonlySet<PeerId>): boolean {
  const all = Object.entries(words);
  const heard = all.filter(([agent]) => !silent.has(agent));
  return (heard.length === 0 ? all : heard).some(([, { open }]) => open);
}

/** What is over rests on nobody's word: an agent that was not heard meanwhile must call it open anew. */
export function allOver(words: Words): Words {
  return Object.fromEntries(Object.entries(words).map(([agent, word]) => [agent, { ...word, open: false }]));
}

/** Another agent that calls it open, one that is heard before one that is not. */
export function whoElse(words: Words, not: PeerId, silent: ReadonlySet<PeerId>): PeerId | undefined {
  const open = Object.entries(words).filter(([agent, word]) => agent !== not && word.open).map(([agent]) => agent);
  return open.find((agent) => !silent.has(agent)) ?? open[0];
}

/** Whether the agent has said something later already. Other epochs cannot be compared. */
export function overtaken(word: Word | undefined, { epoch, counter }: { readonly epoch: bigint; readonly counter: bigint }): boolean {
  return word !== undefined && word.epoch === epoch && word.counter > counter;
}

/** As the agent's own open set has it. */
export function markOf(id: string, word: Word | undefined): readonly OpenMark[] {
  return word?.open === true ? [{ id, revision: word.revision, ring: word.ring, taken: word.taken }] : [];
}

export function sameMark(a: Word | undefined, b: Word | undefined): boolean {
  return a?.open === true ? b?.open === true && a.revision === b.revision && a.ring === b.ring && a.taken === b.taken : b?.open !== true;
}
