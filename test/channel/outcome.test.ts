import { describe, expect, test } from "bun:test";
import { ALLOWS, type Outcome, reasonOf, verdictOf } from "../../lib/channel/outcome.ts";

const OUTCOMES: readonly Outcome[] = [
  { kind: "accepted", receipt: "1" },
  { kind: "refused", reason: "r" },
  { kind: "retry", reason: "r", afterMs: 1 },
  { kind: "unreachable", reason: "r", afterMs: 1 },
  { kind: "unsure", reason: "r", afterMs: 1 },
  { kind: "config", reason: "r", afterMs: 1 },
  { kind: "expired", reason: "r" },
  { kind: "unfit", reason: "r" },
];

describe("an outcome", () => {
  test("only what the provider has taken is a verdict of accepted", () => {
    expect(OUTCOMES.filter((outcome) => verdictOf(outcome) === "accepted").map(({ kind }) => kind)).toEqual(["accepted"]);
  });

  test("an answer lost after the content had left is unsure, not failed", () => {
    expect(verdictOf({ kind: "unsure", reason: "r", afterMs: 1 })).toBe("unsure");
  });

  test("only acceptance and the refusal of one person end the tries", () => {
    expect(OUTCOMES.filter(({ kind }) => ALLOWS[kind].repeat === "never").map(({ kind }) => kind)).toEqual(["accepted", "refused"]);
  });

  test("every outcome that is tried later says after what time", () => {
    for (const outcome of OUTCOMES) expect("afterMs" in outcome).toBe(ALLOWS[outcome.kind].repeat === "later");
  });

  test("a channel is broken for everyone by its settings and by a way that is out, by nothing else", () => {
    expect(OUTCOMES.filter(({ kind }) => ALLOWS[kind].breaksChannel).map(({ kind }) => kind)).toEqual(["unreachable", "config"]);
  });

  test("has a reason unless it was accepted", () => {
    for (const outcome of OUTCOMES) expect(reasonOf(outcome)).toBe(outcome.kind === "accepted" ? "" : "r");
  });
});
