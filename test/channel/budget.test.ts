import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Length } from "../../lib/base/bytes.ts";
import { clean, fit, line } from "../../lib/channel/budget.ts";

const SEED = { seed: 20_261_124, numRuns: 500 };

describe("a text that must fit a budget of bytes", () => {
  for (const { name, text, bytes, want } of [
    { name: "what fits stays as it is", text: "abc", bytes: 3, want: "abc" },
    { name: "a longer one ends in an ellipsis", text: "abcdef", bytes: 5, want: "ab…" },
    { name: "a Chinese character is kept whole or left out", text: "告警告警", bytes: 11, want: "告警…" },
    { name: "an emoji of four bytes on the edge is left out", text: "ab🔥cd", bytes: 7, want: "ab…" },
    { name: "an emoji of four bytes that just fits is kept", text: "ab🔥cd!!", bytes: 9, want: "ab🔥…" },
    { name: "where no ellipsis fits, the text is cut without", text: "abc", bytes: 2, want: "ab" },
    { name: "nothing fits into nothing", text: "abc", bytes: 0, want: "" },
    { name: "a line break that is near is where it is cut", text: "0123456789012345678\nab cd ef", bytes: 24, want: "0123456789012345678…" },
    { name: "a line break that is far is not", text: "a\n0123456789", bytes: 10, want: "a\n01234…" },
  ]) {
    test(name, () => expect(fit(text, bytes)).toBe(want));
  }

  test("is never longer than the budget, never cuts a character, and is a beginning of the text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat({ max: 80 }), (text, bytes) => {
        const fitted = fit(text, bytes);
        expect(utf8Length(fitted)).toBeLessThanOrEqual(bytes);
        expect(fitted.isWellFormed()).toBe(true);
        const kept = fitted === text ? text : fitted.replace(/…$/, "");
        expect(text.startsWith(kept)).toBe(true);
      }),
      SEED,
    );
  });

  test("loses at most an ellipsis and one character more than it must, on one line", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\n", "")), fc.integer({ min: 3, max: 80 }), (text, bytes) => {
        if (utf8Length(text) > bytes) expect(utf8Length(fit(text, bytes))).toBeGreaterThan(bytes - 4);
      }),
      SEED,
    );
  });
});

describe("a text that every provider takes", () => {
  for (const { name, text, want } of [
    { name: "controls are dropped", text: "a\u0000b\u001b[31mc\u007fd\u0085e", want: "ab[31mcde" },
    { name: "line breaks of every kind become one kind", text: "a\r\nb\rc\nd", want: "a\nb\nc\nd" },
    { name: "a tab becomes a blank", text: "a\tb", want: "a b" },
    { name: "separators of lines and paragraphs are dropped", text: "a\u2028b\u2029c", want: "abc" },
    { name: "a lone surrogate becomes the replacement character", text: "a\ud83db", want: "a\ufffdb" },
    { name: "an emoji stays", text: "🔥", want: "🔥" },
  ]) {
    test(name, () => expect(clean(text)).toBe(want));
  }

  test("JSON never needs an escape that WeCom refuses", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(JSON.stringify(clean(text)).replaceAll("\\\\", "")).not.toContain("\\u");
      }),
      SEED,
    );
  });

  test("one line has no line break, no matter what a label held", () => {
    expect(line(" disk\r\nBcc: evil@example.com\n\n full ")).toBe("disk Bcc: evil@example.com full");
  });
});
