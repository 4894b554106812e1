import { describe, expect, test } from "bun:test";
import { reanchor } from "../../lib/base/anchor.ts";
import { days, hours, minutes, seconds } from "../../lib/base/units.ts";

const WALL = Date.UTC(2026, 10, 24, 3, 0, 0);
/** Set in boot "a" at 1 h on the boot clock, for five minutes later. */
const STORED = { boot: "a", monoDue: hours(1) + minutes(5), wallDue: WALL + minutes(5) };

describe("a deadline over a restart", () => {
  const cases = [
    { name: "of the process, with time left: goes on with what was left", at: { boot: "a", mono: hours(1) + minutes(2), wall: WALL + minutes(2) }, leftMs: minutes(3) },
    { name: "of the process, after it passed: has passed", at: { boot: "a", mono: hours(1) + minutes(7), wall: WALL + minutes(7) }, leftMs: -minutes(2) },
    { name: "of the process, with the wall clock set forward a year: does not move", at: { boot: "a", mono: hours(1) + minutes(2), wall: WALL + days(365) }, leftMs: minutes(3) },
    { name: "of the process, with the wall clock set back a year: does not move", at: { boot: "a", mono: hours(1) + minutes(2), wall: WALL - days(365) }, leftMs: minutes(3) },
    { name: "of the process, with a boot clock that began again: is due now", at: { boot: "a", mono: seconds(3), wall: WALL + minutes(2) }, leftMs: 0 },
    { name: "of the host: the wall clock says what is left", at: { boot: "b", mono: seconds(20), wall: WALL + minutes(2) }, leftMs: minutes(3) },
    { name: "of the host, after it passed: is due now", at: { boot: "b", mono: seconds(20), wall: WALL + hours(8) }, leftMs: 0 },
    { name: "of the host, with a wall clock that went back further than any deadline reaches: is due now", at: { boot: "b", mono: seconds(20), wall: WALL - hours(1) }, leftMs: 0 },
    { name: "of the host, with a wall clock at 1970: is due now", at: { boot: "b", mono: seconds(20), wall: 12_000 }, leftMs: 0 },
    { name: "of the host, exactly as far away as it may be: stands", at: { boot: "b", mono: seconds(20), wall: WALL - minutes(5) }, leftMs: minutes(10) },
    { name: "of the host, one millisecond further: is due now", at: { boot: "b", mono: seconds(20), wall: WALL - minutes(5) - 1 }, leftMs: 0 },
  ];
  for (const { name, at, leftMs } of cases) {
    test(name, () => {
      expect(reanchor(STORED, at, { mostMs: minutes(10) }) - at.mono).toBe(leftMs);
    });
  }

  test("whose record makes no sense is due now", () => {
    const at = { boot: "b", mono: 7, wall: WALL };
    expect(reanchor({ ...STORED, wallDue: Number.NaN }, at, { mostMs: minutes(10) })).toBe(7);
  });
});
