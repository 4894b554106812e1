import { describe, expect, test } from "bun:test";
import { utf8Length } from "../../lib/base/bytes.ts";
import type { Channel } from "../../lib/channel/channel.ts";
import { WECOM_ERRCODES } from "../../lib/channel/errcodes.ts";
import { mailChannel } from "../../lib/channel/mail.ts";
import type { Outcome } from "../../lib/channel/outcome.ts";
import { wecomChannel } from "../../lib/channel/wecom.ts";
import { robotChannel } from "../../lib/channel/wecom-robot.ts";
import type { CarrierReply, SmtpCommand } from "../../lib/port/carrier.ts";
import { httpReplyOf, type Recorded, RECORDED_MAIL, RECORDED_ROBOT, RECORDED_WECOM, recordedBody } from "../support/recorded-reply.ts";
import { MAIL_SETTINGS, ROBOT_SETTINGS, SECRET, WECOM_SETTINGS } from "../support/channel-settings.ts";
import { aDispatch } from "../support/an-escalation.ts";

const wecom = wecomChannel(WECOM_SETTINGS, SECRET);
const robot = robotChannel(ROBOT_SETTINGS, SECRET);
const mail = mailChannel(MAIL_SETTINGS, SECRET);

describe("WeCom application: each recorded reply", () => {
  for (const row of RECORDED_WECOM) {
    test(`${row.call}, ${row.form}: ${row.name} is ${row.want}`, () => {
      const reply = { kind: "https", ...httpReplyOf(row.raw) } as const;
      expectRecorded(row.call === "gettoken" ? tokenOutcome(reply) : judged(wecom, reply, row), row);
    });
  }
});

describe("WeCom group robot: each recorded reply", () => {
  for (const row of RECORDED_ROBOT) {
    test(`${row.form}: ${row.name} is ${row.want}`, () => {
      expectRecorded(judged(robot, { kind: "https", ...httpReplyOf(row.raw) }, row), row);
    });
  }
});

describe("mail server: each recorded reply", () => {
  for (const row of RECORDED_MAIL) {
    test(`${row.command ?? "somewhere"}, ${row.form}: ${row.name} is ${row.want}`, () => {
      const response = row.raw.trimEnd().replaceAll("\r\n", "\n");
      const command = commandOf(row.command);
      const reply: CarrierReply = { kind: "smtp", code: Number(response.slice(0, 3)), response, ...(command === undefined ? {} : { command }) };
      expectRecorded(judged(mail, reply, row), row);
    });
  }
});

describe("the tables of errcodes and of recorded replies", () => {
  test("every known errcode has been recorded", () => {
    const missing = Object.keys(WECOM_ERRCODES).filter((code) => recordedBody("send", Number(code)) === undefined);
    expect(missing).toEqual([]);
  });

  test("no errcode but 0 is ever success, in a first attempt or a last one", () => {
    for (let errcode = -300; errcode < 100_000; errcode += 1) {
      if (errcode === 0) continue;
      const reply = { kind: "https", status: 200, headers: {}, body: JSON.stringify({ errcode, errmsg: "ok" }) } as const;
      for (const channel of [wecom, robot]) {
        if (channel.judge(reply, aDispatch()).kind === "accepted") throw new Error(`${channel.name} accepts ${errcode}`);
      }
    }
  });

  test("an errcode that is not in the table is config or retry", () => {
    for (const errcode of [2, 1000, 39_999, 45_157, 99_999_999, -77]) {
      const reply = { kind: "https", status: 200, headers: {}, body: JSON.stringify({ errcode, errmsg: "?" }) } as const;
      expect(["config", "retry"]).toContain(wecom.judge(reply, aDispatch()).kind);
      expect(["config", "retry"]).toContain(robot.judge(reply, aDispatch()).kind);
    }
  });

  test("a dispatch in its last form is never sent back for another form", () => {
    const last = aDispatch({ plain: true, renewed: true });
    for (const { raw } of RECORDED_WECOM) expect(["expired", "unfit"]).not.toContain(wecom.judge({ kind: "https", ...httpReplyOf(raw) }, last).kind);
    for (const { raw } of RECORDED_ROBOT) expect(["expired", "unfit"]).not.toContain(robot.judge({ kind: "https", ...httpReplyOf(raw) }, last).kind);
  });

  test("an answer of the wrong protocol is never success", () => {
    const smtp = { kind: "smtp", code: 250, response: "250 ok" } as const;
    const https = { kind: "https", status: 200, headers: {}, body: '{"errcode":0}' } as const;
    expect([wecom.judge(smtp, aDispatch()).kind, robot.judge(smtp, aDispatch()).kind, mail.judge(https, aDispatch()).kind]).toEqual(["config", "config", "config"]);
  });
});

function judged(channel: Channel, reply: CarrierReply, { form }: Recorded): Outcome {
  return channel.judge(reply, aDispatch({ plain: form === "plain", renewed: form === "renewed" }));
}

function tokenOutcome(reply: CarrierReply): Outcome {
  const token = wecom.tokens?.judge(reply);
  if (token === undefined) throw new Error("WeCom has tokens");
  return token.ok ? { kind: "accepted", receipt: token.value.token } : token.fault;
}

function expectRecorded(outcome: Outcome, row: Recorded): void {
  expect(outcome.kind).toBe(row.want as Outcome["kind"]);
  expect("afterMs" in outcome ? outcome.afterMs : null).toBe(row.afterMs);
  if (outcome.kind === "accepted") return;
  expect(row.reason).not.toBe("");
  expect(outcome.reason).toContain(row.reason);
  expect(utf8Length(outcome.reason)).toBeLessThanOrEqual(200);
}

function commandOf(word: string | null): SmtpCommand | undefined {
  const commands: readonly SmtpCommand[] = ["greeting", "ehlo", "starttls", "mail", "rcpt", "data"];
  return commands.find((one) => one === word);
}
