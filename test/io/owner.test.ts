import { expect, test } from "bun:test";
import { statSync, writeFileSync } from "node:fs";
import { lockOwner } from "../../lib/io/owner.ts";
import { tempFolder } from "../support/temp-folder.ts";

test("the holder of a file is read from the kernel's table of locks", () => {
  using folder = tempFolder();
  writeFileSync(folder.at("agent.db"), "");
  const inode = statSync(folder.at("agent.db")).ino;
  const table = (line: string) => ["1: POSIX  ADVISORY  WRITE 100 fe:00:1 0 EOF", line, ""].join("\n");
  const cases: readonly (readonly [string, string, number | undefined])[] = [
    ["a lock for writing", `2: POSIX  ADVISORY  WRITE 4711 fe:00:${inode} 1073741826 1073742335`, 4711],
    ["on another device number, as some file systems tell it", `2: POSIX  ADVISORY  WRITE 4711 00:1f:${inode} 0 EOF`, 4711],
    ["a lock for reading", `2: POSIX  ADVISORY  READ 4711 fe:00:${inode} 0 EOF`, undefined],
    ["one that only waits", `2: -> POSIX  ADVISORY  WRITE 4711 fe:00:${inode} 0 EOF`, undefined],
    ["another kind of lock", `2: FLOCK  ADVISORY  WRITE 4711 fe:00:${inode} 0 EOF`, undefined],
    ["a process of another container", `2: POSIX  ADVISORY  WRITE 0 fe:00:${inode} 0 EOF`, undefined],
    ["a file whose number begins alike", `2: POSIX  ADVISORY  WRITE 4711 fe:00:${inode}1 0 EOF`, undefined],
  ];
  for (const [name, line, pid] of cases) expect([name, lockOwner(folder.at("agent.db"), table(line))]).toEqual([name, pid]);
  expect(lockOwner(folder.at("none"), table(`2: POSIX  ADVISORY  WRITE 4711 fe:00:${inode} 0 EOF`))).toBeUndefined();
});
