import { expect, test } from "bun:test";
import { Prng } from "../../lib/base/prng.ts";
import { minutes, type Ms, seconds } from "../../lib/base/units.ts";
import { Agenda } from "./agenda.ts";
import { Disk } from "./disk.ts";
import { Host, type Life } from "./host.ts";

/** A host that runs, and by which boot each of its processes counts. */
function aHost() {
  const agenda = new Agenda();
  const host = new Host({ name: "agent", index: 0, agenda, disk: new Disk(agenda, new Prng(1)) });
  const boots = new Map<Life, string>();
  host.start = (life) => boots.set(life, host.clock.boot);
  host.begin();
  const passes = (ms: Ms): void => {
    const until = agenda.now + ms;
    for (let thing = agenda.take(until); thing !== undefined; thing = agenda.take(until)) thing();
  };
  /** The boot in which the present process was started, and the present one. */
  const counted = (): readonly (string | undefined)[] => [host.life?.over === false ? boots.get(host.life) : undefined, host.clock.boot];
  return { host, passes, counted };
}

test("a host that is healed while it has no power comes up at once, and no process outlives the boot that it counts by", () => {
  const { host, passes, counted } = aHost();
  host.reboot(minutes(5));
  passes(minutes(1));
  expect(counted()).toEqual([undefined, "agent-boot-1"]);
  host.resume();
  expect(counted()).toEqual(["agent-boot-2", "agent-boot-2"]);
  passes(minutes(10));
  expect(counted()).toEqual(["agent-boot-2", "agent-boot-2"]);
});

test("a host that loses its power while it has none comes up once, and starts its process again ever after", () => {
  const { host, passes, counted } = aHost();
  host.reboot(minutes(1));
  passes(seconds(30));
  host.reboot(minutes(5));
  passes(minutes(1));
  expect(counted()).toEqual(["agent-boot-2", "agent-boot-2"]);
  passes(minutes(10));
  host.kill(seconds(1));
  passes(seconds(2));
  expect(counted()).toEqual(["agent-boot-2", "agent-boot-2"]);
});
