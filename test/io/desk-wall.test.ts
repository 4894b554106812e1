import { expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { hasWall, openWallDesk, WALLS_MOST } from "../../lib/io/desk-wall.ts";
import type { Showing } from "../../lib/port/desk.ts";
import { type AlarmItem, anId, anItem } from "../support/a-scripted-agent.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

function showing(set: Partial<AlarmItem> = {}, more: Partial<Showing> = {}): Showing {
  return { alarm: anItem(set), clusterName: "c1", agent: "node1", rings: true, unverified: false, ...more };
}

/** A stand-in that keeps what it was given, a form feed after each call. */
function standIn(folder: TempFolder, { ends = "exit 0" }: { readonly ends?: string } = {}): string {
  const path = folder.at("wall");
  writeFileSync(folder.at("written"), "");
  writeFileSync(path, `#!/bin/sh\n{ cat; printf '\\f'; } >> "${folder.at("written")}"\n${ends}\n`);
  chmodSync(path, 0o755);
  return path;
}

function written(folder: TempFolder): readonly string[] {
  return readFileSync(folder.at("written"), "utf8").split("\f").slice(0, -1);
}

const QUIET = { write: () => {} };
const READER = { language: "en", timezone: "UTC", person: true, log: QUIET } as const;

test("an alarm that rings is written to every terminal, with what to do", async () => {
  using folder = tempFolder();
  const desk = openWallDesk({ ...READER, command: standIn(folder) });
  expect(await desk.show(showing({ text: "disk full\u001b[2J" }))).toBe(true);
  const [text = ""] = written(folder);
  expect(text).toStartWith("c1: [CRITICAL] osd/osd.12\n");
  expect(text).toContain("gapbell-client ack 000001");
  expect(text).not.toContain("\u001b");
});

test("nobody is said to have seen it where nobody is said to sit there", async () => {
  using folder = tempFolder();
  const desk = openWallDesk({ ...READER, person: false, command: standIn(folder) });
  expect(await desk.show(showing())).toBe(false);
  expect(written(folder)).toHaveLength(1);
});

test("what does not ring for this operator is not written", async () => {
  using folder = tempFolder();
  const desk = openWallDesk({ ...READER, command: standIn(folder) });
  expect(await desk.show(showing({}, { rings: false }))).toBe(false);
  expect(written(folder)).toEqual([]);
});

test("the end of an alarm is told where the alarm was, and nowhere else", async () => {
  using folder = tempFolder();
  const desk = openWallDesk({ ...READER, command: standIn(folder) });
  await desk.show(showing());
  desk.update({ id: anId(2), line: "Cleared", gone: true });
  desk.update({ id: anId(1), line: "Told outside", gone: false });
  desk.update({ id: anId(1), line: "Acknowledged by zhao", gone: true });
  await desk.show(showing({ id: anId(3) }));
  expect(written(folder)[1]).toBe("[000001] Acknowledged by zhao\n");
  expect(written(folder)).toHaveLength(3);
});

test("in a flood those that came first are written and the others counted", async () => {
  using folder = tempFolder();
  const desk = openWallDesk({ ...READER, command: standIn(folder) });
  await Promise.all(Array.from({ length: 40 }, (_, nth) => desk.show(showing({ id: anId(nth + 1) }))));
  expect(written(folder)).toHaveLength(WALLS_MOST + 1);
  expect(written(folder)[0]).toContain("gapbell-client ack 000001");
  expect(written(folder).at(-1)).toBe(`${40 - WALLS_MOST} more alarms: gapbell-client list\n`);
});

test("the reason why nothing went out comes before the alarm's own lines, and silence of the agent is told", async () => {
  using folder = tempFolder();
  const desk = openWallDesk({ ...READER, command: standIn(folder) });
  desk.hearing({ line: "Not on the cluster's LAN", rings: false });
  desk.hearing({ line: "Agent node1 is not heard", rings: true });
  await desk.show(showing({ why: "fallback", reason: "no route", ring: 2 }));
  expect(written(folder)[0]).toBe("Agent node1 is not heard\n");
  expect(written(folder)[1]?.split("\n")[1]).toContain("sending failed: no route");
});

test("a wall that fails or is missing is not seen, and said in the log", async () => {
  using folder = tempFolder();
  const said: unknown[] = [];
  const log = { write: (...words: unknown[]) => void said.push(words) };
  expect(await openWallDesk({ ...READER, log, command: standIn(folder, { ends: "exit 1" }) }).show(showing())).toBe(false);
  expect(await openWallDesk({ ...READER, log, command: folder.at("missing") }).show(showing())).toBe(false);
  expect(said).toHaveLength(2);
  expect(hasWall({ PATH: folder.path })).toBe(true);
  expect(hasWall({ PATH: "" })).toBe(false);
});

test("a summary is written once, what is listed with it is not, and the end of what it names is told", async () => {
  using folder = tempFolder();
  const desk = openWallDesk({ ...READER, command: standIn(folder) });
  expect(await desk.summarize({ clusterName: "c1", open: 500, worstCount: 3, fresh: 12, worst: [anItem()] })).toBe(true);
  expect(await desk.show(showing({ id: anId(2) }, { rings: false, listed: "" }))).toBe(false);
  desk.update({ id: anId(2), line: "Cleared", gone: true });
  desk.update({ id: anId(1), line: "Cleared", gone: true });
  await desk.show(showing({ id: anId(3) }));
  expect(written(folder).slice(0, 2)).toEqual(["c1: 500 open alarms, 3 critical, 12 new\n[000001] [CRITICAL] osd/osd.12: disk is full\nand 499 more: gapbell-client list\n", "[000001] Cleared\n"]);
  expect(written(folder).length).toBe(3);
});
