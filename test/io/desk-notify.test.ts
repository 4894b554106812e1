import { expect, test } from "bun:test";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { hasNotify, openNotifyDesk, POPUPS_MOST } from "../../lib/io/desk-notify.ts";
import type { Showing } from "../../lib/port/desk.ts";
import { type AlarmItem, anId, anItem } from "../support/a-scripted-agent.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

function showing(set: Partial<AlarmItem> = {}, more: Partial<Showing> = {}): Showing {
  return { alarm: anItem(set), clusterName: "c1", agent: "node1", rings: true, unverified: false, ...more };
}

/** A stand-in that writes down its arguments, one line a call, and prints the number of the call. */
function standIn(folder: TempFolder, { fails = "false" }: { readonly fails?: string } = {}): string {
  const path = folder.at("notify-send");
  writeFileSync(path, `#!/bin/sh
if ${fails}; then exit 1; fi
{ for word in "$@"; do printf '%s\\037' "$word"; done; printf '\\036'; } >> "${folder.at("calls")}"
tr -cd '\\036' < "${folder.at("calls")}" | wc -c
`);
  chmodSync(path, 0o755);
  return path;
}

function calls(folder: TempFolder): readonly (readonly string[])[] {
  if (!existsSync(folder.at("calls"))) return [];
  return readFileSync(folder.at("calls"), "utf8").split("\u001e").filter((call) => call !== "").map((call) => call.split("\u001f").slice(0, -1));
}

const quiet = { write: () => {} };
const READER = { language: "en", timezone: "UTC", log: quiet } as const;

test("an alarm that rings is a critical popup that names what to do", async () => {
  using folder = tempFolder();
  const desk = openNotifyDesk({ ...READER, command: standIn(folder) });
  expect(await desk.show(showing({ text: "a < b & c" }))).toBe(true);
  const [call = []] = calls(folder);
  expect(call.slice(0, 4)).toEqual(["--app-name=gapbell", "--urgency=critical", "--print-id", "--"]);
  expect(call[4]).toBe("c1: [CRITICAL] osd/osd.12");
  expect(call[5]).toContain("gapbell-client ack 000001");
  expect(call[5]).toContain("a &lt; b &amp; c");
});

test("an alarm of somebody else is no popup", async () => {
  using folder = tempFolder();
  const desk = openNotifyDesk({ ...READER, command: standIn(folder) });
  expect(await desk.show(showing({}, { rings: false }))).toBe(false);
  expect(calls(folder)).toEqual([]);
});

test("the next ring replaces the popup, and its end is a short farewell", async () => {
  using folder = tempFolder();
  const desk = openNotifyDesk({ ...READER, command: standIn(folder) });
  await desk.show(showing());
  await desk.show(showing({ ring: 2, why: "fallback", reason: "550 unknown user" }));
  desk.update({ id: anId(1), line: "Acknowledged by zhao", gone: true });
  await desk.show(showing({ id: anId(2) }));
  const [, second = [], third = [], fourth = []] = calls(folder);
  expect(second).toContain("--replace-id=1");
  expect(second.at(-1)).toContain("sending failed: 550 unknown user");
  expect(third).toEqual(["--app-name=gapbell", "--urgency=low", "--expire-time=6000", "--print-id", "--replace-id=2", "--", "c1: [CRITICAL] osd/osd.12", "Acknowledged by zhao\n000001"]);
  expect(fourth.join(" ")).not.toContain("--replace-id");
});

test("a flood is a few popups and one that counts the rest", async () => {
  using folder = tempFolder();
  const desk = openNotifyDesk({ ...READER, command: standIn(folder) });
  for (let number = 1; number <= POPUPS_MOST + 3; number += 1) await desk.show(showing({ id: anId(number) }));
  const rest = calls(folder).slice(POPUPS_MOST);
  expect(rest.map((call) => call.at(-2))).toEqual(["1 more alarm", "2 more alarms", "3 more alarms"].map((more) => `${more}: gapbell-client list`));
  expect(rest[2]).toContain(`--replace-id=${POPUPS_MOST + 2}`);
});

