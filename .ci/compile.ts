/** Makes one executable of one program. What is left out of it is decided here, for shipping and for tests alike. */

import { join } from "node:path";
import type { BunPlugin } from "bun";

const ROOT = join(import.meta.dir, "..");

export type Program = "agent" | "client" | "relay";

/**
 * ssh2 asks for native add-ons that may be missing. Left unresolved, an executable would look for them in the folder that
 * it is started from, and run whatever lies there (measured, Bun 1.4.5).
 */
export const NO_ADD_ONS: BunPlugin = {
  name: "no native add-ons",
  setup: (builder) => {
    builder.onResolve({ filter: /^cpu-features$|\/sshcrypto\.node$/ }, ({ path }) => ({ path, namespace: "absent" }));
    builder.onLoad({ filter: /.*/, namespace: "absent" }, () => ({ contents: 'throw new Error("no native add-on");', loader: "js" }));
  },
};

/** Throws what the bundler says. @param plugins change sources on the way, in tests */
export async function compile(
  program: Program, outfile: string,
  { define = {}, plugins = [] }: { readonly define?: Readonly<Record<string, string>>; readonly plugins?: readonly BunPlugin[] } = {},
): Promise<void> {
  const built = await Bun.build({
    entrypoints: [join(ROOT, `${program}.ts`)], format: "esm", minify: true, bytecode: true,
    // Otherwise a bunfig.toml in the folder where an executable is started has code of its own run in it (measured, 1.4.5).
    compile: { outfile, autoloadDotenv: false, autoloadBunfig: false },
    define, plugins: [NO_ADD_ONS, ...plugins],
  });
  if (!built.success) throw new Error(`Cannot build ${program}: ${built.logs.join("\n")}`);
}

if (import.meta.main) {
  const [, , program = "", outfile = "", version = "", commit = ""] = Bun.argv;
  if (program !== "agent" && program !== "client" && program !== "relay") throw new Error(`No program "${program}"`);
  await compile(program, outfile, { define: { GAPBELL_VERSION: JSON.stringify(version), GAPBELL_COMMIT: JSON.stringify(commit) } });
}
