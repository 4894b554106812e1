/** Broken invariants stop the process; expected faults are results and never come here. */

/** Stops with the rule in words when it does not hold. Assertions stay on in production. */
export function assert(held: boolean, rule: string): asserts held {
  if (!held) broken(rule);
}

/** Stops where the program must never come. */
export function broken(rule: string): never {
  throw new Error(`Broken invariant: ${rule}`);
}

/** Closes a `switch` over a union: a forgotten case does not compile. */
export function unreachable(value: never): never {
  return broken(`unexpected ${JSON.stringify(value)}`);
}
