/** Speaks to the running agent over its socket, and turns every answer that is not what was wished for into an exit. */

import { join } from "node:path";
import { askLocal, localSentence } from "../io/local.ts";
import { EXIT, ExitFault, type ExitCode } from "./exit.ts";

/** The agent's socket in its state folder. */
export const AGENT_SOCKET = "agent.sock";

type Ask = { readonly method: "GET" | "POST"; readonly route: string; readonly body?: unknown };

/** @returns the body of the answer. Throws an `ExitFault` with the agent's own words where it is no 2xx. */
export async function askAgent(state: string, ask: Ask): Promise<Readonly<Record<string, unknown>>> {
  const asked = await askLocal(join(state, AGENT_SOCKET), ask);
  if (!asked.ok) {
    const code = asked.fault.kind === "brokenOff" ? EXIT.temporary : EXIT.unavailable;
    throw new ExitFault(code, localSentence(asked.fault, "gapbell-agent"));
  }
  const { status, body } = asked.value;
  if (status >= 200 && status < 300) return record(body);
  throw new ExitFault(codeOf(status), sentenceOf(status, record(body)));
}

/** A body whose form nobody has checked, as something whose fields can be looked for. */
export function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Readonly<Record<string, unknown>>) : {};
}

/** A list inside such a body; empty where there is none. */
export function records(value: unknown): readonly Readonly<Record<string, unknown>>[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function codeOf(status: number): ExitCode {
  return status >= 500 ? EXIT.temporary : EXIT.failed;
}

function sentenceOf(status: number, body: Readonly<Record<string, unknown>>): string {
  const { error, expected, refused } = body;
  const [first] = records(refused);
  if (first !== undefined) return `The agent refuses the report: ${first["field"]} is ${first["found"]}, must be ${first["expected"]}`;
  if (typeof error !== "string") return `The agent answers ${status} without a reason`;
  return typeof expected === "string" && expected !== "" ? `${error}; expected ${expected}` : error;
}
