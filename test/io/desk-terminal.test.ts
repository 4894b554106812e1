import { expect, test } from "bun:test";
import { LISTED_MOST, openTerminalDesk, type TerminalOptions } from "../../lib/io/desk-terminal.ts";
import type { Showing, Summary } from "../../lib/port/desk.ts";
import { anId, anItem, type AlarmItem } from "../support/a-scripted-agent.ts";

function showing(set: Partial<AlarmItem> = {}, more: Partial<Showing> = {}): Showing {
  return { alarm: anItem(set), clusterName: "c1", agent: "node1", rings: true, unverified: false, ...more };
}

/** A desk whose output is kept. */
function aDesk(set: Partial<TerminalOptions> = {}) {
  const written: string[] = [];
  const taken: string[] = [];
  let quits = 0;
  const desk = openTerminalDesk({
    write: (text) => void written.push(text), live: false, colour: false, person: true, columns: () => 60, wall: () => Date.UTC(2026, 0, 10, 12, 0, 5),
    language: "en", timezone: "UTC", operator: "li", clusterName: "c1", onTake: (id) => void taken.push(id), onQuit: () => void (quits += 1), ...set,
  });
  return { desk, taken, text: () => written.join(""), last: () => written.at(-1) ?? "", quits: () => quits };
}

test("in a pipe each thing that happens is a plain line", async () => {
  const { desk, text } = aDesk();
  await desk.show(showing());
  await desk.show(showing({ id: anId(2), to: ["zhao"], severity: "major" }, { rings: false }));
  desk.update({ id: anId(1), line: "Acknowledged by zhao", gone: true });
  desk.hearing({ line: "Agent node1 is not heard", rings: true });
  desk.hearing({ line: "", rings: false });
  expect(text().split("\n")).toEqual([
    "12:00:05 ● [000001] [CRITICAL] osd/osd.12: disk is full",
    "12:00:05   [000002] [MAJOR] osd/osd.12: disk is full",
    "           For zhao: listed only",
    "12:00:05   [000001] osd/osd.12: Acknowledged by zhao",
    "12:00:05 ! Agent node1 is not heard",
    "12:00:05   Listening to c1 again",
    "",
  ]);
});

const REMARKS = [
  { name: "a failed way out, with the reason", show: showing({ why: "fallback", reason: "no mail server" }), says: "mail/WeChat sending failed: no mail server" },
  { name: "a packet that cannot be told from a recording", show: showing({}, { unverified: true }), says: "Freshness not verified" },
] as const;

for (const { name, show, says } of REMARKS) {
  test(`an alarm says ${name}`, async () => {
    const { desk, text } = aDesk();
    await desk.show(show);
    expect(text()).toContain(says);
  });
}

test("in Chinese the lines are Chinese", async () => {
  const { desk, text } = aDesk({ language: "zh" });
  await desk.show(showing({ why: "fallback", reason: "550" }));
  expect(text()).toContain("[紧急] osd/osd.12");
  expect(text()).toContain("发送失败：550");
});

test("a person has seen what is written; without one nobody has", async () => {
  expect(await aDesk().desk.show(showing())).toBe(true);
  expect(await aDesk({ person: false }).desk.show(showing())).toBe(false);
});

test("the bell sounds for what rings, not for what is listed, and not in a pipe", async () => {
  const live = aDesk({ live: true });
  await live.desk.show(showing({ to: ["zhao"] }, { rings: false }));
  expect(live.text()).not.toContain("\u0007");
  await live.desk.show(showing({ id: anId(2) }));
  expect(live.text()).toContain("\u0007");
  const piped = aDesk();
  await piped.desk.show(showing());
  expect(piped.text()).not.toContain("\u0007");
});

test("a acknowledges the newest, or the one that was chosen; q quits", async () => {
  const { desk, taken, quits } = aDesk({ live: true });
  await desk.show(showing({ id: anId(1) }));
  desk.key("a");
  await desk.show(showing({ id: anId(2) }));
  desk.update({ id: anId(1), line: "Acknowledged by you", gone: true });
  desk.key("a");
  await desk.show(showing({ id: anId(3) }));
  desk.key("\u001b[B");
  desk.key("\u001b[A");
  desk.key("a");
  desk.key("x");
  expect(taken).toEqual([anId(1), anId(2), anId(3)]);
  desk.key("q");
  expect(quits()).toBe(1);
});

test("a critical alarm is never pushed off the list by lesser ones", async () => {
  const { desk, last } = aDesk({ live: true });
  await desk.show(showing({ id: anId(1), severity: "critical" }));
  for (let number = 2; number <= 14; number += 1) await desk.show(showing({ id: anId(number), severity: "minor" }));
  const listed = last().split("\n").filter((line) => /^. 0000/.test(line));
  expect(listed.length).toBe(10);
  expect(listed[0]).toContain("000001  [CRITICAL]");
  expect(listed[1]).toContain("000014  [MINOR]");
});

test("with nothing open the key does nothing", () => {
  const { desk, taken } = aDesk({ live: true });
  desk.key("a");
  expect(taken).toEqual([]);
});

