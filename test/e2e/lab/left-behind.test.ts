/** A lab that is over has never been: no namespace, no process, no folder, however it ended. */

import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { aCommand, type Running } from "../../support/a-process.ts";
import { aLab, missingForLab } from "./lab.ts";

const missing = missingForLab();
const OPEN = join(import.meta.dir, "open.ts");

describe.skipIf(missing !== "")(`what a lab leaves behind${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("nothing after a test that fails", async () => {
    let folder = "";
    const failing = async (): Promise<void> => {
      await using lab = await aLab();
      folder = lab.network.folder;
      expect(tracesOf(folder)).not.toEqual([]);
      throw new Error("as it must");
    };
    await expect(failing()).rejects.toThrow("as it must");
    expect(tracesOf(folder)).toEqual([]);
  }, 60_000);

  test.concurrent.each([["Ctrl-C", "SIGINT"], ["kill -9", "SIGKILL"]] as const)("nothing after %s on the lab that a developer opened", async (_how, signal) => {
    const opened = aCommand([process.execPath, OPEN]);
    const said = await saidUntil(opened, /^Files: /);
    const folder = /^Files: (\S+)/m.exec(said)?.[1] ?? "";
    expect(said).toMatch(/^ {2}ip netns exec gbl\S+-node1 bash/m);
    expect(tracesOf(folder)).not.toEqual([]);
    opened.kill(signal);
    await opened.end();
    while (tracesOf(folder).length > 0) await Bun.sleep(20);
  }, 60_000);

  test.concurrent("two labs at once do not hear each other", async () => {
    await using first = await aLab();
    await using second = await aLab();
    const alarm = await first.raises({ policy: "patient" });
    await first.until("li's laptop rings", () => first.laptop("li").said().includes(alarm.short));
    expect(second.laptop("li").said()).not.toContain(alarm.short);
    expect(await second.agent.ask("/v1/alarms")).toEqual({ alarms: [] });
  }, 60_000);
});

/** What there is of the lab whose files are in this folder. */
function tracesOf(folder: string): readonly string[] {
  const mark = `gbl${folder.slice(-6)}`;
  const namespaces = [...entries("/run/netns"), ...entries("/etc/netns")].filter((name) => name.startsWith(mark));
  const processes = entries("/proc").filter((name) => /^\d+$/.test(name) && belongs(name, folder));
  return [...namespaces, ...processes, ...(existsSync(folder) ? [folder] : [])];
}

function belongs(pid: string, folder: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(folder) || readlinkSync(`/proc/${pid}/cwd`).startsWith(folder);
  } catch {
    return false;
  }
}

function entries(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

async function saidUntil(running: Running, end: RegExp): Promise<string> {
  let said = "";
  for (let line = await running.nextLine(); line !== undefined; line = await running.nextLine()) {
    said += `${line}\n`;
    if (end.test(line)) return said;
  }
  throw new Error(`The lab ended early: ${said}${(await running.end()).err}`);
}
