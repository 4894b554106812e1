/** Joins a cluster by an invite: makes the keys here, asks the agent, and believes it only by the cluster's key. */

import { hostname } from "node:os";
import { fail, ok, type Result } from "../base/result.ts";
import { type Ms, seconds } from "../base/units.ts";
import { dice } from "../io/dice.ts";
import { lanSentence, openClientLan } from "../io/lan.ts";
import { composeJoin, type Disbelief, judgeJoined, type Membership } from "../trust/enrolment.ts";
import { inviteSentence, parseInvite } from "../trust/invite.ts";
import { identityFrom, KeyRing } from "../trust/keys.ts";
import { Opener } from "../trust/opener.ts";
import { nextEpoch, Sealer } from "../trust/sealer.ts";
import type { ClientConfig } from "./client-config.ts";
import { keepMembership } from "./client-keys.ts";
import { EXIT, ExitFault } from "./exit.ts";

const ASK_EVERY_MS: Ms = seconds(1);
const WITHIN_MS: Ms = seconds(10);

/** @returns what was joined. Throws an `ExitFault` that says what to do. */
export async function joinCluster(state: string, text: string, { lan }: ClientConfig): Promise<Membership> {
  const invite = parseInvite(text);
  if (!invite.ok) throw new ExitFault(EXIT.usage, inviteSentence(invite.fault));
  const seeds = { ed: dice.bytes(32), x: dice.bytes(32) };
  const own = identityFrom(seeds);
  const nonce = dice.bytes(16);
  const ring = new KeyRing(own);
  const opener = new Opener({ ring, side: "client" });
  const sealer = new Sealer({ ring, epoch: nextEpoch({ stored: 0n, wallMs: Date.now(), random16: 0 }) });
  const answered = Promise.withResolvers<Result<Membership, Disbelief>>();
  const opened = await openClientLan({
    broadcastPort: lan.broadcast_port, agentPort: lan.agent_port, named: lan.interfaces, onChange: () => {},
    onDatagram: (datagram, from) => {
      const packet = opener.open(datagram, from.host, performance.now());
      if (!packet.ok || packet.value.message.kind !== "joined") return;
      const judged = judgeJoined(packet.value.message.body, { invite: invite.value, own, nonce });
      // What does not prove that it comes from the cluster is no reason to stop listening.
      if (judged.ok || judged.fault.kind === "refused") answered.resolve(judged);
    },
  });
  if (!opened.ok) throw new ExitFault(EXIT.unavailable, lanSentence(opened.fault));
  const body = composeJoin({ invite: invite.value, own, nonce, host: hostname().slice(0, 64) });
  const ask = (): void => {
    const sealed = sealer.seal({ kind: "join", body }, { kind: "clear" }, { broadcast: false, repeat: false, deflate: false });
    if (sealed.ok) opened.value.send(sealed.value, invite.value.address);
  };
  ask();
  const again = setInterval(ask, ASK_EVERY_MS);
  const giveUp = setTimeout(() => answered.resolve(fail({ kind: "incomplete" })), WITHIN_MS);
  const judged = await answered.promise;
  clearInterval(again);
  clearTimeout(giveUp);
  opened.value.close();
  const membership = believed(judged, invite.value.address);
  keepMembership(state, { seeds, membership, address: invite.value.address });
  return ok(membership).value;
}

function believed(judged: Result<Membership, Disbelief>, { host, port }: { readonly host: string; readonly port: number }): Membership {
  if (judged.ok) return judged.value;
  if (judged.fault.kind === "refused") throw new ExitFault(EXIT.failed, judged.fault.reason);
  throw new ExitFault(EXIT.unavailable, `No agent of the cluster answers at ${host}:${port} within ${WITHIN_MS / 1000} s`, "Is this laptop on the cluster's LAN, and does the agent run?");
}
