/** The command line of `gapbell-agent`: every command, and the one that the entry brings along. */

import type { Command } from "commander";
import { addApprove } from "./agent-approve.ts";
import { addCheck } from "./agent-check.ts";
import { addAgentDoctor } from "./agent-doctor.ts";
import { addFolders, type AgentFolders, type FolderOptions, foldersOf } from "./agent-folders.ts";
import { addFloor } from "./agent-floor.ts";
import { addInit } from "./agent-init.ts";
import { addInvite } from "./agent-invite.ts";
import { addJoinRelay } from "./agent-join-relay.ts";
import { addPair } from "./agent-pair.ts";
import { addReport } from "./agent-report.ts";
import { addRevoke } from "./agent-revoke.ts";
import { addSshKey } from "./agent-ssh.ts";
import { addView } from "./agent-view.ts";
import { newProgram, withExample } from "./main.ts";

/** @param run the agent itself, until it is told to stop; returns the exit code */
export function agentProgram({ run }: { readonly run: (folders: AgentFolders) => Promise<number> }): Command {
  const program = newProgram({
    name: "gapbell-agent",
    about: "Takes alarms in, rings the operators responsible on the LAN, and tells them outside if nobody acknowledges.",
    example: "gapbell-agent init --cluster c1 --operator li --mail li@example.com\ngapbell-agent run",
  });
  const running = addFolders(program.command("run"))
    .description("run the agent until SIGTERM or Ctrl-C; SIGHUP reads the configuration again")
    .action(async (options: FolderOptions) => {
      process.exitCode = await run(foldersOf(options));
    });
  withExample(running, "gapbell-agent run --state /var/lib/gapbell-agent");
  addCheck(program);
  addAgentDoctor(program);
  addFloor(program);
  addInit(program);
  addInvite(program);
  addApprove(program);
  addJoinRelay(program);
  addPair(program);
  addReport(program);
  addRevoke(program);
  addSshKey(program);
  addView(program);
  return program;
}
