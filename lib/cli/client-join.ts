/** The command that enrols this listener: an invite goes in, keys made here stay here, and the cluster's certificates come back. */

import { hostname } from "node:os";
import type { Command } from "commander";
import { toHex } from "../base/bytes.ts";
import { type Ms, seconds } from "../base/units.ts";
import { dice } from "../io/dice.ts";
import { lanSentence, openClientLan } from "../io/lan.ts";
import type { Address } from "../port/lan.ts";
import { composeJoin, type Disbelief, judgeJoined, type Membership } from "../trust/enrolment.ts";
import { type Invite, inviteSentence, parseInvite } from "../trust/invite.ts";
import { type Identity, KeyRing } from "../trust/keys.ts";
import { Opener } from "../trust/opener.ts";
import { nextEpoch, Sealer } from "../trust/sealer.ts";
import { addressOf, addState, type ClientConfig, folderOf, readClientConfig, type StateOptions } from "./client-folders.ts";
import { keepMembership, ownIdentity, readClientKeys } from "./client-keys.ts";
import { seekBody } from "./client-seek.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";
import { readSecretLines } from "./read-line.ts";

/** From the first JOIN to each repeat; after the last one has had its time, nobody is there. */
const JOIN_AT_MS: readonly Ms[] = [0, 500, 1500, 3000, 5000, 7500];
const JOIN_MS_MOST: Ms = seconds(10);
/** From then on by TCP as well: where UDP is blocked, nothing else comes through. */
const JOIN_BY_TCP_MS: Ms = 1500;

export function addJoin(program: Command): void {
  const join = addState(program.command("join"))
    .description("join a cluster by an invite, read from a file, from standard input or typed; never from the command line")
    .argument("[file]", "the file that gapbell-agent invite wrote; - or nothing: standard input")
    .option("--file <file>", "the same as the argument")
    .option("--agent <address>", "IPv4 address of the agent, where the invite's does not lead to it")
    .action(joinCluster);
  withExample(join, "gapbell-client join li.gapbell\ngapbell-agent invite --operator li | ssh laptop gapbell-client join");
}

async function joinCluster(argument: string | undefined, options: StateOptions & { readonly agent?: string; readonly file?: string }): Promise<void> {
  const file = argument ?? options.file;
  const state = folderOf(options);
  const config = readClientConfig(state);
  const held = readClientKeys(state);
  if (held !== undefined) {
    throw new ExitFault(EXIT.config, `This listener has joined cluster "${held.clusterName}" as ${held.operator} already`, "For another cluster or operator choose another state folder by --state");
  }
  const invite = parseInvite(await readSecretLines({ file, question: "Invite: " }));
  if (!invite.ok) throw new ExitFault(EXIT.usage, inviteSentence(invite.fault));
  const address = options.agent === undefined ? invite.value.address : addressOf(options.agent, config.lan.agentPort);
  const identity = ownIdentity(state);
  const joined = await exchange({ invite: invite.value, identity, config, address });
  keepMembership(state, joined.membership, joined.address);
  const { clusterName, warrant, agent } = joined.membership;
  if (options.json === true) return printJson({ cluster: clusterName, operator: warrant.operator, robot: warrant.robot, agent: agent.id, address: `${joined.address.host}:${joined.address.port}`, listener: identity.id });
  process.stdout.write(`Joined cluster "${clusterName}" as ${warrant.operator}${warrant.robot ? " (robot)" : ""}\nNow start the listener: gapbell-client run${options.state === undefined ? "" : ` --state ${options.state}`}\n`);
}

