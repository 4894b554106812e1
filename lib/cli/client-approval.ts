/** Joining by approval, at the listener: finds the agent, shows the code, and asks until the administrator has let it in. */

import { fromBase64, toBase64 } from "../base/bytes.ts";
import { type Ms, seconds } from "../base/units.ts";
import { dice } from "../io/dice.ts";
import type { Address } from "../port/lan.ts";
import { type Asking, codeOf, commitmentOf, composeCommit, judgeApproved, type Offer, transcriptOf } from "../trust/approval.ts";
import type { Disbelief, Membership } from "../trust/enrolment.ts";
import { clusterIdOf, type Identity, type PeerId } from "../trust/keys.ts";
import type { Opened } from "../trust/opener.ts";
import type { Body } from "../wire/message.ts";
import type { ClientConfig } from "./client-folders.ts";
import { agentsHeard, foundLines, nobodyHeard } from "./client-find.ts";
import { durationText } from "./duration.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson } from "./main.ts";
import { hostName, openStranger } from "./stranger.ts";
import { plain } from "./table.ts";
import { coloured, paint } from "./terminal.ts";

const FIND_MS: Ms = seconds(2);
/** An agent takes one newcomer of a host every 10 s: whoever comes sooner is let wait. */
const OFFER_MS_MOST: Ms = seconds(25);
const ASK_EVERY_MS: Ms = seconds(2);
/** As long as an agent keeps the request. */
const APPROVAL_MS_MOST: Ms = 600_000;
/** Three questions without an answer. */
const SILENT_MS: Ms = seconds(6);
const OPERATOR_CHARACTERS_MOST = 32;

export type Joined = { readonly membership: Membership; readonly address: Address };
/** Somebody has answered what cannot be believed. `cluster`: id of the one that was asked */
export type Unjoined = { readonly why: Disbelief; readonly address: Address; readonly cluster: Uint8Array };

type Place = { readonly address: Address; readonly name: string };

/** Throws an `ExitFault` where nobody is found, answers, or approves. */
export async function askApproval({ identity, config, agent, operator, json }: {
  readonly identity: Identity; readonly config: ClientConfig; readonly agent: Address | undefined; readonly operator: string; readonly json: boolean;
}): Promise<Joined | Unjoined> {
  if ([...operator].length > OPERATOR_CHARACTERS_MOST) throw new ExitFault(EXIT.usage, `--operator has ${[...operator].length} characters, must have at most ${OPERATOR_CHARACTERS_MOST}`);
  const place = agent === undefined ? await onlyCluster(config) : { address: agent, name: `${agent.host}:${agent.port}` };
  const asking: Asking = { ed: toBase64(identity.ed), x: toBase64(identity.x), nonce: toBase64(dice.bytes(16)), host: hostName(), operator };
  let hear: (opened: Opened, from: Address) => void = () => {};
  const stranger = await openStranger({ identity, lan: config.lan }, (opened, from) => hear(opened, from));
  const heard = (take: typeof hear): void => void (hear = take);
  const ask = (revealed: boolean): void => stranger.say({ kind: "commit", body: composeCommit(asking, { revealed }) }, place.address);
  try {
    const { offer, voice } = await offered({ asking, place, heard, ask: () => ask(false) });
    const code = codeOf(transcriptOf(asking, offer));
    show(code, { place, operator, json });
    return await approved({ asking, offer, voice, identity, place, heard, ask: () => ask(true) }, json ? () => {} : progress());
  } finally {
    stranger.close();
  }
}

/** Where several clusters are heard a person must choose: one of them may be an impostor. */
async function onlyCluster(config: ClientConfig): Promise<Place> {
  const found = await agentsHeard({ lan: config.lan, agents: config.agents, forMs: FIND_MS });
  const [first] = found;
  if (first === undefined) throw nobodyHeard();
  if (found.some(({ cluster }) => cluster !== first.cluster)) {
    throw new ExitFault(EXIT.usage, `${new Set(found.map(({ cluster }) => cluster)).size} clusters are heard here:\n${foundLines(found).join("\n")}`, "Choose one: gapbell-client join --approve --agent ADDRESS");
  }
  return { address: { host: first.host, port: first.port }, name: `${plain(first.agent)} at ${first.host}:${first.port}, cluster "${plain(first.name)}"` };
}

type Conversation = { readonly asking: Asking; readonly place: Place; readonly heard: (take: (opened: Opened, from: Address) => void) => void; readonly ask: () => void };

