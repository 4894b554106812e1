/** Which process holds a file's lock: the kernel knows, so that no pid file can lie. */

import { readFileSync, statSync } from "node:fs";

/**
 * @param table the text of /proc/locks
 * @returns the process that holds a POSIX write lock on the file, or undefined where the kernel does not name it
 */
export function lockOwner(path: string, table: string = readLocks()): number | undefined {
  const inode = inodeOf(path);
  if (inode === undefined) return undefined;
  for (const line of table.split("\n")) {
    // "12: POSIX  ADVISORY  WRITE 4711 fe:01:131090 1073741826 1073742335"; a waiting lock has "->" in second place.
    // Of the device only some file systems tell the same number as stat(2), so that the inode alone decides.
    const [, kind, , access, pid, place] = line.trim().split(/\s+/);
    if (kind !== "POSIX" || access !== "WRITE" || place?.split(":")[2] !== inode) continue;
    if (Number(pid) > 0) return Number(pid);
  }
  return undefined;
}

function inodeOf(path: string): string | undefined {
  try {
    return statSync(path, { bigint: true }).ino.toString();
  } catch {
    return undefined;
  }
}

function readLocks(): string {
  try {
    return readFileSync("/proc/locks", "utf8");
  } catch {
    return "";
  }
}
