/** The escalation's way in life: out of the room through a real OpenSSH server, by the compiled programs and their public commands. */

import { describe, expect, test } from "bun:test";
import { maySshd } from "../support/an-sshd.ts";
import { anSshWorld, until } from "../support/ssh-world.ts";

const NO_LIMIT_MS = 120_000;

describe.skipIf(!maySshd)("through the jump host", () => {
  test.each([["a forwarded channel", []], ["the forced command", ["--stdio"]]])("an alarm nobody takes is mailed, over %s", async (_, words) => {
    await using world = await anSshWorld();
    await world.startRelay();
    const agent = await world.startAgent();
    const { file } = await world.invites({ words });
    const joined = await world.agent("join-relay", file);
    expect(joined).toMatchObject({ code: 0, out: expect.stringContaining("is this agent's way out") });
    await world.raises(agent, "DiskFull");
    await until("the mail arrives", () => world.mail.mails.length === 1);
    await until("the agent has heard the verdict", async () => (await world.agent("list")).out.includes("successful"));
    expect(world.mail.mails[0]?.to).toEqual(["li@example.org"]);
  }, NO_LIMIT_MS);
});
