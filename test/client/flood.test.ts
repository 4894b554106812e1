import { expect, test } from "bun:test";
import { seconds } from "../../lib/base/units.ts";
import { ClientWorld } from "../support/a-client.ts";
import { anId, anItem } from "../support/a-scripted-agent.ts";

test("A12: ten thousand alarms are all rung and all receipted, each once", () => {
  const world = new ClientWorld().settle();
  for (let number = 1; number <= 10_000; number += 2) {
    world.hears(world.agent.alarm(anItem({ id: anId(number) }), anItem({ id: anId(number + 1) })));
    // An agent sends at most 200 datagrams a second.
    if (number % 20 === 1) world.passes(50);
  }
  world.passes(seconds(1));
  expect(new Set(world.rung()).size).toBe(10_000);
  expect(world.rung().length).toBe(10_000);
  expect(new Set(world.receipts()).size).toBe(10_000);
  expect(world.receipts().length).toBe(10_000);
  // The limit is generous: work for each packet that grew with the number of open alarms would take minutes.
}, 20_000);
