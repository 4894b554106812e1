/** Executables under test: those of `bun run build`, and others like them with a deliberate mistake inside. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { build, PROGRAMS } from "../../.ci/build.ts";
import { compile, type Program } from "../../.ci/compile.ts";

export type { Program } from "../../.ci/compile.ts";

const ROOT = join(import.meta.dir, "..", "..");

/** A text of one source file that is replaced; it must be there exactly once. */
export type Edit = { readonly file: string; readonly find: string; readonly replace: string };

/** @returns the path of dist's executable, or of a fresh one in `folder` where dist has none or an older one than the sources */
export async function built(program: Program, folder: string): Promise<string> {
  return isFresh(program) ? inDist(program) : builtWith([], { program, folder });
}

/** The same program with other text in some of its files; the sources stay as they are. */
export async function builtWith(edits: readonly Edit[], { program, folder }: { readonly program: Program; readonly folder: string }): Promise<string> {
  const outfile = join(folder, `gapbell-${program}`);
  const left = new Set(edits);
  await compile(program, outfile, {
    plugins: edits.map((edit) => ({
      name: edit.file,
      setup: (builder) => {
        builder.onLoad({ filter: new RegExp(`/${RegExp.escape(edit.file)}$`) }, ({ path }) => {
          const parts = readFileSync(path, "utf8").split(edit.find);
          if (parts.length !== 2) throw new Error(`"${edit.find}" is ${parts.length - 1} times in ${edit.file}, must be there once`);
          left.delete(edit);
          return { contents: parts.join(edit.replace), loader: "ts" };
        });
      },
    })),
  });
  if (left.size > 0) throw new Error(`${[...left].map(({ file }) => file).join(", ")} is not part of ${program}`);
  return outfile;
}

function inDist(program: Program): string {
  return join(ROOT, "dist", `gapbell-${program}`);
}

function isFresh(program: Program): boolean {
  return existsSync(inDist(program)) && statSync(inDist(program)).mtimeMs > newestSource();
}

function newestSource(): number {
  // One pattern at a time: with all of them in braces the glob of Bun 1.4.5 finds nothing.
  const sources = ["*.ts", ".ci/compile.ts", "package.json", "bun.lock", "lib/**/*.ts"].flatMap((pattern) => [...new Bun.Glob(pattern).scanSync({ cwd: ROOT, dot: true })]);
  if (sources.length === 0) throw new Error("No source is found");
  return Math.max(...sources.map((path) => statSync(join(ROOT, path)).mtimeMs));
}

let building: Promise<unknown> | undefined;

/** The executables of dist; made anew where one is missing or older than the sources, once for all who ask. */
export async function programs(): Promise<Readonly<Record<Program, string>>> {
  if (!PROGRAMS.every(isFresh)) await (building ??= build());
  return { agent: inDist("agent"), client: inDist("client"), relay: inDist("relay") };
}
