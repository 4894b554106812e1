/** A way out that is broken is known before anybody needs it: by the relay, by the agent, and on the LAN, before a mail is tried. */

import { describe, expect, test } from "bun:test";
import type { Alarm } from "./lab-alarm.ts";
import { aLab, type Lab, missingForLab } from "./lab.ts";

const missing = missingForLab();

describe.skipIf(missing !== "")(`broken ways out${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("the jump host's cable to the outside is out: relay, agent and LAN name it before a mail is tried", async () => {
    await using lab = await aLab();
    lab.host("jump1").pull("eth1");
    await relaySees(lab, "outside", /eth1.*no carrier/);
    expect(await lab.agent.command("relay")).toMatch(/^outside +down +.*eth1.*has no carrier/m);
    const alarm = await lab.raises();
    await untriedBut(lab, alarm, /outside leg is down: Interface "eth1" has no carrier/);

    lab.host("jump1").plug("eth1");
    await alarm.inPhase("escalated");
    await relaySees(lab, "outside", /^$/);
    expect(await lab.agent.command("relay", "--fresh")).toMatch(/^outside +up /m);
  }, 90_000);

  test.concurrent("nobody answers for names: relay, agent and LAN name it before a mail is tried", async () => {
    await using lab = await aLab({ nameless: true });
    await relaySees(lab, "outside", /"mail\.example\.org" cannot be resolved/);
    expect(await lab.agent.command("relay")).toMatch(/^outside +down +.*"mail\.example\.org" cannot be resolved/m);
    const alarm = await lab.raises();
    await untriedBut(lab, alarm, /outside leg is down: The name "mail\.example\.org" cannot be resolved/);

    lab.outside.names.dead = false;
    await alarm.inPhase("escalated");
  }, 90_000);

  test.concurrent("the jump host's cable to the LAN is out: relay, agent and LAN name it before a mail is tried", async () => {
    await using lab = await aLab();
    lab.host("jump1").pull("eth0");
    await lab.until("the relay names its LAN leg", async () => /"lan","up":false.*eth0\\" has no carrier/.test(JSON.stringify(await lab.relay.ask("/v1/ability?fresh=1"))));
    expect(await lab.relay.command("probe")).toMatch(/^lan +down .*has no carrier.*\noutside +up /m);
    await lab.until("the agent knows that its relay is gone", async () => /^Relay at .*: The jump host 10\.11\.131\.2 /m.test(await lab.agent.command("relay", "--fresh")));
    const alarm = await lab.raises();
    await untriedBut(lab, alarm, /the relay did not answer within 9 s|The jump host 10\.11\.131\.2 /);

    lab.host("jump1").plug("eth0");
    await alarm.inPhase("escalated");
  }, 90_000);
});

/** Asks anew until the leg stands so: what was looked at less than 5 s ago is not looked at again. */
function relaySees(lab: Lab, leg: string, reason: RegExp): Promise<void> {
  return lab.until(`the relay says of its ${leg} leg: ${reason.source}`, async () => {
    const { ability } = (await lab.agent.ask("/v1/relay?fresh=1")) ?? {};
    const { legs = [] } = (ability ?? {}) as { readonly legs?: readonly { readonly name: string; readonly reason: string }[] };
    return legs.some((one) => one.name === leg && reason.test(one.reason));
  });
}

/** The LAN has rung with the reason, and no delivery had been tried when it did. */
async function untriedBut(lab: Lab, alarm: Alarm, reason: RegExp): Promise<void> {
  const { timeline } = await alarm.becomes("rung with the reason", ({ sending, ring }) => sending === "failed" && ring > 1);
  const kinds = timeline.map(({ body }) => body.kind);
  const fallback = timeline.map(({ body }) => body).find((body) => body.kind === "fallback");
  expect(fallback?.kind === "fallback" ? fallback.reason : "").toMatch(reason);
  expect(kinds.slice(0, kinds.indexOf("fallback"))).not.toContain("verdict");
  await lab.until("li's laptop says why", () => reason.test(lab.laptop("li").said()));
  expect(lab.outside.mail.mails).toEqual([]);
}
