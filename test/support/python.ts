/** The Python that `docs/examples/listener.py` runs on: the first one of this host that has the package `cryptography`. */

import { join } from "node:path";

export const LISTENER_PY = join(import.meta.dir, "..", "..", "docs", "examples", "listener.py");

/** That of PATH, then Debian's own: a Python from elsewhere does not see Debian's packages. */
const PYTHONS = ["python3", "/usr/bin/python3"];

/** Undefined where no Python has it. */
export const python: string | undefined = PYTHONS.find((program) => Bun.which(program) !== null && Bun.spawnSync([program, "-c", "import cryptography"], { stdout: "ignore", stderr: "ignore" }).exitCode === 0);

/** What is missing, in words; "" where it may be asked for. In CI nothing is skipped. */
export const missingPython = python !== undefined || process.env["CI"] === "true" ? "" : "python3-cryptography is not installed";

type Seeds = { readonly ed: string; readonly x: string };

/** What `open-with-python.py` is asked. Bytes in hex. */
export type ForPython = {
  readonly identities: Readonly<Record<string, Seeds>>;
  readonly groups: Readonly<Record<string, string>>;
  readonly packets: readonly { readonly datagram: string; readonly sender: string; readonly receiver: string }[];
  readonly windows?: readonly { readonly adopted: string; readonly counters: readonly string[] }[];
  readonly joining?: readonly { readonly line: string; readonly join: unknown; readonly answer: unknown }[];
};

export type FromPython = {
  /** `again`: what the sender would have sent, had it been written in Python. */
  readonly packets: readonly { readonly kind: string; readonly body: unknown; readonly again: string }[];
  readonly windows: readonly (readonly boolean[])[];
  readonly joined: readonly { readonly join: unknown; readonly member: Readonly<Record<string, unknown>> }[];
};

/** Opens with the example's functions. Throws with what Python says where it cannot. */
export function openedByPython(asked: ForPython): FromPython {
  const ran = Bun.spawnSync([python ?? "python3", join(import.meta.dir, "open-with-python.py")], { stdin: Buffer.from(JSON.stringify(asked)) });
  if (ran.exitCode !== 0) throw new Error(ran.stderr.toString());
  return JSON.parse(ran.stdout.toString()) as FromPython;
}
