/** Whatever is killed, and in whichever phase of an alarm: after its restart the alarm ends as it must, and nobody is told twice without need. */

import { describe, expect, test } from "bun:test";
import type { Alarm } from "./lab-alarm.ts";
import { aLab, type Lab, missingForLab } from "./lab.ts";

const missing = missingForLab(["faketime"]);

/** How the lab is brought into each phase, and what lets it go on afterwards. */
const PHASES: readonly { readonly phase: string; readonly before?: (lab: Lab) => Promise<void> | void; readonly after?: (lab: Lab) => Promise<void> | void }[] = [
  { phase: "waiting" },
  { phase: "probing", before: (lab) => lab.network.weather({ oneWay: [[lab.network.port("node1"), lab.network.port("jump1", "eth0")]] }), after: (lab) => lab.network.weather({}) },
  {
    phase: "escalating",
    before: ({ outside: { mail, wecom } }) => {
      mail.failNext("data", "hang", { about: "osd-escalating" });
      wecom.answerNextWith("hang", { call: "send", about: "osd-escalating" });
    },
  },
  { phase: "escalated" },
  { phase: "fallback", before: (lab) => lab.host("jump1").pull("eth1"), after: (lab) => lab.host("jump1").plug("eth1") },
];

const VICTIMS: readonly (readonly [string, (lab: Lab) => { readonly restarts: () => Promise<void> | void }])[] = [
  ["the agent", ({ agent }) => agent], ["the relay", ({ relay }) => relay], ["li's listener", (lab) => lab.laptop("li")],
  [
    "sshd",
    ({ sshd }) => ({
      restarts: () => {
        sshd.kill();
        sshd.start();
      },
    }),
  ],
];

describe.skipIf(missing !== "")(`kill -9${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent.each(VICTIMS)("A11: %s is killed in each phase of an alarm and started again: the alarm ends as it must", async (_who, victimOf) => {
    await using lab = await aLab();
    for (const { phase, before, after } of PHASES) {
      await before?.(lab);
      const alarm = await lab.raises({ item: `osd-${phase}`, text: `killed while ${phase}` });
      await alarm.inPhase(phase);
      const told = alarm.mails().length;
      await victimOf(lab).restarts();
      await after?.(lab);
      await alarm.ends();
      await lab.until("li's listener has it", async () => (JSON.stringify(await lab.laptop("li").ask("/v1/alarms")) ?? "").includes(alarm.id));
      await tellsOnce(alarm);
      if (phase === "escalated") expect(alarm.mails().length).toBeLessThanOrEqual(Math.max(1, told));
      await alarm.clears();
      await alarm.becomes("cleared", ({ condition }) => condition === "cleared");
    }
  }, 180_000);

  test.concurrent.each([["three days ahead", "+3d"], ["three days behind", "-3d"], ["at 1970", "@1970-01-02 00:00:00"]])("A9: the agent's host is started anew with a clock that is %s: what waited goes outside at once", async (_how, clock) => {
    await using lab = await aLab();
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(alarm.short));
    await lab.agent.restarts({ boot: crypto.randomUUID(), clock });
    await alarm.inPhase("escalated");
    expect((await alarm.mentions("restored")).length).toBeLessThanOrEqual(1);
    await lab.until("the mail has come", () => alarm.mails().length === 1);
    const later = await lab.raises({ policy: "patient", item: "osd.13" });
    await lab.until("li's laptop rings for what comes after", () => lab.laptop("li").said().includes(`● [${later.short}]`));
  }, 120_000);

  test.concurrent("A11: the agent's process is started again within the same boot: what is left of the deadline is waited for, not more", async () => {
    await using lab = await aLab();
    const alarm = await lab.raises({ policy: "patient" });
    const before = deadlineOf(await alarm.now());
    await lab.agent.restarts();
    const after = deadlineOf(await alarm.becomes("there again", ({ phase }) => phase === "waiting"));
    expect(Math.abs(after - before)).toBeLessThan(1000);
  }, 60_000);
});

/** A second mail is right only where the relay could not know what became of the first. */
async function tellsOnce(alarm: Alarm): Promise<void> {
  const unsure = (await alarm.mentions("verdict")).filter(({ channel, verdict }) => channel === "mail" && verdict === "unsure").length;
  expect(alarm.mails().length).toBeLessThanOrEqual(1 + unsure);
}

function deadlineOf(shown: unknown): number {
  return Number((shown as { readonly deadline?: number } | undefined)?.deadline);
}
