/** Lengths of time as people write them. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { duration, durationText, parseDuration } from "../../lib/cli/duration.ts";
import { fit, misfitText } from "../../lib/base/misfit.ts";
import { days, hours, minutes, seconds } from "../../lib/base/units.ts";

describe("a duration is read", () => {
  test.each([
    ["30s", seconds(30)], ["5m", minutes(5)], ["1h30m", minutes(90)], ["1d", days(1)], ["2d12h", hours(60)], ["250ms", 250],
    ["1s500ms", 1500], ["5m5ms", minutes(5) + 5], ["0", 0], ["0s", 0], ["90m", minutes(90)],
  ])("%s", (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });
});

test.each(["", "5", "m", "5 m", "5M", "-5m", "1.5h", "30m1h", "5m5m", "five", "1h 30m", "5m ", "+5m", "1e3s", "9999999s", "٥m"])("%p is none", (text) => {
  expect(parseDuration(text)).toBeUndefined();
});

test("what is written of a length is read as that length", () => {
  fc.assert(fc.property(fc.nat({ max: days(3000) }), (ms) => expect(parseDuration(durationText(ms))).toBe(ms)), { seed: 11 });
  expect([0, 90_000, 5_400_000, 86_400_000].map(durationText)).toEqual(["0s", "1m30s", "1h30m", "1d"]);
});

describe("a field that holds one", () => {
  const read = (json: unknown) => fit(duration({ least: seconds(1), most: hours(24) }), json);

  test.each([["1s", seconds(1)], ["24h", hours(24)], ["1d", hours(24)]])("takes both bounds: %s", (text, ms) => {
    expect(read(text)).toEqual({ ok: true, value: ms });
  });

  test.each([["999ms", '"999ms"'], ["24h1ms", '"24h1ms"'], [5, "5"], [0, "0"], [null, "empty"], [undefined, "missing"], [["5m"], "a list of 1"], ["soon", '"soon"']])("refuses %p", (json, found) => {
    const result = read(json);
    expect(result.ok ? "read" : result.fault.map(misfitText)).toEqual([`The document is ${found}, must be a duration from 1s to 1d, as in 30s, 5m or 1h30m`]);
  });

  test("takes a bare 0 where nothing at all is allowed", () => {
    expect(fit(duration({ least: 0, most: hours(1) }), 0)).toEqual({ ok: true, value: 0 });
  });
});
