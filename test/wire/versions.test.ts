/** Which version two who meet speak: made anew at each HELLO, so that a release can be taken back. */

import { expect, test } from "bun:test";
import { negotiate, type Versions } from "../../lib/wire/versions.ts";

const MEETINGS: readonly (readonly [name: string, ours: Versions, theirs: Versions, floor: number, spoken: number | undefined])[] = [
  ["two of the same release", [1, 1], [1, 1], 1, 1],
  ["a newer one that still speaks the old", [1, 1], [1, 2], 1, 1],
  ["both newer", [1, 2], [1, 2], 1, 2],
  ["both newer, and the floor is theirs", [1, 2], [1, 2], 2, 2],
  ["one that was taken back above the floor", [1, 3], [1, 2], 2, 2],
  ["one that was taken back below the floor", [1, 3], [1, 1], 2, undefined],
  ["a newer one that has forgotten the old", [1, 1], [2, 3], 1, undefined],
  ["an older one that we have forgotten", [2, 3], [1, 1], 1, undefined],
  ["one that speaks nothing", [1, 1], [2, 1], 1, undefined],
];
test.each(MEETINGS)("%s", (_, ours, theirs, floor, spoken) => {
  expect(negotiate(ours, theirs, floor)).toBe(spoken);
  expect(negotiate(theirs, ours, floor)).toBe(spoken);
});
