/** Providers as they misbehave: each ends with the right verdict on the timeline, never with a false success, and what must ring rings. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Verdict } from "../../../lib/alarm/journal.ts";
import { readMail } from "../../support/mail-reading.ts";
import { aLab, type Lab, missingForLab } from "./lab.ts";
import type { Told } from "./lab-files.ts";
import type { Outside } from "./outside.ts";
import { mailboxes } from "./postfix.ts";

const missing = missingForLab(["postfix"]);

type Case = {
  readonly name: string;
  readonly via: Told["via"];
  readonly script: (outside: Outside, name: string) => void;
  /** The first verdict that the agent hears. */
  readonly verdict: Verdict;
  /** What the LAN rings with; undefined where it must not ring again. */
  readonly rings: RegExp | undefined;
  /** Whether a repeat brings it through while we watch. */
  readonly arrives: boolean;
};

const rcpt = (code: number, text: string): Case["script"] => ({ mail }, name) => mail.failNext("rcpt", { code, text }, { about: `${name}@` });
const data = (fault: "hang" | "cut"): Case["script"] => ({ mail }, name) => mail.failNext("data", fault, { about: `${name}@` });
const errcode = (code: number): Case["script"] => ({ wecom }, name) => wecom.answerNext(code, { call: "send", about: `"touser":"${name}"` });

const CASES: readonly Case[] = [
  { name: "smtp-421", via: "mail", script: rcpt(421, "4.7.0 closing, try again later"), verdict: "refused", rings: /421 4\.7\.0/, arrives: false },
  { name: "smtp-450", via: "mail", script: rcpt(450, "4.2.0 greylisted"), verdict: "refused", rings: /450 4\.2\.0/, arrives: false },
  { name: "smtp-550", via: "mail", script: rcpt(550, "5.1.1 no such user"), verdict: "refused", rings: /550 5\.1\.1/, arrives: false },
  { name: "smtp-hang", via: "mail", script: data("hang"), verdict: "unsure", rings: /could not say within 9 s/, arrives: true },
  { name: "smtp-cut", via: "mail", script: data("cut"), verdict: "unsure", rings: /Sent, but/, arrives: true },
  { name: "wecom-45009", via: "wecom", script: errcode(45009), verdict: "refused", rings: /45009/, arrives: false },
  { name: "wecom-42001", via: "wecom", script: errcode(42001), verdict: "accepted", rings: undefined, arrives: true },
  { name: "wecom-40014", via: "wecom", script: errcode(40014), verdict: "accepted", rings: undefined, arrives: true },
  { name: "wecom-60020", via: "wecom", script: errcode(60020), verdict: "refused", rings: /60020: this host's address is not on the application's list/, arrives: false },
  { name: "wecom-busy", via: "wecom", script: errcode(-1), verdict: "refused", rings: /WeCom -1: WeCom is busy/, arrives: true },
  { name: "wecom-unlisted", via: "wecom", script: errcode(987_654), verdict: "refused", rings: /987654: an error that Gapbell does not know/, arrives: false },
  {
    name: "wecom-html", via: "wecom", verdict: "refused", rings: /The answer is a web page/, arrives: false,
    script: ({ wecom }, name) => wecom.answerNextWith({ body: "<!DOCTYPE html><title>Sign in to the network</title>" }, { call: "send", about: `"touser":"${name}"` }),
  },
  {
    name: "wecom-silent", via: "wecom", verdict: "unsure", rings: /could not say within 9 s/, arrives: true,
    script: ({ wecom }, name) => wecom.answerNextWith("hang", { call: "send", about: `"touser":"${name}"` }),
  },
];

describe.skipIf(missing !== "")(`providers that misbehave${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  let shared: Lab | undefined;
  beforeAll(async () => {
    if (missing === "") shared = await aLab({ told: CASES.map(({ name, via }) => ({ name, via })) });
  }, 60_000);
  afterAll(async () => {
    await shared?.[Symbol.asyncDispose]();
  }, 60_000);

  test.concurrent.each(CASES.map((one) => [one.name, one] as const))("%s ends with its own verdict, and rings where nothing went out", async (name, { via, script, verdict, rings, arrives }) => {
    const lab = shared;
    if (lab === undefined) throw new Error("There is no lab");
    script(lab.outside, name);
    const alarm = await lab.raises({ item: name, policy: name, text: `told by ${via}` });
    const first = async (): Promise<string | undefined> => (await alarm.mentions("verdict"))[0]?.verdict;
    if (rings === undefined) {
      await alarm.inPhase("escalated");
      expect(await alarm.mentions("fallback")).toEqual([]);
    } else {
      await lab.until(`li's laptop rings with ${rings.source}`, () => lab.laptop("li").said().split("\n").some((line) => line.includes("sending failed") && rings.test(line)));
      expect((await alarm.mentions("fallback"))[0]?.reason).toMatch(rings);
      if (!arrives) expect(await alarm.now()).toMatchObject({ phase: "fallback", sending: "failed" });
    }
    await lab.until("the relay has told the verdict", async () => (await first()) !== undefined, 45_000);
    expect(await first()).toBe(verdict);
    if (arrives) await alarm.inPhase("escalated");
    else expect(await alarm.now()).not.toMatchObject({ sending: "successful" });
    expect(alarm.mails().length + alarm.messages().length).toBe(arrives ? 1 : 0);
  }, 120_000);

  test("a refused login is the mail's own reason, in the relay's ability as well, while WeCom carries the alarm", async () => {
    await using own = await aLab();
    own.outside.mail.failNext("auth", { code: 535, text: "5.7.8 authentication failed" }, { times: 100 });
    const alarm = await own.raises();
    await alarm.inPhase("escalated");
    await own.until("both verdicts are known", async () => (await alarm.mentions("verdict")).length >= 2);
    const verdicts = await alarm.mentions("verdict");
    expect(verdicts.find(({ channel }) => channel === "mail")).toMatchObject({ verdict: "refused", reason: expect.stringContaining("535") });
    expect(verdicts.find(({ channel }) => channel === "wecom")).toMatchObject({ verdict: "accepted" });
    expect(await own.agent.command("relay", "--fresh")).toMatch(/^mail +unable .*535/m);
  }, 60_000);

  test("a real Postfix takes the mail, whole and readable", async () => {
    await using own = await aLab({ mailServer: "postfix" });
    const alarm = await own.raises({ text: "磁盘已满: osd.12" });
    await own.until("the mail lies in li's mailbox", () => mailboxes(own.network.folder).length > 0);
    const [mail = ""] = mailboxes(own.network.folder);
    const { subject, text } = readMail(new TextEncoder().encode(mail.replace(/\r?\n/g, "\r\n")));
    expect(subject).toContain(alarm.short);
    expect(text).toContain("磁盘已满: osd.12");
    await own.until("the verdict is known", async () => (await alarm.mentions("verdict")).some(({ channel, verdict }) => channel === "mail" && verdict === "accepted"));
  }, 60_000);
});
