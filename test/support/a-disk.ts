/** A small disk of one test's own, in a mount namespace that nobody else sees: it can be full, and it can turn read-only. Needs root. */

import { writeFileSync } from "node:fs";

export type Disk = AsyncDisposable & {
  /** What starts a program that sees the disk at its folder. */
  readonly inside: readonly string[];
  /** The disk's folder as the rest of the host reaches it. */
  readonly seen: string;
  /** Runs one command inside and waits for its end. Throws with what it said where it fails. */
  readonly run: (...words: readonly string[]) => Promise<void>;
};

/** In memory. @param folder where it is mounted; must exist. @param size as mount(8) takes it: `3m` */
export async function aSmallDisk(folder: string, size: string): Promise<Disk> {
  const disk = await aNamespace(folder);
  await disk.run("mount", "-t", "tmpfs", "-o", `size=${size}`, "gapbell-test", folder);
  return disk;
}

/** ext4 in a file, which `remount,abort` turns read-only as a broken journal does, under programs that have files open. @param image a path for the file */
export async function aFileSystem(folder: string, image: string): Promise<Disk> {
  writeFileSync(image, "");
  const disk = await aNamespace(folder);
  await disk.run("truncate", "-s", "64M", image);
  await disk.run("mkfs.ext4", "-q", "-F", image);
  await disk.run("mount", "-o", "loop", image, folder);
  return disk;
}

async function aNamespace(folder: string): Promise<Disk> {
  // The namespace lives as long as this process; the mounts go with it.
  const holder = Bun.spawn(["unshare", "-m", "--propagation", "private", "sh", "-c", "echo ready; exec sleep infinity"], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
  await holder.stdout.getReader().read();
  const inside = ["nsenter", "-t", String(holder.pid), "-m", "--"];
  const run = async (...words: readonly string[]): Promise<void> => {
    const ran = Bun.spawn([...inside, ...words], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
    const complaint = await new Response(ran.stderr).text();
    if ((await ran.exited) !== 0) throw new Error(`${words.join(" ")}: ${complaint}`);
  };
  return {
    inside, run, seen: `/proc/${holder.pid}/root${folder}`,
    [Symbol.asyncDispose]: async () => {
      await run("umount", "-l", folder).catch(() => {});
      holder.kill("SIGKILL");
      await holder.exited;
    },
  };
}
