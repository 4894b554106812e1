/** What a target of fuzzing is. */

import type { another } from "./mutate.ts";

export type Target = {
  readonly name: string;
  /** Well-formed inputs, that mutations begin with. */
  readonly seeds: readonly Uint8Array[];
  /** Throws where what must hold does not. */
  readonly holds: (input: Uint8Array) => void;
  /** How its inputs are changed, where that is not as texts and JSON are. */
  readonly changes?: typeof another;
};

export function demand(held: boolean, rule: string): void {
  if (!held) throw new Error(`Does not hold: ${rule}`);
}
