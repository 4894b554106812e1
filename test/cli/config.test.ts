/** Configuration files: every mistake with its place. */

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { z } from "zod";
import { utf8 } from "../../lib/base/bytes.ts";
import { CONFIG_BYTES_MOST, FAULTS_MOST, openYaml, printFault, printFaults, readYaml } from "../../lib/cli/config.ts";

const Form = z.strictObject({
  cluster: z.string(),
  lan: z.strictObject({ port: z.int().min(1).max(65_535).default(11_115), names: z.array(z.string()).default([]) }).prefault({}),
});

function said(source: string | Uint8Array): string {
  const read = readYaml(source, { file: "agent.yaml", schema: Form });
  return read.ok ? JSON.stringify(read.value) : printFaults(read.fault);
}

test("a file that fits is read, from bytes as from text", () => {
  const value = '{"cluster":"c1","lan":{"port":11115,"names":[]}}';
  expect(said("cluster: c1\n")).toBe(value);
  expect(said(utf8("cluster: c1\n"))).toBe(value);
  expect(said("\ufeffcluster: c1\n")).toBe(value);
});

describe("a mistake is told with line and column", () => {
  const rows: readonly [string, string, string][] = [
    ["of a value", "cluster: c1\nlan:\n  port: abc\n", 'agent.yaml:3:9: lan.port is "abc", must be a number'],
    ["of a value in braces", "cluster: c1\nlan: {port: 70000}\n", "agent.yaml:2:13: lan.port is 70000, must be at most 65535"],
    ["of a name", "cluster: c1\nlan:\n  prot: 5\n", 'agent.yaml:3:3: lan.prot is unknown here, must be one of port, names; did you mean "port"?'],
    ["of an entry of a list", "cluster: c1\nlan:\n  names:\n    - a\n    - [b]\n", "agent.yaml:5:7: lan.names[1] is a list of 1, must be text"],
    ["of a name with nothing behind it: the name's", "cluster:\n", "agent.yaml:1:1: cluster is empty, must be text"],
    ["of a field that is missing: that of what it is missing in", "# a comment\nlan: {}\n", "agent.yaml:2:1: cluster is missing, must be text"],
    ["of an empty file: its start", "", "agent.yaml:1:1: cluster is missing, must be text"],
    ["of a value behind an alias: where the anchor stands", "cluster: c1\nx: &p {port: abc}\nlan: *p\n", 'agent.yaml:2:14: lan.port is "abc", must be a number'],
    ["of a document that is no mapping", "- a\n", "agent.yaml:1:1: The file is a list of 1, must be a mapping"],
    ["behind Windows line ends", "cluster: c1\r\nlan:\r\n  port: abc\r\n", 'agent.yaml:3:9: lan.port is "abc", must be a number'],
    ["of a name that objects inherit", "cluster: c1\n__proto__: {x: 1}\n", "agent.yaml:2:1: __proto__ is unknown here, must be one of cluster, lan"],
  ];
  test.each(rows)("%s", (_, text, expected) => {
    expect(said(text)).toContain(expected);
  });

  test("all of them at once, in the order of the file", () => {
    expect(said("lan:\n  port: abc\n  prot: 1\n").split("\n").map((line) => line.split(" ")[0])).toEqual(["agent.yaml:1:1:", "agent.yaml:2:9:", "agent.yaml:3:3:"]);
  });

  test(`but no more than ${FAULTS_MOST}`, () => {
    const names = Array.from({ length: 100 }, (_, at) => `n${at}: 1`).join("\n");
    expect(said(names).split("\n")).toHaveLength(FAULTS_MOST);
  });
});

