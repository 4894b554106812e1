/** The three stories of Gapbell, between real hosts. */

import { describe, expect, test } from "bun:test";
import { aLab, missingForLab } from "./lab.ts";

const missing = missingForLab();

describe.skipIf(missing !== "")(`through the jump host by SSH${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("an alarm that li takes on her laptop stays in the room", async () => {
    await using lab = await aLab();
    const alarm = await lab.raises({ policy: "patient" });
    const laptop = lab.laptop("li");
    await lab.until("li's laptop rings", () => laptop.said().includes(alarm.short));
    await laptop.command("ack", alarm.short, "--comment", "on my way");
    const { sending } = await alarm.becomes("acknowledged", ({ attention }) => attention === "acknowledged");
    expect(sending).toBe("successful");
    expect([alarm.mails(), alarm.messages()]).toEqual([[], []]);
  }, 60_000);

  test.concurrent("an alarm that nobody takes reaches li by mail and WeCom, and both laptops read so", async () => {
    await using lab = await aLab();
    const alarm = await lab.raises();
    await alarm.inPhase("escalated");
    await lab.until("mail and WeCom have both come", () => alarm.mails().length + alarm.messages().length === 2);
    expect(alarm.mails().map(({ to, client, secure }) => ({ to, client, secure }))).toEqual([{ to: ["li@example.org"], client: "jump1.example.org", secure: true }]);
    expect(alarm.messages().map(({ to }) => to)).toEqual([["li"]]);
    for (const operator of ["li", "zhao"]) await lab.until(`${operator} reads that it went outside`, () => /told outside/i.test(lab.laptop(operator).said()));
  }, 60_000);

  test.concurrent("the relay on an address of the LAN, without SSH, carries an alarm out as well", async () => {
    await using lab = await aLab({ leg: "lan" });
    const alarm = await lab.raises();
    await alarm.inPhase("escalated");
    expect(await lab.agent.command("relay")).toMatch(/^Relay at 10\.11\.131\.2:11117, last heard /);
  }, 60_000);

  test.concurrent("where nothing gets out, the LAN rings again with the reason", async () => {
    await using lab = await aLab();
    await lab.outside.close();
    const alarm = await lab.raises();
    const { reason } = await alarm.becomes("rung again", ({ sending, ring }) => sending === "failed" && ring > 1);
    expect(reason).toMatch(/mail: .*; ?wecom: |wecom: .*; ?mail: /);
    await lab.until("li's laptop says why", () => lab.laptop("li").said().includes("sending failed: "));
    expect(alarm.mails()).toEqual([]);
  }, 60_000);
});
