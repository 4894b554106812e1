/** The doctor as a stranger: SEEK under keys that live for one command, and what the BEACONs that answer it tell. */

import { dice } from "../io/dice.ts";
import { askLan, type LanAnswers, type LanQuestions } from "../io/doctor-lan.ts";
import type { AnswerFacts } from "../doctor/facts.ts";
import type { Address } from "../port/lan.ts";
import { identityFrom, KeyRing } from "../trust/keys.ts";
import { Opener } from "../trust/opener.ts";
import { nextEpoch, Sealer } from "../trust/sealer.ts";
import { seekBody } from "./client-seek.ts";

/** Answers kept; a LAN on which more agents answer is under attack. */
const ANSWERS_MOST = 64;

/** Where an agent is, and what a HELLO to it must echo. */
export type Place = { readonly address: Address; readonly challenge: string };

export type Sought = LanAnswers & { readonly answers: readonly AnswerFacts[]; readonly places: ReadonlyMap<string, Place> };

/** Answers are judged by nobody here: a stranger may say what it likes, and who is believed is known by its voice. */
export async function seekAgents(asked: Omit<LanQuestions, "question" | "take">): Promise<Sought> {
  const identity = identityFrom({ ed: dice.bytes(32), x: dice.bytes(32) });
  const ring = new KeyRing(identity);
  const opener = new Opener({ ring, side: "client" });
  const sealer = new Sealer({ ring, epoch: nextEpoch({ stored: 0n, wallMs: Date.now(), random32: 0 }) });
  const answers = new Map<string, AnswerFacts>();
  const places = new Map<string, Place>();
  const heard = await askLan({
    ...asked,
    question: () => {
      const sealed = sealer.seal({ kind: "seek", body: seekBody(identity) }, { kind: "clear" }, { broadcast: true, repeat: false, deflate: false });
      return sealed.ok ? sealed.value : undefined;
    },
    take: ({ datagram, from, by, interface: name }) => {
      const opened = opener.open(datagram, from.host, performance.now());
      if (!opened.ok || opened.value.message.kind !== "beacon" || answers.size >= ANSWERS_MOST) return false;
      const { body } = opened.value.message;
      const { cluster, clusterName, agent, kid, versions, wall, port, challenge } = body;
      const voice = opened.value.sender;
      answers.set(`${voice} ${by} ${name}`, { voice, cluster, clusterName, agent, host: from.host, kid, versions, aheadMs: wall - Date.now(), by, interface: name });
      places.set(voice, { address: { host: from.host, port }, challenge });
      return true;
    },
  });
  return { ...heard, answers: [...answers.values()], places };
}
