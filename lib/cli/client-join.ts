/** The command that enrols this listener, by an invite or by approval: keys made here stay here, and the cluster's certificates come back. */

import { join } from "node:path";
import type { Command } from "commander";
import { toBase64, toHex } from "../base/bytes.ts";
import { type Ms, seconds } from "../base/units.ts";
import { dice } from "../io/dice.ts";
import { lockOwner } from "../io/owner.ts";
import type { Address } from "../port/lan.ts";
import { composeJoin, type Disbelief, judgeJoined } from "../trust/enrolment.ts";
import { type Invite, inviteSentence, parseInvite } from "../trust/invite.ts";
import { clusterIdOf, type Identity, identityFrom } from "../trust/keys.ts";
import { askApproval, type Joined, unanswered, type Unjoined } from "./client-approval.ts";
import { addressOf, addState, CLIENT_FILES, type ClientConfig, folderOf, readClientConfig, type StateOptions } from "./client-folders.ts";
import { type ClientKeys, keepMembership, newSeeds, ownIdentity, readClientKeys } from "./client-keys.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";
import { readSecretLines } from "./read-line.ts";
import { hostName, openStranger } from "./stranger.ts";
import { canAsk } from "./terminal.ts";

/** From the first JOIN to each repeat; after the last one has had its time, nobody is there. */
export const JOIN_AT_MS: readonly Ms[] = [0, 500, 1500, 3000, 5000, 7500];
export const JOIN_MS_MOST: Ms = seconds(10);

type JoinOptions = StateOptions & { readonly agent?: string; readonly file?: string; readonly approve?: boolean; readonly anew?: boolean; readonly operator?: string };

export function addJoin(program: Command): void {
  const join = addState(program.command("join"))
    .description("join a cluster: by an invite, read from a file, from standard input or typed, never from the command line; or by approval, with nothing to type here")
    .argument("[file]", "the file that gapbell-agent invite wrote; - or nothing: standard input")
    .option("--file <file>", "the same as the argument")
    .option("--approve", "without an invite: shows a code and waits until the administrator has typed it on the agent's host")
    .option("--operator <name>", "with --approve: for whom to ask; the administrator decides")
    .option("--anew", "in the place of what this listener is now: it was revoked, or the agent's database was lost")
    .option("--agent <address>", "IPv4 address of the agent, where the invite's does not lead to it, or several clusters are heard")
    .action(joinCluster);
  withExample(join, "gapbell-client join li.gapbell\ngapbell-client join --approve\ngapbell-agent invite --operator li | ssh laptop gapbell-client join");
}

async function joinCluster(argument: string | undefined, options: JoinOptions): Promise<void> {
  const state = folderOf(options);
  const config = readClientConfig(state);
  const held = readClientKeys(state);
  if (held !== undefined && options.anew !== true) {
    throw new ExitFault(EXIT.config, `This listener has joined cluster "${held.clusterName}" as ${held.operator} already`, "For another cluster or operator choose another state folder by --state; where the agent does not know this listener any more, give --anew");
  }
  if (lockOwner(join(state, CLIENT_FILES.store)) !== undefined) throw new ExitFault(EXIT.temporary, "The listener runs, with the keys that it has now", "Stop it, join, and start it again");
  const invite = await inviteOf(argument ?? options.file, options);
  if (invite !== undefined) refuseAnother(held, invite.cluster);
  const agent = options.agent === undefined ? undefined : addressOf(options.agent, config.lan.agentPort);
  // A key that was revoked is never believed again.
  const anew = held === undefined ? undefined : newSeeds();
  const identity = anew === undefined ? ownIdentity(state) : identityFrom(anew);
  const joined = invite === undefined
    ? await askApproval({ identity, config, agent, operator: options.operator ?? "", json: options.json === true })
    : await exchange({ invite, identity, config, address: agent ?? invite.address });
  if ("why" in joined) throw unbelieved(joined.why, joined);
  refuseAnother(held, clusterIdOf(joined.membership.clusterKey));
  keepMembership(state, joined.membership, { address: joined.address, anew });
  const { clusterName, warrant, agent: voice } = joined.membership;
  if (options.json === true) return printJson({ cluster: clusterName, operator: warrant.operator, robot: warrant.robot, agent: voice.id, address: `${joined.address.host}:${joined.address.port}`, listener: identity.id });
  process.stdout.write(`Joined cluster "${clusterName}" as ${warrant.operator}${warrant.robot ? " (robot)" : ""}\nNow start the listener: gapbell-client run${options.state === undefined ? "" : ` --state ${options.state}`}\n`);
}

