/** The keys of an agent that has asked to ring for a cluster, as they wait in its state folder for the grant. */

import { existsSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { fromBase64, toBase64 } from "../base/bytes.ts";
import { dice } from "../io/dice.ts";
import { readSecretText, secretSentence } from "../io/secrets.ts";
import { type Identity, identityFrom } from "../trust/keys.ts";
import type { AgentFolders } from "./agent-folders.ts";
import { AgentName } from "./agent-form.ts";
import { makeFolders, write } from "./agent-set-up.ts";
import { EXIT, ExitFault } from "./exit.ts";

export const REQUEST_FILE = "pair.request";

type Requested = { readonly agent: string; readonly identity: Identity; /** As `voice.seeds` has them. */ readonly seeds: { readonly ed: string; readonly x: string } };

/** Asking twice is asking the same: the first text may have been lost. @param named `--agent` */
export function keepRequest(folders: AgentFolders, named: string | undefined): Requested {
  const path = join(folders.state, REQUEST_FILE);
  if (!existsSync(path)) return newRequest(folders, named);
  const held = readRequest(folders);
  if (named === undefined || named === held.agent) return held;
  throw new ExitFault(EXIT.failed, `A request of agent ${JSON.stringify(held.agent)} waits here already`, `Remove "${path}" to ask under another name`);
}

/** Throws an `ExitFault` where nothing was asked here. */
export function readRequest({ state }: Pick<AgentFolders, "state">): Requested {
  const path = join(state, REQUEST_FILE);
  const read = readSecretText(path);
  if (!read.ok) throw new ExitFault(EXIT.config, read.fault.kind === "missing" ? "No request was made on this host" : secretSentence(read.fault), "Begin with: gapbell-agent pair ask --agent NAME");
  const [agent = "", ed = "", x = ""] = read.value.split(" ");
  const [edSeed, xSeed] = [fromBase64(ed), fromBase64(x)];
  if (edSeed?.length !== 32 || xSeed?.length !== 32) throw new ExitFault(EXIT.config, `Cannot use "${path}": it is not the file that "pair ask" wrote`, "Remove it and ask again");
  return { agent, identity: identityFrom({ ed: edSeed, x: xSeed }), seeds: { ed, x } };
}

function newRequest(folders: AgentFolders, named: string | undefined): Requested {
  const agent = named ?? hostname().split(".")[0] ?? "";
  const name = AgentName.safeParse(agent);
  if (!name.success) throw new ExitFault(EXIT.usage, `--agent is ${JSON.stringify(agent)}, must be ${name.error.issues[0]?.message ?? "a name"}`);
  const seeds = { ed: dice.bytes(32), x: dice.bytes(32) };
  makeFolders(folders);
  const written = { ed: toBase64(seeds.ed), x: toBase64(seeds.x) };
  write(join(folders.state, REQUEST_FILE), `${agent} ${written.ed} ${written.x}\n`);
  return { agent, identity: identityFrom(seeds), seeds: written };
}
