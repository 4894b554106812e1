/** Moments as people read them. */

import { describe, expect, test } from "bun:test";
import { momentText } from "../../lib/alarm/moment.ts";

const AT = Date.UTC(2026, 10, 24, 8, 30, 5);

describe("a moment", () => {
  test.each([
    ["Asia/Shanghai", "2026-11-24 16:30:05 UTC+8"],
    ["America/New_York", "2026-11-24 03:30:05 UTC-5"],
    ["Asia/Kolkata", "2026-11-24 14:00:05 UTC+5:30"],
    ["UTC", "2026-11-24 08:30:05 UTC"],
    ["Nowhere/At_All", "2026-11-24 08:30:05 UTC"],
    ["", "2026-11-24 08:30:05 UTC"],
  ])("in %p", (timezone, text) => {
    expect(momentText(AT, timezone)).toBe(text);
  });

  test("at midnight begins with hour 00", () => {
    expect(momentText(Date.UTC(2026, 0, 1), "UTC")).toBe("2026-01-01 00:00:00 UTC");
  });

  test("in summer shows the time of summer", () => {
    expect(momentText(Date.UTC(2026, 6, 1, 12), "Europe/Berlin")).toBe("2026-07-01 14:00:00 UTC+2");
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1e300, 1e300, Number.MAX_SAFE_INTEGER])("that no calendar holds (%p) is still a text", (at) => {
    expect(momentText(at, "UTC")).toMatch(/UTC$/);
  });
});
