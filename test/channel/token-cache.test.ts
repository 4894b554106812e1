import { describe, expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { TokenCache } from "../../lib/channel/token-cache.ts";

const TOKEN = { token: "T1", lastsMs: seconds(7200) };

describe("the token of a channel", () => {
  test("is fetched once for five who want it at the same time", () => {
    const cache = new TokenCache();
    expect(Array.from({ length: 5 }, () => cache.take(0).kind)).toEqual(["fetch", "wait", "wait", "wait", "wait"]);
    cache.fetched(TOKEN, 10);
    expect(cache.take(11)).toEqual({ kind: "use", token: "T1" });
  });

  test("is replaced five minutes before its end, and used until then", () => {
    const cache = holding();
    const end = seconds(7200) - minutes(5);
    expect(cache.take(end - 1).kind).toBe("use");
    expect(cache.take(end).kind).toBe("fetch");
  });

  test("that lasts only some minutes is used for half of them", () => {
    const cache = new TokenCache();
    cache.take(0);
    cache.fetched({ token: "T1", lastsMs: minutes(4) }, 0);
    expect(cache.take(minutes(2) - 1).kind).toBe("use");
    expect(cache.take(minutes(2)).kind).toBe("fetch");
  });

  test("that the provider refuses is fetched anew, once for all five who used it", () => {
    const cache = holding();
    for (let i = 0; i < 5; i += 1) cache.expired("T1");
    expect(Array.from({ length: 5 }, () => cache.take(1).kind)).toEqual(["fetch", "wait", "wait", "wait", "wait"]);
  });

  test("is not thrown away for a late complaint about the one before", () => {
    const cache = holding();
    cache.expired("T1");
    cache.take(1);
    cache.fetched({ ...TOKEN, token: "T2" }, 2);
    cache.expired("T1");
    expect(cache.take(3)).toEqual({ kind: "use", token: "T2" });
  });

  test("after a refusal nobody asks for a minute, then two, then at most every half hour", () => {
    const cache = new TokenCache();
    const waits: number[] = [];
    let now = 0;
    for (let i = 0; i < 8; i += 1) {
      expect(cache.take(now).kind).toBe("fetch");
      cache.failed(now, 0);
      const choice = cache.take(now);
      if (choice.kind !== "blocked") throw new Error("Asked again at once");
      expect(cache.take(choice.until - 1).kind).toBe("blocked");
      waits.push(choice.until - now);
      now = choice.until;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30].map(minutes));
  });

  test("waits as long as the provider asks", () => {
    const cache = new TokenCache();
    cache.take(0);
    cache.failed(0, minutes(10));
    expect(cache.take(minutes(10) - 1)).toEqual({ kind: "blocked", until: minutes(10) });
  });

  test("a success forgets the refusals", () => {
    const cache = new TokenCache();
    for (const now of [0, minutes(1)]) {
      cache.take(now);
      cache.failed(now, 0);
    }
    cache.take(minutes(3));
    cache.fetched(TOKEN, minutes(3));
    cache.expired("T1");
    cache.take(minutes(4));
    cache.failed(minutes(4), 0);
    expect(cache.take(minutes(4))).toEqual({ kind: "blocked", until: minutes(5) });
  });

  test("the channel is authenticated while a token holds", () => {
    const cache = holding();
    expect([cache.holds(1), cache.holds(seconds(7200))]).toEqual([true, false]);
    cache.expired("T1");
    expect(cache.holds(1)).toBe(false);
  });
});

function holding(): TokenCache {
  const cache = new TokenCache();
  cache.take(0);
  cache.fetched(TOKEN, 0);
  return cache;
}
