/** Speaks to the running listener over its socket, and turns every answer that is not what was wished for into an exit. */

import { join } from "node:path";
import type { Reply } from "../port/tickets.ts";
import { askLocal, type LocalFault } from "../io/local.ts";
import { CLIENT_FILES } from "./client-folders.ts";
import { HOW_TO_JOIN } from "./client-find.ts";
import { readClientKeys } from "./client-keys.ts";
import { EXIT, ExitFault, type ExitCode } from "./exit.ts";
import { record } from "./agent-ask.ts";

export async function askClient(
  { state, option }: { readonly state: string; readonly option: string | undefined },
  ask: { readonly method: "GET" | "POST"; readonly route: string; readonly body?: unknown },
): Promise<Reply> {
  const asked = await askLocal(join(state, CLIENT_FILES.socket), ask);
  if (!asked.ok) throw notRunning(asked.fault, { state, option });
  const { status, body } = asked.value;
  if (status >= 200 && status < 300) return asked.value;
  const { error, expected } = record(body);
  const sentence = typeof error === "string" ? error : `The listener answers ${status} without a reason`;
  throw new ExitFault(codeOf(status), typeof expected === "string" && expected !== "" ? `${sentence} (${expected})` : sentence);
}

/** @param option what was given by --state, so that the command to type is complete */
export function notRunning(fault: LocalFault, { state, option }: { readonly state: string; readonly option: string | undefined }): ExitFault {
  const start = `gapbell-client run${option === undefined ? "" : ` --state ${option}`}`;
  switch (fault.kind) {
    case "nobody":
      return new ExitFault(EXIT.unavailable, "No listener is running here", readClientKeys(state) === undefined ? `${HOW_TO_JOIN}\nThen start it: ${start}` : `Start one: ${start}`);
    case "forbidden":
      return new ExitFault(EXIT.unavailable, `The listener at "${fault.path}" belongs to another user`, "Run this command as that user");
    case "taken":
      return new ExitFault(EXIT.temporary, `Another listener answers at "${fault.path}"`);
    case "pathTooLong":
      return new ExitFault(EXIT.usage, `Cannot use "${fault.path}" as a socket: the path has ${fault.bytes} bytes; choose a shorter state folder by --state`);
    case "brokenOff":
      return new ExitFault(EXIT.temporary, `The conversation with the listener broke off: ${fault.reason}`);
  }
}

/** An id that names nothing is bad data; one that names several, bad usage. */
function codeOf(status: number): ExitCode {
  if (status === 404) return EXIT.data;
  if (status >= 500) return EXIT.temporary;
  return EXIT.usage;
}
