/** Network namespaces of a test's own, with wires between them; root only. */

import { randomBytes } from "node:crypto";

/** Why such a test is skipped here, or "" where it can run. */
export const WHY_NOT = process.geteuid?.() !== 0 ? " (skipped: needs root)" : Bun.which("ip") === null ? " (skipped: needs iproute2)" : refused();

/** A wire: the name and address of its end in either namespace. */
export type Wire = { readonly here: string; readonly there: string; readonly hereAt: string; readonly thereAt: string };

export type Namespaces = {
  readonly here: string;
  readonly there: string;
  /** `ip` with these words, in the namespace `here`. */
  readonly ip: (...words: readonly string[]) => void;
  /** Lays another wire, or one that was taken away. */
  readonly lay: (wire: Wire) => void;
  readonly [Symbol.dispose]: () => void;
};

/** Two namespaces with these wires between them, no route but to the wires' own subnets. Ended with `using`. */
export function namespaces(...wires: readonly Wire[]): Namespaces {
  const mark = `gbw${randomBytes(4).toString("hex")}`;
  const [here, there] = [`${mark}a`, `${mark}b`];
  const remove = (): void => {
    for (const name of [here, there]) run(["netns", "delete", name], true);
  };
  const lay = (wire: Wire): void => {
    run(["-n", here, "link", "add", wire.here, "type", "veth", "peer", "name", wire.there, "netns", there]);
    for (const [name, link, address] of [[here, wire.here, wire.hereAt], [there, wire.there, wire.thereAt]] as const) {
      run(["-n", name, "address", "add", address, "dev", link]);
      run(["-n", name, "link", "set", link, "up"]);
    }
  };
  try {
    for (const name of [here, there]) {
      run(["netns", "add", name]);
      run(["-n", name, "link", "set", "lo", "up"]);
    }
    for (const wire of wires) lay(wire);
  } catch (thrown) {
    remove();
    throw thrown;
  }
  return { here, there, ip: (...words) => run(["-n", here, ...words]), lay, [Symbol.dispose]: remove };
}

function run(words: readonly string[], quiet = false): void {
  const ran = Bun.spawnSync({ cmd: ["ip", ...words], stdout: "ignore", stderr: "pipe" });
  if (ran.exitCode !== 0 && !quiet) throw new Error(`ip ${words.join(" ")}: ${ran.stderr.toString()}`);
}

/** A container may have root and still be forbidden to make namespaces. */
function refused(): string {
  const name = `gbw${randomBytes(4).toString("hex")}p`;
  const made = Bun.spawnSync({ cmd: ["ip", "netns", "add", name], stdout: "ignore", stderr: "ignore" }).exitCode === 0;
  if (made) run(["netns", "delete", name], true);
  return made ? "" : " (skipped: network namespaces are forbidden here)";
}