/** What is here of one cluster never takes part in another. */
function refuseAnother(held: ClientKeys | undefined, cluster: Uint8Array): void {
  if (held === undefined || held.cluster === toBase64(cluster)) return;
  throw new ExitFault(EXIT.config, `That is another cluster than "${held.clusterName}"`, "For another cluster choose another state folder by --state");
}

/** @returns undefined where there is none, because approval is wished for: by the option, or by Enter where a person is asked */
async function inviteOf(file: string | undefined, { approve, operator }: JoinOptions): Promise<Invite | undefined> {
  if (approve === true && file !== undefined) throw new ExitFault(EXIT.usage, "An invite and --approve are two ways to join: give one of them");
  if (approve === true) return undefined;
  const text = await readSecretLines({ file, question: "Invite (Enter alone: ask for approval): " });
  if (file === undefined && text.trim() === "" && canAsk()) return undefined;
  if (operator !== undefined) throw new ExitFault(EXIT.usage, "--operator goes with --approve: an invite says itself whose listener this is");
  const invite = parseInvite(text);
  if (invite.ok) return invite.value;
  throw new ExitFault(EXIT.usage, inviteSentence(invite.fault), text.trim() === "" ? "Without an invite: gapbell-client join --approve" : "");
}

/** Says JOIN until it is answered. By broadcast it asks who else of that cluster is here, in case that the agent has moved. */
async function exchange({ invite, identity, config, address }: {
  readonly invite: Invite; readonly identity: Identity; readonly config: ClientConfig; readonly address: Address;
}): Promise<Joined | Unjoined> {
  const nonce = dice.bytes(16);
  const body = composeJoin({ invite, own: identity, nonce, host: hostName() });
  const places = new Map<string, Address>([[`${address.host}:${address.port}`, address]]);
  let refusal: Disbelief | undefined;
  const done = Promise.withResolvers<Joined | Disbelief | undefined>();
  const stranger = await openStranger({ identity, lan: config.lan }, ({ message }, from) => {
    if (message.kind === "beacon" && message.body.cluster === toBase64(invite.cluster)) places.set(`${from.host}:${message.body.port}`, { host: from.host, port: message.body.port });
    if (message.kind !== "joined") return;
    const judged = judgeJoined(message.body, { invite, own: identity, nonce });
    // Anybody can answer that we are refused; only the cluster can answer that we are not: the refusal waits for the others.
    if (judged.ok) done.resolve({ membership: judged.value, address: { host: from.host, port: from.port } });
    else refusal ??= judged.fault;
  });
  const timers = JOIN_AT_MS.map((at) => setTimeout(() => {
    if (refusal?.kind === "refused") return done.resolve(refusal);
    for (const place of places.values()) stranger.say({ kind: "join", body }, place);
    if (at > 0) stranger.seek([]);
  }, at));
  timers.push(setTimeout(() => done.resolve(refusal), JOIN_MS_MOST));
  const outcome = await done.promise;
  for (const timer of timers) clearTimeout(timer);
  stranger.close();
  if (outcome === undefined) throw unanswered(address, JOIN_MS_MOST);
  return "membership" in outcome ? outcome : { why: outcome, address, cluster: invite.cluster };
}

function unbelieved(why: Disbelief, { address, cluster }: Unjoined): ExitFault {
  const at = `${address.host}:${address.port}`;
  switch (why.kind) {
    case "refused":
      return new ExitFault(EXIT.failed, `The agent refuses: ${why.reason}`);
    case "incomplete":
      return new ExitFault(EXIT.failed, `The agent at ${at} answers without its certificates: is it of a newer version`);
    case "another cluster":
      return new ExitFault(EXIT.failed, `The agent at ${at} is not of the cluster ${toHex(cluster).slice(0, 8)} that was asked`);
    case "forged":
      return new ExitFault(EXIT.failed, `The answer cannot be believed: its ${why.what} is not signed as it must be`);
  }
}
