/** The listener's commands without a listener: what a mistake of usage is told. What they do is tested on the binary. */

import { expect, test } from "bun:test";
import { clientProgram } from "../../lib/cli/client-commands.ts";
import { command } from "../support/in-process-command.ts";
import { tempFolder } from "../support/temp-folder.ts";

const WRONG: readonly (readonly [name: string, words: readonly string[], said: string])[] = [
  ["an invite that is not there", ["join", "/nowhere/li.gapbell"], 'Cannot read "/nowhere/li.gapbell": there is no such file'],
  ["an invite that is a folder", ["join", "/"], 'Cannot read "/": it is a folder, must be a file'],
  ["an interface that is not here", ["find", "--interface", "nope0"], '--interface is "nope0", must be one that is up and has an IPv4 address here: '],
  ["an empty id", ["ack", ""], 'The id is empty, must be the first characters of one that "list" prints'],
  ["a forgotten id", ["ack"], "(gapbell-client ack --help prints its arguments and an example)"],
];

test.each(WRONG)("%s is a mistake of usage", async (_, words, said) => {
  using folder = tempFolder();
  const { code, out, err } = await command(clientProgram({ run: async () => 0 }), [...words, "--state", folder.path]);
  expect({ code, out }).toEqual({ code: 64, out: "" });
  expect(err).toContain(said);
});

test.each(["run", "join", "find", "doctor", "listen", "list", "ack", "status"])("%s says how it may end", async (name) => {
  expect((await command(clientProgram({ run: async () => 0 }), [name, "--help"])).out).toContain("Exit codes:\n   0  done\n");
});
