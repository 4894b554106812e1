/** What people read: the same sentence in both languages, side by side. */

import { describe, expect, test } from "bun:test";
import { LANGUAGES } from "../../lib/alarm/language.ts";
import { SEVERITIES } from "../../lib/alarm/severity.ts";
import { acknowledgedLine, alarmLines, channelWord, fallbackLine, headline, severityWord, type Standing, stateLine, toldLine } from "../../lib/alarm/wording.ts";

const standing = (set: Partial<Standing> = {}): Standing => ({
  condition: "raised", attention: "unacknowledged", phase: "waiting", sending: "pending", ...set,
});
const OSD = { severity: "critical", module: "osd", item: "osd.12", text: "OSD 12 is down" } as const;

describe("severity", () => {
  test("has the words of the telecom set in Chinese", () => {
    expect(SEVERITIES.map((severity) => severityWord(severity, "zh"))).toEqual(["紧急", "重要", "未定", "次要", "提示"]);
  });

  test("has the words of X.733 in English", () => {
    expect(SEVERITIES.map((severity) => severityWord(severity, "en"))).toEqual([...SEVERITIES]);
  });
});

describe("the headline", () => {
  test("says severity, module, item and text", () => {
    expect(headline(OSD, "en")).toBe("[CRITICAL] osd/osd.12: OSD 12 is down");
    expect(headline(OSD, "zh")).toBe("[紧急] osd/osd.12: OSD 12 is down");
  });

  test("ends at the item where the source said nothing", () => {
    expect(headline({ ...OSD, text: " \n " }, "en")).toBe("[CRITICAL] osd/osd.12");
  });

  test("stays one line and moves no cursor, whatever the source wrote", () => {
    expect(headline({ ...OSD, text: "down\r\n\u001b[2J\u0007now\u2028here" }, "en")).toBe("[CRITICAL] osd/osd.12: down [2J now here");
  });
});

test("time and the command that takes it stand before the text, so that a cut leaves them", () => {
  const lines = alarmLines({ ...OSD, at: Date.UTC(2026, 10, 24, 8, 30, 5), id: "7F3K2ANW5T8QH4R9XZ0BCDEFGH", text: "x".repeat(500) }, { language: "en", timezone: "Asia/Shanghai" });
  expect(lines.slice(0, 3)).toEqual(["[CRITICAL] osd/osd.12", "Raised 2026-11-24 16:30:05 UTC+8", "To take it: gapbell-client ack 7F3K2A"]);
  expect(Buffer.byteLength(lines.slice(0, 3).join("\n"))).toBeLessThan(200);
});

describe("how an alarm stands", () => {
  const rows: readonly [string, Partial<Standing>, string, string][] = [
    ["waiting", {}, "Nobody has acknowledged it yet", "尚无人确认"],
    ["probing", { phase: "probing" }, "Nobody has acknowledged it: the way to mail and WeChat is being tried", "无人确认：正在尝试邮件和微信通道"],
    ["told outside", { phase: "escalated", sending: "successful" }, "Told outside by mail or WeChat; nobody has acknowledged it yet", "已通过邮件或微信通知外部；尚无人确认"],
    ["failed", { phase: "fallback", sending: "failed", reason: "SMTP 535" }, "Nobody has acknowledged it, and mail/WeChat sending failed: SMTP 535", "告警仍无人确认，邮件/微信发送失败：SMTP 535"],
    ["failed before, and tried again", { phase: "probing", sending: "failed", reason: "" }, "Nobody has acknowledged it, and mail/WeChat sending failed: no reason is known", "告警仍无人确认，邮件/微信发送失败：原因不明"],
    ["taken", { attention: "acknowledged", phase: "idle", by: "li", way: "listener" }, "Acknowledged by li", "已由 li 确认"],
    ["taken with a comment", { attention: "acknowledged", phase: "idle", by: "li", way: "console", comment: "on my way" }, "Acknowledged by li, at the agent's console: on my way", "已由 li（在代理端控制台）确认：on my way"],
    ["taken from outside", { attention: "acknowledged", phase: "idle", by: "li", way: "outside" }, "Acknowledged by li, from outside", "已由 li（从外部）确认"],
    ["taken by a script", { attention: "acknowledged", phase: "idle", by: "li", way: "robot" }, "Acknowledged by a script of li", "已由 li 的脚本确认"],
    ["taken by somebody who was not told", { attention: "acknowledged", phase: "idle", by: "wu", way: "listener", stranger: true }, "Acknowledged by wu; wu was not among those told", "已由 wu 确认；wu 不在被通知人员之列"],
    ["taken, source lost", { condition: "stale", attention: "acknowledged", phase: "idle", by: "li" }, "Acknowledged by li; source lost: nothing more is heard of it, so it counts as still there", "已由 li 确认；来源失联：不再收到其消息，视为告警仍然存在"],
    ["source lost", { condition: "stale" }, "Nobody has acknowledged it yet; source lost: nothing more is heard of it, so it counts as still there", "尚无人确认；来源失联：不再收到其消息，视为告警仍然存在"],
    ["shelved", { attention: "shelved", phase: "idle" }, "Set aside for a time", "暂时搁置"],
    ["cleared by nobody's doing", { condition: "cleared", phase: "idle" }, "Cleared before anyone acknowledged it", "无人确认即已恢复"],
    ["cleared after it was taken", { condition: "cleared", attention: "acknowledged", phase: "idle", by: "li", way: "listener" }, "Cleared, after li had acknowledged it", "已恢复，此前已由 li 确认"],
    ["cleared, taker unknown", { condition: "cleared", attention: "acknowledged", phase: "idle" }, "Cleared", "已恢复"],
  ];
  test.each(rows)("%s", (_, set, english, chinese) => {
    expect(stateLine(standing(set), "en")).toBe(english);
    expect(stateLine(standing(set), "zh")).toBe(chinese);
  });

  test("a comment cannot break the line", () => {
    expect(acknowledgedLine({ by: "li", comment: "a\nb\u001b[31m" }, "en")).toBe("Acknowledged by li: a b [31m");
  });
});

test("the prompt of a failed way out names the reason in both languages", () => {
  expect(fallbackLine("no route to host", "en")).toContain("mail/WeChat sending failed: no route to host");
  expect(fallbackLine("no route to host", "zh")).toContain("邮件/微信发送失败：no route to host");
});

test("who was told outside, and how", () => {
  expect(toldLine({ operators: ["li", "zhao"], channel: "mail" }, "en")).toBe("Told outside by mail to li, zhao");
  expect(toldLine({ operators: ["li", "zhao"], channel: "wecom-robot" }, "zh")).toBe("已通过微信群通知外部人员 li、zhao");
});

test("a channel of a newer version keeps its own name", () => {
  expect(LANGUAGES.map((language) => channelWord("pigeon", language))).toEqual(["pigeon", "pigeon"]);
});