/** Commits, until an agent has said its nonce. The first answer counts: with a second one somebody could choose among codes. */
async function offered({ asking, place, heard, ask }: Conversation): Promise<{ readonly offer: Offer; readonly voice: PeerId }> {
  const commit = commitmentOf(asking);
  let refused: string | undefined;
  const done = Promise.withResolvers<{ readonly offer: Offer; readonly voice: PeerId } | undefined>();
  heard(({ message, sender: voice }) => {
    if (message.kind !== "pending" || message.body.commit !== commit) return;
    refused = message.body.refused ?? refused;
    const offer = offerOf(message.body);
    if (offer !== undefined) done.resolve({ offer, voice });
  });
  const answer = await until(done, { ask, forMs: OFFER_MS_MOST });
  if (answer !== undefined) return answer;
  if (refused !== undefined) throw new ExitFault(EXIT.temporary, `The agent takes nobody in now: ${plain(refused)}`, "Try again in a few minutes, or ask for an invite");
  throw unanswered(place.address, OFFER_MS_MOST);
}

function offerOf({ key: ed, cluster, x, nonce }: Body<"pending">): Offer | undefined {
  return cluster === undefined || x === undefined || nonce === undefined ? undefined : { ed, cluster, x, nonce };
}

/** Reveals, again and again, until the agent says that it is let in or that it knows nothing of it. */
async function approved({ asking, offer, voice, identity: own, place: { address }, heard, ask }: Conversation & {
  readonly offer: Offer; readonly voice: PeerId; readonly identity: Identity;
}, tell: (state: "kept" | "silent" | "over") => void): Promise<Joined | Unjoined> {
  const commit = commitmentOf(asking);
  let heardAt = performance.now();
  const done = Promise.withResolvers<Joined | Unjoined | { readonly lost: string } | undefined>();
  heard(({ message, sender }, from) => {
    // What others say is not said by the one whose keys are in the code.
    if (sender !== voice) return;
    heardAt = performance.now();
    if (message.kind === "pending" && message.body.commit === commit && message.body.refused !== undefined) done.resolve({ lost: message.body.refused });
    if (message.kind !== "joined" || message.body.nonce !== asking.nonce) return;
    const judged = judgeApproved(message.body, { asking, offer, own });
    done.resolve(judged.ok ? { membership: judged.value, address: { host: from.host, port: from.port } } : { why: judged.fault, address, cluster: clusterIdOf(fromBase64(offer.cluster) ?? new Uint8Array()) });
  });
  const askAndTell = (): void => {
    ask();
    tell(performance.now() < heardAt + SILENT_MS ? "kept" : "silent");
  };
  const outcome = await until(done, { ask: askAndTell, forMs: APPROVAL_MS_MOST });
  tell("over");
  const again = "Ask again, for another code: gapbell-client join --approve";
  if (outcome === undefined) throw new ExitFault(EXIT.temporary, `Nobody has approved within ${APPROVAL_MS_MOST / 60_000} minutes`, again);
  if ("lost" in outcome) throw new ExitFault(EXIT.temporary, `The agent does not keep this request: ${plain(outcome.lost)}`, again);
  return outcome;
}

/** @returns undefined where the time is over */
async function until<Value>(done: PromiseWithResolvers<Value | undefined>, { ask, forMs }: { readonly ask: () => void; readonly forMs: Ms }): Promise<Value | undefined> {
  ask();
  const asking = setInterval(ask, ASK_EVERY_MS);
  const end = setTimeout(() => done.resolve(undefined), forMs);
  const value = await done.promise;
  clearInterval(asking);
  clearTimeout(end);
  return value;
}

export function unanswered({ host, port }: Address, withinMs: Ms): ExitFault {
  return new ExitFault(
    EXIT.unavailable, `No answer from the agent at ${host}:${port} within ${withinMs / 1000} s`,
    'Is "gapbell-agent run" running there, and does UDP or TCP reach it? "gapbell-client find" lists the agents heard here; --agent names another address',
  );
}

/** Large enough to be read to somebody over the telephone. */
function show(code: string, { place, operator, json }: { readonly place: Place; readonly operator: string; readonly json: boolean }): void {
  const command = `gapbell-agent approve ${code} --operator ${operator === "" ? "NAME" : operator}`;
  if (json) return printJson({ code, agent: place.name, command });
  const large = paint([...code].join(" "), { code: 1, on: coloured() });
  process.stdout.write(`The code of this listener:\n\n    ${large}\n\nAsking ${place.name}. There the administrator types:\n\n    ${command}\n\nWaiting for ${APPROVAL_MS_MOST / 60_000} minutes; Ctrl-C gives up\n`);
}

/** A line on a terminal that tells how long it still waits; silence in a pipe. */
function progress(): (state: "kept" | "silent" | "over") => void {
  if (process.stderr.isTTY !== true) return () => {};
  const end = performance.now() + APPROVAL_MS_MOST;
  return (state) => {
    const left = durationText(Math.max(0, Math.round((end - performance.now()) / 1000)) * 1000);
    const line = state === "kept" ? `Waiting for approval, ${left} left` : `The agent is silent; still asking, ${left} left`;
    process.stderr.write(state === "over" ? "\r\u001b[K" : `\r\u001b[K${line}`);
  };
}