describe("what is no YAML is told", () => {
  const rows: readonly [string, string | Uint8Array, string][] = [
    ["a bracket that is not closed", "cluster: [c1\n", "agent.yaml:2:1: The file is broken YAML (Flow sequence"],
    ["a quote that is not closed", 'cluster: "c1\n', 'agent.yaml:2:1: The file is broken YAML (Missing closing "quote)'],
    ["tabs", "lan:\n\tport: 1\n", "agent.yaml:2:1: The file is broken YAML (Tabs are not allowed"],
    ["a name twice", "cluster: c1\nlan: {}\ncluster: c2\n", "agent.yaml:3:1: The file is holding a name twice"],
    ["a name twice in braces", "cluster: c1\nlan: {port: 1, port: 2}\n", "agent.yaml:2:16: The file is holding a name twice"],
    ["two documents", "cluster: c1\n---\ncluster: c2\n", "agent.yaml:2:1: The file is holding several documents"],
    ["a tag", "cluster: !!js/function x\n", "must be plain YAML without tags"],
    ["a name that is no text", "? [a]\n: b\n", "agent.yaml:1:3: The file is broken YAML"],
    ["an alias without its anchor", "cluster: *c\n", "an alias without its anchor"],
    ["aliases that would fill the memory", bomb(), "its aliases repeat too much"],
    ["nesting that would exhaust the stack", "[".repeat(100_000), "nested too deeply"],
    ["a byte that is not UTF-8", new Uint8Array([...utf8("cluster: c1\nlan: "), 0xff, 0x0a]), "agent.yaml:2:6: The file is not UTF-8 here, must be UTF-8"],
    ["a character cut off at the end", utf8("cluster: 存").subarray(0, 11), "agent.yaml:1:10: The file is not UTF-8 here"],
    ["a file that is too long", "#".repeat(CONFIG_BYTES_MOST + 1), `agent.yaml:1:1: The file is ${CONFIG_BYTES_MOST + 1} bytes long, must be at most ${CONFIG_BYTES_MOST} bytes long`],
  ];
  test.each(rows)("%s", (_, source, expected) => {
    expect(said(source)).toContain(expected);
  });

  test("a file of just the length that is allowed is read", () => {
    expect(said(`cluster: c1\n#${"#".repeat(CONFIG_BYTES_MOST - 13)}`)).toContain('"c1"');
  });
});

test("a fault without a place names the file alone", () => {
  expect(printFault({ file: "rules.yaml", line: 0, column: 0, path: "", found: "missing", expected: "there" })).toBe("rules.yaml: The file is missing, must be there");
});

test("a block may be repeated by an alias", () => {
  const opened = openYaml("a: &x [1]\nb: *x\n", "x.yaml");
  expect(opened.ok && opened.value.json).toEqual({ a: [1], b: [1] });
});

test("whatever bytes a file holds, it is read or refused, and every fault has a place inside it", () => {
  const yamlish = fc.array(fc.constantFrom("cluster", "lan", ": ", "\n", "  ", "- ", "[", "]", "{", "}", "&a", "*a", "!t", "\"", "'", "|", ">", "#", "---", "?", "\t", "c1", "存", "\u0000"), { maxLength: 40 });
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 100 }), yamlish.map((parts) => utf8(parts.join("")))), (bytes) => {
      const read = readYaml(bytes, { file: "x.yaml", schema: Form });
      const lines = new TextDecoder().decode(bytes).split("\n").length;
      if (read.ok) return;
      expect(read.fault.length).toBeGreaterThan(0);
      for (const { line, column } of read.fault) {
        expect(line).toBeGreaterThanOrEqual(1);
        expect(line).toBeLessThanOrEqual(lines + 1);
        expect(column).toBeGreaterThanOrEqual(1);
      }
    }),
    { seed: 12, numRuns: 3000 },
  );
});

/** Nine lists of nine aliases each: a thousand million entries. */
function bomb(): string {
  const row = (name: string, of: string): string => `${name}: &${name} [${Array(9).fill(of).join(", ")}]\n`;
  return row("a", "x") + "bcdefghi".split("").map((name, at) => row(name, `*${"abcdefgh"[at]}`)).join("");
}
