/** What `gapbell-client run` finds before it opens anything: keys, configuration, who sits here, and the desks to show on. */

import { hostname } from "node:os";
import type { Command } from "commander";
import type { Language } from "../alarm/language.ts";
import { hasNotify, openNotifyDesk } from "../io/desk-notify.ts";
import { openTerminalDesk, type TerminalDesk } from "../io/desk-terminal.ts";
import { hasWall, openWallDesk } from "../io/desk-wall.ts";
import type { openLog } from "../io/log.ts";
import { makeFolder } from "../io/state.ts";
import type { Desk } from "../port/desk.ts";
import { HOW_TO_JOIN } from "./client-find.ts";
import { addState, type ClientConfig, folderOf, readClientConfig, type StateOptions } from "./client-folders.ts";
import { type ClientKeys, readClientKeys } from "./client-keys.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { withExample } from "./main.ts";
import { coloured, readerOf } from "./terminal.ts";

export type Seat = "person" | "none" | "robot";

export type ClientSetup = {
  readonly state: string;
  readonly config: ClientConfig;
  readonly keys: ClientKeys;
  readonly host: string;
  readonly seat: Seat;
  readonly language: Language;
  readonly timezone: string;
  readonly terminal: boolean;
  readonly desktop: boolean;
  /** Lines on every terminal of this host. */
  readonly wall: boolean;
  /** Somebody looks at this terminal and can press keys. */
  readonly live: boolean;
};

type RunOptions = StateOptions & { readonly seat?: string; readonly desk?: string; readonly desktop: boolean; readonly terminal: boolean };

/** @param run the listener itself, until it is told to stop; returns the exit code */
export function addRun(program: Command, run: (setup: ClientSetup) => Promise<number>): void {
  const running = addState(program.command("run"))
    .description("listen, ring and acknowledge, until q, Ctrl-C or SIGTERM")
    .option("--seat <who>", "person: somebody sits here, whatever this host looks like; none: nobody does")
    .option("--desk <name>", "wall: write alarms to every terminal of this host (by itself where there is neither terminal nor desktop)")
    .option("--no-desktop", "no popups, and nothing to other terminals unless --desk wall says so")
    .option("--no-terminal", "nothing on standard output")
    .action(async (options: RunOptions) => {
      process.exitCode = await run(setupOf(options));
    });
  withExample(running, "gapbell-client run\ngapbell-client run --no-desktop --state ./li\ngapbell-client run --desk wall --seat person    # as a service on a jump host");
}

function setupOf(options: RunOptions): ClientSetup {
  if (options.seat !== undefined && options.seat !== "person" && options.seat !== "none") {
    throw new ExitFault(EXIT.usage, `The seat is "${options.seat}", must be person or none`);
  }
  if (options.desk !== undefined && options.desk !== "wall") throw new ExitFault(EXIT.usage, `The desk is "${options.desk}", must be wall`);
  const state = folderOf(options);
  const made = makeFolder(state);
  if (!made.ok) throw new ExitFault(EXIT.config, `Cannot make "${state}": ${made.fault.reason}`);
  const config = readClientConfig(state);
  const keys = readClientKeys(state);
  if (keys === undefined) throw new ExitFault(EXIT.config, `This listener has not joined a cluster (state folder "${state}")`, HOW_TO_JOIN);
  const reader = readerOf();
  const desktop = options.desktop && !keys.robot && hasNotify();
  const eyes = desktop || (options.terminal && process.stdout.isTTY === true);
  const wall = !keys.robot && (options.desk === "wall" || (options.desktop && !eyes && hasWall()));
  return {
    state, config, keys, host: hostname().slice(0, 64) || "unknown", terminal: options.terminal, desktop, wall,
    live: options.terminal && !keys.robot && process.stdin.isTTY === true && process.stdout.isTTY === true,
    // The warrant decides who is a robot; a person is believed where there is something to look at, or by word.
    seat: keys.robot ? "robot" : (options.seat ?? config.seat ?? (eyes ? "person" : "none")),
    language: config.language ?? reader.language, timezone: reader.timezone,
  };
}

/** Where a setup shows alarms. `note` puts a line beside them, where there is a live list that it must not tear. */
export type Desks = { readonly all: readonly Desk[]; readonly note: ((line: string) => void) | undefined; readonly close: () => void };

export function openDesks(
  setup: ClientSetup,
  { log, onTake, onQuit }: { readonly log: ReturnType<typeof openLog>; readonly onTake: (id: string) => void; readonly onQuit: () => void },
): Desks {
  const { language, timezone, keys, seat, live } = setup;
  const person = seat === "person";
  const terminal = setup.terminal
    ? openTerminalDesk({
      write: (text) => void process.stdout.write(text), live, colour: coloured(), person, columns: () => process.stdout.columns ?? 80, wall: () => Date.now(),
      language, timezone, operator: keys.operator, clusterName: keys.clusterName, onTake, onQuit,
    })
    : undefined;
  // Without any desk a person who is said to sit here is believed to read the command line or the lines of a script.
  const silent: Desk = { show: async () => person, summarize: async () => person, update: () => {}, hearing: () => {}, close: () => {} };
  const all = [
    ...(terminal === undefined ? [silent] : [terminal]),
    ...(setup.desktop ? [openNotifyDesk({ language, timezone, log })] : []),
    ...(setup.wall ? [openWallDesk({ language, timezone, person, log })] : []),
  ];
  const release = live && terminal !== undefined ? readKeys(terminal) : () => {};
  return {
    all, note: live ? terminal?.note : undefined,
    close: () => {
      release();
      for (const desk of all) desk.close();
    },
  };
}

function readKeys(desk: TerminalDesk): () => void {
  const take = (bytes: Buffer): void => desk.key(bytes.toString("utf8"));
  process.stdin.setRawMode(true);
  process.stdin.resume();
  process.stdin.on("data", take);
  return () => {
    process.stdin.off("data", take);
    process.stdin.setRawMode(false);
    process.stdin.pause();
  };
}
