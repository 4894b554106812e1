/** The timeline as `show` prints it. */

import { describe, expect, test } from "bun:test";
import type { EntryBody } from "../../lib/alarm/journal.ts";
import { entryLine, entrySentence } from "../../lib/alarm/timeline.ts";

const AT = Date.UTC(2026, 10, 24, 8, 30, 5);
const LI = { operator: "li", listener: "a1b2c3d4e5f60718", host: "laptop-li", address: "10.11.131.32:40000", lastHeardAt: AT, home: true };

const rows: readonly [EntryBody, string, string][] = [
  [{ kind: "reported", source: "alertmanager-api", text: "OSD 12 is down", condition: "raised", again: false }, "Reported by alertmanager-api: OSD 12 is down", "alertmanager-api 上报告警：OSD 12 is down"],
  [{ kind: "reported", source: "report", text: "", condition: "raised", again: true }, "Reported again for people to look at, by report", "report 再次上报，需重新查看"],
  [{ kind: "reported", source: "report", text: "", condition: "cleared", again: false }, "Reported as cleared by report", "report 上报恢复"],
  [{ kind: "classified", module: "osd", item: "osd.12", severity: "major", policy: "default", rule: "ceph-osd", line: 3 }, 'Classified as major osd/osd.12, policy default, by rule "ceph-osd" (line 3)', "分类为 重要 osd/osd.12，策略 default，依据规则“ceph-osd”（第 3 行）"],
  [{ kind: "classified", module: "osd", item: "-", severity: "minor", policy: "default", rule: "default", line: 0 }, 'Classified as minor osd/-, policy default, by rule "default"', "分类为 次要 osd/-，策略 default，依据规则“default”"],
  [{ kind: "responsible", operators: [LI, { ...LI, operator: "zhao", listener: undefined, host: undefined, address: undefined, lastHeardAt: undefined, home: false }] }, "Responsible: li on laptop-li (10.11.131.32:40000), last heard 2026-11-24 08:30:05 UTC; zhao (has no listener)", "责任人：li 在 laptop-li (10.11.131.32:40000)，最后在线 2026-11-24 08:30:05 UTC；zhao（没有监听端）"],
  [{ kind: "responsible", operators: [{ ...LI, home: false }] }, "Responsible: li on laptop-li (10.11.131.32:40000), last heard 2026-11-24 08:30:05 UTC, not before it", "责任人：li 在 laptop-li (10.11.131.32:40000)，最后在线 2026-11-24 08:30:05 UTC，不在机前"],
  [{ kind: "responsible", operators: [] }, "Nobody is responsible", "没有责任人"],
  [{ kind: "pushed", why: "new", ring: 1, reason: "" }, "Rung on the LAN, ring 1 (new)", "在局域网内第 1 次响铃（新告警）"],
  [{ kind: "pushed", why: "fallback", ring: 2, reason: "SMTP 535" }, "Rung on the LAN, ring 2 (nothing went out): SMTP 535", "在局域网内第 2 次响铃（外部通知失败）：SMTP 535"],
  [{ kind: "receipt", operator: "li", listener: "a1", ring: 1 }, "li's listener a1 has ring 1 on disk", "li 的监听端 a1 已保存第 1 次响铃"],
  [{ kind: "seen", operator: "li", listener: "a1", ring: 1 }, "Ring 1 was put before li on listener a1", "第 1 次响铃已在监听端 a1 上呈现给 li"],
  [{ kind: "acknowledged", operator: "li", way: "console", comment: "on my way", told: true, counts: true, why: "" }, "Acknowledged by li, at the agent's console: on my way", "已由 li（在代理端控制台）确认：on my way"],
  [{ kind: "acknowledged", operator: "li", way: "robot", comment: "", told: true, counts: false, why: "a robot's acknowledgement does not stop the clock" }, "Acknowledged by a script of li; the clock runs on: a robot's acknowledgement does not stop the clock", "已由 li 的脚本确认；计时继续：a robot's acknowledgement does not stop the clock"],
  [{ kind: "nobody home" }, "Nobody responsible can be reached on the LAN: not waiting for the deadline", "局域网内联系不到任何责任人：不再等待期限"],
  [{ kind: "stale" }, "Source lost: nothing more is heard of it, so it counts as still there", "来源失联：不再收到其消息，视为告警仍然存在"],
  [{ kind: "cleared", acknowledged: false }, "Cleared before anyone acknowledged it", "无人确认即已恢复"],
  [{ kind: "cleared", acknowledged: true }, "Cleared", "已恢复"],
  [{ kind: "continued" }, "Raised again soon after it was cleared: the same occurrence goes on, with its first deadline", "恢复后不久再次发生：视为同一次告警，期限不变"],
  [{ kind: "doubted", behindMs: 590_000 }, "Its source moves the end on at each repeat: its clock is probably more than 9 minutes slow, and the alarm may still be there", "来源每次重复都推后结束时间：其时钟可能慢了 9 分钟以上，告警可能仍然存在"],
  [{ kind: "probed", answer: "able", reason: "" }, "The relay can send", "中继可以发送"],
  [{ kind: "probed", answer: "unable", reason: "mail: login refused" }, "The relay answers that it cannot send: mail: login refused", "中继答复无法发送：mail: login refused"],
  [{ kind: "probed", answer: "silent", reason: "ECONNREFUSED" }, "The relay does not answer: ECONNREFUSED", "中继没有应答：ECONNREFUSED"],
  [{ kind: "escalated", escalation: "ABCDEFGH", step: 0, to: ["li", "zhao"], via: ["wecom", "mail"] }, "Step 1 given to the relay: to li, zhao by WeChat, mail, escalation ABCDEF", "第 1 级已交给中继：通过微信、邮件通知 li、zhao，编号 ABCDEF"],
  [{ kind: "verdict", escalation: "E", operator: "li", channel: "mail", verdict: "accepted", reason: "" }, "Mail to li: accepted", "邮件通知 li：已接受"],
  [{ kind: "verdict", escalation: "E", operator: "li", channel: "wecom", verdict: "unsure", reason: "no answer" }, "WeChat to li: unsure whether it arrived: no answer", "微信通知 li：不确定是否送达：no answer"],
  [{ kind: "fallback", reason: "SMTP 535" }, "Nobody has acknowledged it, and mail/WeChat sending failed: SMTP 535", "告警仍无人确认，邮件/微信发送失败：SMTP 535"],
  [{ kind: "withdrawn", escalation: "ABCDEFGH" }, "Escalation ABCDEF withdrawn", "通知 ABCDEF 已撤回"],
  [{ kind: "restored", reason: "after a reboot" }, "Taken up again after a restart of the agent: after a reboot", "代理重启后继续处理：after a reboot"],
];

describe("each entry of the journal is a sentence in both languages", () => {
  test.each(rows)("%o", (body, english, chinese) => {
    expect(entrySentence(body, { language: "en", timezone: "UTC" })).toBe(english);
    expect(entrySentence(body, { language: "zh", timezone: "UTC" })).toBe(chinese);
  });
});

test("a line begins with the time of its reader", () => {
  expect(entryLine({ occurrence: "X", at: AT, body: { kind: "stale" } }, { language: "zh", timezone: "Asia/Shanghai" })).toStartWith("2026-11-24 16:30:05 UTC+8  来源失联");
});

test("a source cannot write a line of its own into the timeline", () => {
  const body: EntryBody = { kind: "reported", source: "report", text: "down\n2026-11-24 16:31:00  Acknowledged by li", condition: "raised", again: false };
  expect(entrySentence(body, { language: "en", timezone: "UTC" })).not.toContain("\n");
});
