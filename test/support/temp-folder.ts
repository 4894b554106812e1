/** A folder of one test's own, gone with it: `using folder = tempFolder()`. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type TempFolder = Disposable & {
  readonly path: string;
  /** The path of a name in it. */
  readonly at: (name: string) => string;
};

export function tempFolder(): TempFolder {
  const path = mkdtempSync(join(tmpdir(), "gapbell-test-"));
  return {
    path,
    at: (name) => join(path, name),
    [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }),
  };
}