test("what somebody has taken is told of and not listed", async () => {
  const { desk, last, taken } = aDesk({ live: true });
  await desk.show(showing({ quiet: true }, { rings: false }));
  expect(last()).toContain("No open alarm");
  desk.key("a");
  expect(taken).toEqual([]);
});

test("the list is short, counts the rest, and is never wider than the screen", async () => {
  const { desk, last } = aDesk({ live: true });
  for (let number = 1; number <= 13; number += 1) await desk.show(showing({ id: anId(number), text: "很长的内容".repeat(40) }));
  const lines = last().split("\n").slice(1);
  expect(lines).toContain("  and 3 more: gapbell-client list");
  for (const line of lines) expect(Bun.stringWidth(line)).toBeLessThan(60);
});

test("before anything is heard the list says so, and a silent agent stays on it", () => {
  const { desk, last } = aDesk({ live: true });
  expect(last()).toContain("Looking for the agent");
  desk.hearing({ line: "Agent node1 is not heard since 12:00 UTC", rings: true });
  desk.note("another line");
  expect(last().split("\n")).toContain("Agent node1 is not heard since 12:00 UTC");
});

test("that the host is elsewhere is said quietly: no bell, no red", () => {
  const { desk, text, last } = aDesk({ live: true, colour: true });
  desk.hearing({ line: "Not on the cluster's LAN", rings: false });
  expect(last()).toContain("Not on the cluster's LAN");
  expect(text()).not.toContain("\u0007");
  expect(last()).not.toContain("\u001b[31m");
});

test("what a source says cannot move the cursor", async () => {
  const { desk, text } = aDesk();
  await desk.show(showing({ text: "bad \u001b[2J\u0007 text\nsecond line", module: "os\u001bd" }));
  desk.update({ id: anId(1), line: "Acknowledged by li: \u001b[31m", gone: true });
  expect(text()).not.toContain("\u001b");
  expect(text().split("\n").length).toBe(3);
});

test("at the end the list is taken away", async () => {
  const { desk, last, text } = aDesk({ live: true });
  await desk.show(showing());
  desk.close();
  expect(last()).toBe("\u001b[4A\r\u001b[J");
  const before = text().length;
  await desk.show(showing({ id: anId(2) }));
  expect(text().length).toBe(before);
});

const SUMMARY: Summary = { clusterName: "c1", open: 500, worstCount: 3, fresh: 12, worst: [anItem(), anItem({ id: anId(2), item: "osd.13" })] };

test("a summary is one sound, how many there are, the worst by name, and how to see the others", async () => {
  const { desk, text } = aDesk({ live: true });
  expect(await desk.summarize(SUMMARY)).toBe(true);
  expect(text().match(/\u0007/g)?.length).toBe(1);
  for (const line of ["12:00:05 ● 500 open alarms, 3 critical, 12 new", "           [000001] [CRITICAL] osd/osd.12: disk is full", "[000002] [CRITICAL] osd/osd.13", "and 498 more: gapbell-client list"]) expect(text()).toContain(line);
  expect(await aDesk({ person: false }).desk.summarize(SUMMARY)).toBe(false);
  const chinese = aDesk({ language: "zh" });
  await chinese.desk.summarize(SUMMARY);
  expect(chinese.text()).toContain("500 条告警待处理，其中紧急 3 条，新增 12 条");
});

test("what is listed with others scrolls no line, is drawn once, and is seen when the list has room for it", async () => {
  const { desk, text, last } = aDesk({ live: true });
  const before = text().length;
  const seen = new Map<string, boolean>();
  for (let number = 1; number <= LISTED_MOST + 2; number += 1) {
    const id = anId(number);
    void desk.show(showing({ id, item: `osd.${number}`, severity: number > LISTED_MOST ? "warning" : "minor" }, { rings: false, listed: number === 1 ? "Told outside" : "" })).then((is) => seen.set(id, is));
  }
  await Bun.sleep(0);
  expect(text().slice(before).match(/Looking for the agent/g)?.length).toBe(1);
  expect(text()).not.toContain("\u0007");
  expect(last()).toContain("(Told outside)");
  expect([...seen.values()]).toEqual(Array.from({ length: LISTED_MOST }, () => true));
  desk.update({ id: anId(1), line: "Acknowledged by zhao", gone: true });
  await Bun.sleep(0);
  expect(seen.get(anId(LISTED_MOST + 2))).toBe(true);
  desk.update({ id: anId(LISTED_MOST + 1), line: "Cleared", gone: true });
  await Bun.sleep(0);
  expect(seen.get(anId(LISTED_MOST + 1))).toBe(false);
});

test("in a pipe what is listed with others is a line each, with how it stands", async () => {
  const { desk, text } = aDesk();
  expect(await desk.show(showing({}, { rings: false, listed: "Told outside" }))).toBe(true);
  expect(text()).toBe("12:00:05   [000001] [CRITICAL] osd/osd.12: disk is full (Told outside)\n");
});
