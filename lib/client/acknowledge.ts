/** The operator takes an alarm: said to the agent until it confirms, and what became of it told to whoever asked. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import { earliestOf } from "../base/earliest.ts";
import { type Ms, type Now, seconds } from "../base/units.ts";
import type { Body } from "../wire/message.ts";
import { ACK_BROADCAST_FROM, ACKS_MOST, type Among } from "./acks.ts";
import { isSilent } from "./hearing.ts";
import type { Inboxed, Said } from "./inbox.ts";
import { addressOf, type Parts } from "./parts.ts";
import { outcomeLine, unconfirmedLine } from "./phrases.ts";

/** How long `gapbell-client ack` waits for the agent's word. */
export const ACK_ANSWER_MS: Ms = seconds(10);

/** Answers a question, or leaves it waiting for the agent. */
export function askAck(parts: Parts, { id, comment, robot, ticket }: { readonly id: string; readonly comment: string; readonly robot: boolean; readonly ticket: number }, now: Now): void {
  const { inbox, draft, waiting, acks } = parts;
  const found = inbox.find(id);
  if (found.kind === "none") return draft.answer(ticket, { status: 404, body: { error: `No alarm begins with "${id}"`, field: "id" } });
  if (found.kind === "many") {
    const some = found.ids.slice(0, 5).map((one) => one.slice(0, 10)).join(", ");
    return draft.answer(ticket, { status: 409, body: { error: `${found.ids.length} alarms begin with "${id}": give more characters`, field: "id", expected: some } });
  }
  const { item, closedAt, by } = found.entry;
  if (closedAt !== undefined) return draft.answer(ticket, { status: 200, body: { id: item.id, outcome: "already", reason: "it has been cleared", by } });
  if (acks.size >= ACKS_MOST) {
    return draft.answer(ticket, { status: 503, body: { error: `${ACKS_MOST} acknowledgements are not yet confirmed: is the agent heard?` } });
  }
  waiting.set(item.id, [...(waiting.get(item.id) ?? []), { ticket, due: now.mono + ACK_ANSWER_MS }]);
  take(parts, found.entry, { comment, robot }, now);
}

/** Begins to say the acknowledgement, under every name that the alarm has. The same one twice is said once. */
export function take(parts: Parts, entry: Inboxed, said: { readonly comment: string; readonly robot: boolean }, now: Now): void {
  for (const one of [entry, ...parts.inbox.twins(entry)]) begin(parts, one, said, now);
}

function begin(parts: Parts, { item }: Inboxed, { comment, robot }: { readonly comment: string; readonly robot: boolean }, now: Now): void {
  const { acks, draft, self } = parts;
  const held = acks.get(item.id);
  if (held?.revision === item.revision && held.comment === comment) return;
  const ack = { id: item.id, revision: item.revision, nonce: item.nonce, comment, robot: self.robot || robot, madeAt: now.wall };
  acks.begin(ack, now);
  draft.put("acks", item.id, ack);
}

/** Says what is due, to each agent that knows the alarm and has not answered; later also to everybody, in case that they have moved. */
export function sayAcks(parts: Parts, now: Now): void {
  const { acks, draft, self } = parts;
  for (let due = acks.takeDue(now.mono); due !== undefined; due = acks.takeDue(now.mono)) {
    const { ack: { madeAt: _, ...body }, tries } = due;
    const message = { kind: "ack", body } as const;
    const places = among(parts, body.id).known.filter((peer) => !acks.hasAnswered(body.id, peer)).map((peer) => ({ peer, address: addressOf(parts, peer) }));
    for (const { peer, address } of places) if (address !== undefined) draft.add({ kind: "say", message, to: { kind: "agent", peer, address }, repeat: tries > 0 });
    if (places.every(({ address }) => address === undefined) || tries >= ACK_BROADCAST_FROM) draft.add({ kind: "say", message, to: { kind: "agents" }, repeat: tries > 0 });
    if (tries === ACK_BROADCAST_FROM && !acks.isConfirmed(body.id)) draft.add({ kind: "update", id: body.id, line: unconfirmedLine(self.language), gone: false });
  }
}

/** An agent's word on an acknowledgement. The first that confirms it is what people hear. */
export function confirm(parts: Parts, { id: named, revision, outcome, reason, by }: Body<"acked">, said: Said, now: Now): void {
  const { acks, draft, inbox, waiting, self } = parts;
  const id = inbox.get(named)?.item.id ?? named;
  const told = acks.answer(id, { revision, agent: said.agent, outcome: { outcome, reason, by } }, among(parts, id));
  dropDone(parts);
  if (told === undefined) return;
  draft.log("acked", { alarm: id.slice(0, 6), outcome, reason });
  for (const { ticket } of waiting.get(id) ?? []) draft.answer(ticket, { status: 200, body: { id, outcome, reason, by } });
  waiting.delete(id);
  const entry = inbox.get(id);
  if (entry === undefined || entry.item.revision !== revision) return;
  const taken = outcome === "taken" || (outcome === "already" && by !== "");
  if (taken && entry.closedAt === undefined) {
    inbox.note(id, { attention: "acknowledged", by: outcome === "taken" ? self.operator : by, way: outcome === "taken" ? "listener" : entry.way, said }, now);
  }
  draft.add({ kind: "update", id, line: outcomeLine({ outcome, reason, by }, self.language), gone: taken });
}

/** What waits for nobody any more is forgotten: an agent has it on its disk. */
export function dropDone(parts: Parts): void {
  const { acks, draft } = parts;
  for (const { id } of acks.all()) {
    if (!acks.isDone(id, among(parts, id))) continue;
    acks.drop(id);
    draft.remove("acks", id);
  }
}

/** Whoever has spoken of the alarm is asked; where nobody has that we know, all are. */
function among({ ears, inbox }: Parts, id: OccurrenceId): Among {
  const words = inbox.get(id)?.words ?? {};
  const all = ears.all();
  const spoken = all.filter(({ agent }) => words[agent.id] !== undefined);
  const asked = spoken.length === 0 ? all : spoken;
  return { known: asked.map(({ agent }) => agent.id), heard: asked.flatMap(({ agent, grade }) => (isSilent(grade) ? [] : [agent.id])) };
}

/** Whoever has waited long enough hears that it goes on by itself. */
export function answerLate({ waiting, draft }: Parts, now: Now): void {
  for (const [id, tickets] of waiting) {
    const late = tickets.filter(({ due }) => due <= now.mono);
    if (late.length === 0) continue;
    for (const { ticket } of late) draft.answer(ticket, { status: 202, body: { id, outcome: "pending", reason: "the agent has not answered yet; this listener goes on asking", by: "" } });
    if (late.length === tickets.length) waiting.delete(id);
    else waiting.set(id, tickets.filter(({ due }) => due > now.mono));
  }
}

export function nextAnswer({ waiting }: Parts): Ms | undefined {
  return earliestOf(waiting.values(), (tickets) => earliestOf(tickets, ({ due }) => due));
}
