/** The command line of `gapbell-client`: every command, and the one that the entry brings along. */

import type { Command } from "commander";
import { addClientDoctor } from "./client-doctor.ts";
import { addFind } from "./client-find.ts";
import { addJoin } from "./client-join.ts";
import { addListen } from "./client-listen.ts";
import { addRun, type ClientSetup } from "./client-run.ts";
import { addClientView } from "./client-view.ts";
import { newProgram } from "./main.ts";

/** @param run the listener itself, until it is told to stop; returns the exit code */
export function clientProgram({ run }: { readonly run: (setup: ClientSetup) => Promise<number> }): Command {
  const program = newProgram({
    name: "gapbell-client",
    about: "Hears the alarms of a cluster on the LAN, rings for its operator, and carries the acknowledgement back.",
    example: "gapbell-client find\ngapbell-client join li.gapbell\ngapbell-client run",
  });
  addRun(program, run);
  addJoin(program);
  addFind(program);
  addClientDoctor(program);
  addListen(program);
  addClientView(program);
  return program;
}