test("a critical alarm takes the place of a lesser one where the screen is full", async () => {
  using folder = tempFolder();
  const desk = openNotifyDesk({ ...READER, command: standIn(folder) });
  for (let number = 1; number <= POPUPS_MOST; number += 1) await desk.show(showing({ id: anId(number), severity: number === 3 ? "warning" : "minor" }));
  expect(await desk.show(showing({ id: anId(90), severity: "critical" }))).toBe(true);
  expect(calls(folder).at(-1)).toContain("--replace-id=3");
  expect(calls(folder).at(-1)?.at(-2)).toBe("c1: [CRITICAL] osd/osd.12");
  expect(await desk.show(showing({ id: anId(91), severity: "warning" }))).toBe(false);
  expect(calls(folder).at(-1)?.at(-2)).toBe("2 more alarms: gapbell-client list");
});

test("alarms that come together are counted together", async () => {
  using folder = tempFolder();
  const desk = openNotifyDesk({ ...READER, command: standIn(folder) });
  await Promise.all(Array.from({ length: 300 }, (_, at) => desk.show(showing({ id: anId(at + 1) }))));
  expect(calls(folder).length).toBe(POPUPS_MOST + 1);
  expect(calls(folder).at(-1)?.at(-2)).toBe(`${300 - POPUPS_MOST} more alarms: gapbell-client list`);
});

test("a version that cannot tell ids shows popups all the same", async () => {
  using folder = tempFolder();
  const desk = openNotifyDesk({ ...READER, command: standIn(folder, { fails: 'case "$*" in *--print-id*) true;; *) false;; esac' }) });
  expect(await desk.show(showing())).toBe(true);
  expect(await desk.show(showing({ ring: 2 }))).toBe(true);
  expect(calls(folder).length).toBe(2);
});

const BROKEN = [
  { name: "is not there", command: (): string => "/nonexistent/notify-send" },
  { name: "always fails", command: (folder: TempFolder): string => standIn(folder, { fails: "true" }) },
] as const;

for (const { name, command } of BROKEN) {
  test(`a program that ${name} harms nobody: the alarm counts as not seen`, async () => {
    using folder = tempFolder();
    const desk = openNotifyDesk({ ...READER, command: command(folder) });
    expect(await desk.show(showing())).toBe(false);
    desk.update({ id: anId(1), line: "x", gone: true });
    desk.hearing({ line: "Agent node1 is not heard", rings: true });
    expect(await desk.show(showing())).toBe(false);
  });
}

test("without a session there is no desktop", () => {
  expect(hasNotify({ PATH: process.env["PATH"] ?? "" })).toBe(false);
});

test("a summary is one popup that the next one replaces, and that goes with the last alarm that it counts", async () => {
  using folder = tempFolder();
  const desk = openNotifyDesk({ ...READER, command: standIn(folder) });
  const summary = { clusterName: "c1", open: 500, worstCount: 3, fresh: 500, worst: [anItem({ text: "a < b" })] };
  expect(await desk.summarize(summary)).toBe(true);
  for (const number of [1, 2]) expect(await desk.show(showing({ id: anId(number) }, { rings: false, listed: "" }))).toBe(false);
  expect(await desk.show(showing({ id: anId(3), quiet: true }, { rings: false, listed: "Acknowledged by wu" }))).toBe(false);
  await desk.summarize({ ...summary, open: 501 });
  desk.update({ id: anId(1), line: "Cleared", gone: true });
  desk.update({ id: anId(2), line: "Cleared", gone: true });
  await desk.show(showing({ id: anId(9) }));
  const [first = [], second = [], third = []] = calls(folder);
  expect(first.slice(-2)).toEqual(["c1: 500 open alarms, 3 critical", "[000001] [CRITICAL] osd/osd.12: a &lt; b\nand 499 more: gapbell-client list"]);
  expect(first).toContain("--urgency=critical");
  expect(second).toContain("--replace-id=1");
  expect(third).toContain("--replace-id=2");
  expect(third).toContain("None of them is open any more");
  expect(calls(folder).length).toBe(4);
});

test("a summary that cannot be shown has been seen by nobody", async () => {
  using folder = tempFolder();
  const desk = openNotifyDesk({ ...READER, command: standIn(folder, { fails: "true" }) });
  expect(await desk.summarize({ clusterName: "c1", open: 6, worstCount: 6, fresh: 6, worst: [anItem()] })).toBe(false);
});
