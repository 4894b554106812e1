/**
 * Durability across the link: whatever breaks at whatever step of the exchange, no escalation is lost, and none is sent
 * twice. Compiled programs, a real sshd, a mail server; behind sshd a proxy that cuts where it is told.
 */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { AgentProcess } from "../support/agent-process.ts";
import type { Running } from "../support/a-process.ts";
import { maySshd } from "../support/an-sshd.ts";
import { aCuttingProxy, type Cut, type CuttingProxy } from "../support/cutting-proxy.ts";
import { anSshWorld, type SshWorld, until } from "../support/ssh-world.ts";

const NO_LIMIT_MS = 120_000;

describe.skipIf(!maySshd)(`no escalation is lost and none is sent twice${maySshd ? "" : " (skipped: sshd is not installed)"}`, () => {
  let world: SshWorld;
  let proxy: CuttingProxy;
  let agent: AgentProcess;
  let relay: Running;
  let raised = 0;

  beforeAll(async () => {
    world = await anSshWorld();
    proxy = await aCuttingProxy({ port: world.relayPort });
    relay = await world.startRelay();
    agent = await world.startAgent();
    const { file } = await world.invites({ words: ["--address", `127.0.0.1:${proxy.port}`] });
    expect((await world.agent("join-relay", file)).code).toBe(0);
  }, NO_LIMIT_MS);
  afterAll(async () => {
    await world[Symbol.asyncDispose]();
    proxy.close();
  });

  const mailsAbout = (name: string) => world.mail.mails.filter(({ text }) => text.includes(name));
  const raise = async (): Promise<string> => {
    raised += 1;
    const name = `Trouble${raised}X`;
    await world.raises(agent, name);
    return name;
  };
  /** How many deliveries this life of the relay has brought to an outcome; it says so once that is on its disk. */
  const outcomes = (): number => relay.said().split('"event":"outcome"').length - 1;
  /** The row of `list` that names it. */
  const rowOf = async (name: string): Promise<string> => (await world.agent("list")).out.split("\n").find((line) => line.includes(name)) ?? "";
  const settled = async (name: string): Promise<void> => {
    await until(`${name} is mailed`, () => mailsAbout(name).length > 0, 60_000);
    await until(`the agent knows that ${name} is mailed`, async () => (await rowOf(name)).includes("successful"), 60_000);
  };
  const once = async (name: string): Promise<void> => {
    await settled(name);
    // What could be sent a second time would be by now: an alarm that came later has gone the same way.
    const later = await raise();
    await settled(later);
    expect(mailsAbout(name)).toHaveLength(1);
  };

  const cuts: readonly Cut[] = [
    ...[1, 2, 3, 4].map((record): Cut => ({ from: "agent", record })),
    ...[1, 3, 4, 5, 6].map((record): Cut => ({ from: "relay", record })),
  ];
  test.each(cuts.map((cut) => [cut.from, cut.record, cut] as const))("four connections cut where the %s would say its record %d", async (_, __, cut) => {
    const before = proxy.cut();
    const name = await raise();
    proxy.cuts(cut, 4);
    await settled(name);
    expect(proxy.cut()).toBeGreaterThan(before);
    expect(mailsAbout(name)).toHaveLength(1);
  }, NO_LIMIT_MS);

  const kill = {
    agent: async () => {
      agent.kill("SIGKILL");
      await agent.ended;
      agent = await world.startAgent();
    },
    relay: async () => {
      relay.kill("SIGKILL");
      await relay.end();
      relay = await world.startRelay();
    },
    sshd: async () => {
      await world.sshd.kill();
      await world.sshd.start();
    },
  } as const;
  describe.each(Object.keys(kill) as (keyof typeof kill)[])("with the %s killed", (who) => {
    test("while the agent polls for events", async () => {
      await kill[who]();
      await once(await raise());
    }, NO_LIMIT_MS);

    test("between the raise and its deadline", async () => {
      const name = await raise();
      await kill[who]();
      await once(name);
    }, NO_LIMIT_MS);

    test("when the relay has stored and sent, and no answer has come back", async () => {
      const before = outcomes();
      const name = await raise();
      proxy.swallowsFromSubmit();
      await until("it is mailed", () => mailsAbout(name).length > 0, 60_000);
      // Until that is on its disk a relay that dies cannot know that it was; the last test of these is about that.
      await until("the relay has stored that it is", () => outcomes() > before, 60_000);
      await kill[who]();
      proxy.heals();
      await once(name);
    }, NO_LIMIT_MS);

    test("when the agent has the verdict, and the relay has not heard that it has", async () => {
      const name = await raise();
      await until("it is mailed", () => mailsAbout(name).length > 0, 60_000);
      // The poll that stands brings the verdict; the word that it was taken needs a connection of its own.
      proxy.shuts();
      await until("the agent has the verdict", async () => (await rowOf(name)).includes("successful"), 60_000);
      await kill[who]();
      proxy.heals();
      await once(name);
    }, NO_LIMIT_MS);

    test("at the moment when the mail server has taken the mail", async () => {
      const name = await raise();
      await until("it is mailed", () => mailsAbout(name).length > 0, 60_000);
      await kill[who]();
      await settled(name);
      const mails = mailsAbout(name);
      // Only a relay that dies between the server's answer and its own disk cannot know; then both are the same mail.
      if (who !== "relay") expect(mails).toHaveLength(1);
      expect(new Set(mails.map(({ headers }) => headers["message-id"])).size).toBe(1);
      expect(mails.length).toBeLessThanOrEqual(2);
    }, NO_LIMIT_MS);
  });
});