/** Says JOIN until it is answered. By broadcast it asks who else of that cluster is here, in case that the agent has moved. */
async function exchange({ invite, identity, config, address }: {
  readonly invite: Invite; readonly identity: Identity; readonly config: ClientConfig; readonly address: Address;
}): Promise<{ readonly membership: Membership; readonly address: Address }> {
  const ring = new KeyRing(identity);
  const opener = new Opener({ ring, side: "client" });
  const sealer = new Sealer({ ring, epoch: nextEpoch({ stored: 0n, wallMs: Date.now(), random16: new DataView(dice.bytes(2).buffer).getUint16(0) }) });
  const nonce = dice.bytes(16);
  const join = composeJoin({ invite, own: identity, nonce, host: hostname().slice(0, 64) || "unknown" });
  const places = new Map<string, Address>([[`${address.host}:${address.port}`, address]]);
  let refusal: Disbelief | undefined;
  const done = Promise.withResolvers<{ readonly membership: Membership; readonly address: Address } | Disbelief | undefined>();

  const lan = await openClientLan({
    broadcastPort: config.lan.broadcastPort, agentPort: config.lan.agentPort, named: config.lan.interfaces, multicast: config.lan.multicast, onChange: () => {},
    onDatagram: (datagram, from) => {
      const opened = opener.open(datagram, from.host, performance.now());
      if (!opened.ok) return;
      const { message } = opened.value;
      if (message.kind === "beacon" && message.body.cluster === Buffer.from(invite.cluster).toString("base64url")) {
        places.set(`${from.host}:${message.body.port}`, { host: from.host, port: message.body.port });
      }
      if (message.kind !== "joined") return;
      const judged = judgeJoined(message.body, { invite, own: identity, nonce });
      // Anybody can answer that we are refused; only the cluster can answer that we are not: the refusal waits for the others.
      if (judged.ok) done.resolve({ membership: judged.value, address: { host: from.host, port: from.port } });
      else refusal ??= judged.fault;
    },
  });
  if (!lan.ok) throw new ExitFault(EXIT.unavailable, lanSentence(lan.fault));
  const timers = JOIN_AT_MS.map((at) => setTimeout(() => {
    if (refusal?.kind === "refused") return done.resolve(refusal);
    const sealed = sealer.seal({ kind: "join", body: join }, { kind: "clear" }, { broadcast: false, repeat: at > 0, deflate: false });
    const seek = sealer.seal({ kind: "seek", body: seekBody(identity) }, { kind: "clear" }, { broadcast: true, repeat: at > 0, deflate: false });
    if (sealed.ok) {
      for (const place of places.values()) {
        lan.value.send(sealed.value, place);
        if (config.lan.tcp && at >= JOIN_BY_TCP_MS) lan.value.send(sealed.value, { ...place, road: "tcp" });
      }
    }
    if (seek.ok && at > 0) lan.value.broadcast(seek.value);
  }, at));
  timers.push(setTimeout(() => done.resolve(refusal), JOIN_MS_MOST));
  const outcome = await done.promise;
  for (const timer of timers) clearTimeout(timer);
  lan.value.close();
  if (outcome !== undefined && "membership" in outcome) return outcome;
  throw unjoined(outcome, { invite, address });
}

function unjoined(why: Disbelief | undefined, { invite, address }: { readonly invite: Invite; readonly address: Address }): ExitFault {
  const at = `${address.host}:${address.port}`;
  if (why === undefined) {
    return new ExitFault(EXIT.unavailable, `No answer from the agent at ${at} within ${JOIN_MS_MOST / 1000} s`, 'Is "gapbell-agent run" running there, and does UDP or TCP reach it? "gapbell-client find" lists the agents heard here; --agent names another address');
  }
  switch (why.kind) {
    case "refused":
      return new ExitFault(EXIT.failed, `The agent refuses: ${why.reason}`);
    case "incomplete":
      return new ExitFault(EXIT.failed, `The agent at ${at} answers without its certificates: is it of a newer version`);
    case "another cluster":
      return new ExitFault(EXIT.failed, `The agent at ${at} is not of the cluster ${toHex(invite.cluster).slice(0, 8)} that the invite names`);
    case "forged":
      return new ExitFault(EXIT.failed, `The answer cannot be believed: its ${why.what} is not signed as it must be`);
  }
}

