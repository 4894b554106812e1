/** Bad cables: whatever the LAN loses, doubles, delays, reorders or carries one way only, every alarm ends where a person has it. */

import { describe, expect, test } from "bun:test";
import type { Weather } from "./hub.ts";
import type { Alarm } from "./lab-alarm.ts";
import { aLab, type Lab, missingForLab } from "./lab.ts";

const missing = missingForLab();
const ROOMS = ["node1", "laptop-li", "laptop-zhao", "jump1"] as const;

/** Frames are lost where a host takes them in, so each receiver of a broadcast has a chance of its own. */
const losing = (percent: number): string => `chain in { type filter hook input priority 0; iif lo accept; numgen random mod 100 < ${percent} drop; }`;

describe.skipIf(missing !== "")(`bad cables${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent.each([[5], [20], [50]])("A10: with %d of 100 frames lost, every alarm is taken, told outside, or rings with the reason", async (percent) => {
    await using lab = await aLab();
    for (const room of ROOMS) lab.host(room).nft(losing(percent));
    await sixAlarms(lab);
  }, 120_000);

  test.concurrent.each<[string, Partial<Weather>]>([
    ["delayed by a third of a second", { delayMs: 300, jitterMs: 20 }],
    ["doubled, half of them", { twice: 0.5 }],
    ["reordered over 200 ms", { jitterMs: 200 }],
    ["lost, doubled, delayed and reordered", { loss: 0.1, twice: 0.2, delayMs: 30, jitterMs: 100 }],
  ])("A10: with frames %s, every alarm is taken, told outside, or rings with the reason, and nobody is told twice", async (_how, weather) => {
    await using lab = await aLab();
    await lab.network.weather(weather);
    const alarms = await sixAlarms(lab);
    for (const alarm of alarms) expect(alarm.mails().length).toBeLessThanOrEqual(1);
  }, 120_000);

  test.concurrent("A10: where the room no longer hears the agent, people outside are told, and the laptop catches up", async () => {
    await using lab = await aLab();
    const { port, weather } = lab.network;
    await weather({ oneWay: [[port("node1"), port("laptop-li")], [port("node1"), port("laptop-zhao")]] });
    const alarm = await lab.raises();
    await alarm.inPhase("escalated");
    expect(await alarm.mentions("receipt")).toEqual([]);
    await weather({});
    await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(alarm.short));
  }, 120_000);

  test.concurrent("A10: where the agent no longer hears the room, it tells people outside, and takes the acknowledgement once it hears again", async () => {
    await using lab = await aLab();
    const { port, weather } = lab.network;
    await weather({ oneWay: [[port("laptop-li"), port("node1")], [port("laptop-zhao"), port("node1")]] });
    const alarm = await lab.raises();
    await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(alarm.short));
    await takes(lab, alarm);
    await alarm.inPhase("escalated");
    await weather({});
    const { sending } = await alarm.becomes("taken", ({ attention }) => attention === "acknowledged");
    expect(sending).toBe("successful");
  }, 120_000);

  test.concurrent.each([["the jump host no longer hears the agent", ["node1", "jump1"]], ["the agent no longer hears the jump host", ["jump1", "node1"]]] as const)("A10: where %s, the LAN rings with the reason, and tells outside once that is over", async (_what, [from, to]) => {
    await using lab = await aLab();
    const { port, weather } = lab.network;
    await weather({ oneWay: [[port(from), port(to)]] });
    const alarm = await lab.raises();
    const { reason } = await alarm.becomes("rung with the reason", ({ sending, ring }) => sending === "failed" && ring > 1);
    expect(reason).toMatch(/relay|jump host/);
    await lab.until("li's laptop says why", () => /sending failed: .*(relay|jump host)/.test(lab.laptop("li").said()));
    await weather({});
    await alarm.inPhase("escalated");
    await lab.until("the mail has come", () => alarm.mails().length > 0);
    expect(alarm.mails()).toHaveLength(1);
  }, 120_000);

  test.concurrent("A10: a laptop whose cable was out for a while rings for what it missed", async () => {
    await using lab = await aLab();
    lab.host("laptop-li").pull("eth0");
    const alarm = await lab.raises({ policy: "patient", severity: "minor" });
    await lab.until("zhao's laptop lists it", () => lab.laptop("zhao").said().includes(alarm.short));
    expect(lab.laptop("li").said()).not.toContain(alarm.short);
    lab.host("laptop-li").plug("eth0");
    await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(`● [${alarm.short}]`));
    await takes(lab, alarm);
    await alarm.becomes("taken", ({ attention }) => attention === "acknowledged");
  }, 120_000);
});

/** Three of them li takes as soon as her laptop shows them, three are left alone. @returns all of them, each at its end */
async function sixAlarms(lab: Lab): Promise<readonly Alarm[]> {
  const alarms = await Promise.all(Array.from({ length: 6 }, (_, nth) => lab.raises({ item: `osd.${nth}` })));
  const taking = alarms.slice(0, 3).map(async (alarm) => {
    await lab.until(`li's laptop shows ${alarm.short}`, () => lab.laptop("li").said().includes(alarm.short));
    await takes(lab, alarm);
  });
  await Promise.all([...taking, ...alarms.map((alarm) => alarm.ends())]);
  return alarms;
}

/** She says so to her own program, which repeats it until the agent has heard. */
async function takes(lab: Lab, alarm: Alarm): Promise<void> {
  await lab.laptop("li").ask(`/v1/alarms/${alarm.id}/ack`, { method: "POST", body: { comment: "mine" } });
}
