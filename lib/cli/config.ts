/** Configuration files: YAML checked by a schema, and mistakes told with their place in the file. */

import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { fromUtf8 } from "../base/bytes.ts";
import { fit, type Misfit, misfitText, type Path, pathText } from "../base/misfit.ts";
import { fail, ok, type Result } from "../base/result.ts";

/** One mistake in a file. `line` and `column` count from 1; 0 where there is no file to point into. */
export type ConfigFault = {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `lan.interfaces[0].name`; "" for the file as a whole. */
  readonly path: string;
  /** After "is". */
  readonly found: string;
  /** After "must be". */
  readonly expected: string;
  /** The valid word that was probably meant. */
  readonly nearest?: string;
};

/** A larger file is no configuration. */
export const CONFIG_BYTES_MOST = 1024 * 1024;
/** Aliases may repeat a block a few times, not blow a page up to a gigabyte. */
const ALIASES_MOST = 100;
/** More mistakes than this are not read by anybody. */
export const FAULTS_MOST = 20;

/** A file that is YAML: what it holds, and where each part of it stands. */
export type ConfigFile = {
  readonly file: string;
  readonly json: unknown;
  /** Where the value at this path stands, or the nearest thing around it that is there; its name with `blames: "name"`. */
  readonly place: (
    path: Path,
    blames?: Misfit["blames"],
  ) => { readonly line: number; readonly column: number };
};

/**
 * Reads one file and checks it.
 *
 * @param source the raw bytes, as they lie on the disk, or a text
 * @param file its name, as messages call it
 */
export function readYaml<Value>(
  source: Uint8Array | string,
  { file, schema }: { readonly file: string; readonly schema: z.ZodType<Value> },
): Result<Value, readonly ConfigFault[]> {
  const opened = openYaml(source, file);
  if (!opened.ok) return opened;
  const read = fit(schema, opened.value.json);
  return read.ok ? read : fail(faultsAt(opened.value, read.fault));
}

/** Reads the YAML alone; for a file whose form another room checks. An empty file holds an empty mapping. */
export function openYaml(
  source: Uint8Array | string,
  file: string,
): Result<ConfigFile, readonly ConfigFault[]> {
  const whole = ([found, expected]: Said): Result<ConfigFile, readonly ConfigFault[]> =>
    fail([{ file, line: 1, column: 1, path: "", found, expected }]);
  if (source.length > CONFIG_BYTES_MOST)
    return whole([`${source.length} bytes long`, `at most ${CONFIG_BYTES_MOST} bytes long`]);
  const text = typeof source === "string" ? source : fromUtf8(source);
  if (text === undefined)
    return fail([{ file, ...placeOfBadByte(source), path: "", found: "not UTF-8 here", expected: "UTF-8" }]);
  const lines = new LineCounter();
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      strict: true,
      uniqueKeys: true,
      stringKeys: true,
    });
    // Only the first: what follows a broken place is mostly its echo.
    const [broken] = [...document.errors, ...document.warnings];
    if (broken !== undefined) {
      const [found, expected] = brokenText(broken.code, broken.message);
      return fail([{ file, ...place(broken.pos[0]), path: "", found, expected }]);
    }
    const json: unknown = document.toJS({ maxAliasCount: ALIASES_MOST }) ?? {};
    return ok({ file, json, place: (path, blames = "value") => place(offsetOf(document, path, blames)) });
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return whole(
      WHOLE[/excessive alias/i.test(reason) ? "aliases" : /stack/i.test(reason) ? "nesting" : "alias"],
    );
  }
}

/** The misfits that another room has found, with their places. */
export function faultsAt(file: ConfigFile, misfits: readonly Misfit[]): readonly ConfigFault[] {
  return misfits.slice(0, FAULTS_MOST).map((misfit) => ({
    file: file.file,
    ...file.place(misfit.path, misfit.blames),
    path: pathText(misfit.path),
    found: misfit.found,
    expected: misfit.expected,
    ...(misfit.nearest === undefined ? {} : { nearest: misfit.nearest }),
  }));
}

/** `agent.yaml:7:13: lan.port is "abc", must be a number`, one line and no final period. */
export function printFault({ file, line, column, path, found, expected, nearest }: ConfigFault): string {
  const where = line === 0 ? file : `${file}:${line}:${column}`;
  const what = misfitText({ path: path === "" ? [] : [path], blames: "value", found, expected, nearest });
  return `${where}: ${path === "" ? what.replace("The document", "The file") : what}`;
}

/** Every mistake on a line of its own, in the order of the file. */
export function printFaults(faults: readonly ConfigFault[]): string {
  return [...faults]
    .sort((a, b) => (a.file === b.file ? a.line - b.line || a.column - b.column : 0))
    .map(printFault)
    .join("\n");
}

type Said = readonly [found: string, expected: string];

/** What the library throws, and does not point at. */
const WHOLE = {
  aliases: ["broken YAML (its aliases repeat too much)", `YAML with at most ${ALIASES_MOST} repeats`],
  nesting: ["broken YAML (it is nested too deeply)", "plain YAML"],
  alias: ["broken YAML (an alias without its anchor)", "YAML in which each *alias follows its &anchor"],
} as const satisfies Readonly<Record<string, Said>>;

function brokenText(code: string, message: string): Said {
  if (/call stack/.test(message)) return WHOLE.nesting;
  if (code === "DUPLICATE_KEY") return ["holding a name twice", "one value for each name"];
  if (code === "MULTIPLE_DOCS") return ["holding several documents", "one document"];
  if (code === "TAG_RESOLVE_FAILED") return [`broken YAML (${message})`, "plain YAML without tags"];
  return [`broken YAML (${message.replace(/\s+/g, " ")})`, "YAML"];
}

/** A start of the file is UTF-8 as far as no bad byte stands in it: halve until the first bad one is found. */
function placeOfBadByte(source: Uint8Array | string): { readonly line: number; readonly column: number } {
  const bytes = typeof source === "string" ? new Uint8Array() : source;
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (startText(bytes, middle) === undefined) bad = middle;
    else good = middle;
  }
  const before = (startText(bytes, good) ?? "").split("\n");
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
}

/** A character cut in two at the end is not a fault. */
function startText(bytes: Uint8Array, upTo: number): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, upTo), { stream: true });
  } catch {
    return undefined;
  }
}

/** Descends as far as the document goes; an alias is followed to what it stands for. */
function offsetOf(document: Document.Parsed, path: Path, blames: Misfit["blames"]): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const [at, part] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) return offset;
      const name = startOf(pair.key) ?? offset;
      node = pair.value;
      const last = at === path.length - 1;
      // Where nothing stands behind a name, the name is the place.
      offset = last && blames === "name" ? name : isEmpty(node) ? name : (startOf(node) ?? name);
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(part)];
      if (item === undefined) return offset;
      node = item;
      offset = startOf(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function isEmpty(node: unknown): boolean {
  return isScalar(node) && node.value === null && (node.source ?? "") === "";
}

function startOf(node: unknown): number | undefined {
  if (isScalar(node) || isMap(node) || isSeq(node) || isAlias(node)) return node.range?.[0];
  return undefined;
}
