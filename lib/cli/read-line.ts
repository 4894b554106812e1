/** Strings that let somebody in: read from a file, from standard input or typed, never from the command line. */

import { readFileSync } from "node:fs";
import { EXIT, ExitFault } from "./exit.ts";
import { askHidden, canAsk } from "./terminal.ts";

/** Longer than any invite or join string; what follows is not read. */
const CHARACTERS_MOST = 65_536;

type Asked = {
  readonly file: string | undefined;
  readonly question: string;
  /** Where longer texts than an invite are meant. */
  readonly charactersMost?: number;
};

/**
 * @param file a path, or `-` or undefined for standard input; on a terminal the person is asked
 * @param question "Paste the line: "
 */
export async function readSecretLines({ file, question, charactersMost = CHARACTERS_MOST }: Asked): Promise<string> {
  if (file !== undefined && file !== "-") return fromFile(file, charactersMost);
  if (!canAsk()) return (await Bun.stdin.text()).slice(0, charactersMost);
  const answer = await askHidden(question);
  if (answer === undefined) throw new ExitFault(EXIT.failed, "Nothing was given");
  return answer;
}

function fromFile(path: string, charactersMost: number): string {
  try {
    return readFileSync(path, "utf8").slice(0, charactersMost);
  } catch (thrown) {
    throw new ExitFault(EXIT.usage, `Cannot read "${path}": ${reasonOf(thrown)}`);
  }
}

/** The system's own words carry codes and names of calls that help nobody at three in the morning. */
function reasonOf(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  switch (code) {
    case "ENOENT": return "there is no such file";
    case "EISDIR": return "it is a folder, must be a file";
    case "EACCES": return "this user may not, and must be allowed to read it";
    default: return thrown instanceof Error ? thrown.message : String(thrown);
  }
}
