/** Questions of people and programs over the API, each with exactly one answer. */

import type { Alarm } from "../alarm/alarm.ts";
import type { Now } from "../base/units.ts";
import { read } from "../trust/certificate.ts";
import { acknowledge } from "./acknowledge.ts";
import { approve, pendingApprovals } from "./approvals.ts";
import { survey } from "./coverage.ts";
import type { RelayView } from "./escalate.ts";
import { answerFloor, floorOf } from "./floor.ts";
import type { Invites } from "./hear.ts";
import type { Member } from "./listeners.ts";
import { pair, peersView, unpair } from "./pair.ts";
import { operatorOf, type Parts } from "./parts.ts";
import { revoke } from "./revoke.ts";
import type { Question } from "./turn.ts";
import { inOrder, viewOf } from "./views.ts";

export function answer(parts: Parts, invites: Invites, { question, ticket }: { readonly question: Question; readonly ticket: number }, now: Now): void {
  const { draft, book, listeners, wayOut, notes } = parts;
  const reply = (status: number, body: unknown): void => draft.answer(ticket, { status, body });
  switch (question.kind) {
    case "list": {
      return reply(200, { alarms: inOrder(question.all ? book.all() : book.open()).map((alarm) => viewOf(alarm, now)), ...(question.all ? { notes: notes.all() } : {}) });
    }
    case "show": {
      const alarm = find(parts, question.id, reply);
      if (alarm === undefined) return;
      draft.add({ kind: "answerTimeline", ticket, occurrence: alarm.id, also: alarm.aliases.map(({ id }) => id), body: viewOf(alarm, now) });
      return;
    }
    case "ack": {
      const alarm = find(parts, question.id, reply);
      if (alarm === undefined) return;
      if (operatorOf(parts, question.operator) === undefined) {
        return reply(400, { error: `No operator "${question.operator}" is in the roster`, field: "operator", expected: Object.keys(parts.settings.roster.operators).join(", ") });
      }
      const { operator, comment, way } = question;
      return reply(200, { id: alarm.id, ...acknowledge(parts, alarm, { operator, comment, way, revision: alarm.life.revision }, now) });
    }
    case "listeners":
      return reply(200, {
        refused: parts.refusals.all, asking: parts.approvals.waiting(now.mono).length, agents: peersView(parts, now),
        listeners: [...listeners.members(), ...listeners.revoked()].map((member) => listenerOf(parts, member, now)),
      });
    case "peers":
      return reply(200, { serial: Math.max(parts.voiceSerial, parts.peers.serialMost), peers: peersView(parts, now) });
    case "coverage": {
      const found = survey(parts, now);
      const theirs = (name: string): readonly object[] => [...listeners.members()].filter(({ operator }) => operator === name).map((member) => listenerOf(parts, member, now));
      return reply(200, { ...found, unheardMs: parts.settings.unheardMs, operators: found.operators.map((one) => ({ ...one, listeners: theirs(one.operator) })) });
    }
    case "relay":
      return question.fresh && wayOut.view.relay !== undefined ? wayOut.look(ticket) : reply(200, relayOf(wayOut.view));
    case "ready":
      return reply(200, { ready: true, open: book.openCount });
    case "invited": {
      const warrant = read("warrant", question.warrant, parts.self.clusterKey);
      if (!warrant.ok) return reply(400, { error: "The warrant is not signed by this cluster's key", field: "warrant" });
      const invited = { warrant: question.warrant, joinKey: question.joinKey, usedBy: undefined };
      invites.set(warrant.value.id, invited);
      draft.put("invites", warrant.value.id, invited);
      parts.sync.offer(`invite ${warrant.value.id}`);
      return reply(200, { id: warrant.value.id, operator: warrant.value.operator, expires: warrant.value.expires });
    }
    case "approvals":
      return reply(200, { pending: pendingApprovals(parts, now) });
    case "approved": {
      const { status, body } = approve(parts, question.warrant, now);
      return reply(status, body);
    }
    case "revoked": {
      const { status, body } = revoke(parts, question.certificates, now);
      return reply(status, body);
    }
    case "paired":
      return pair(parts, question.voice, reply, now);
    case "unpaired":
      return unpair(parts, question.agent, reply, now);
    case "floor":
      return reply(200, floorOf(parts));
    case "floorRaised": {
      const { status, body } = answerFloor(parts, question.certificate, now);
      return reply(status, body);
    }
    case "joinedRelay":
      draft.put("meta", "relay", question.relay);
      draft.add({ kind: "useRelay", relay: question.relay });
      wayOut.join(question.relay, now);
      return reply(200, { relay: `${question.relay.host}:${question.relay.port}` });
  }
}

function listenerOf({ listeners }: Parts, { id, serial, operator, robot, host, ed, joinedAt, revoked }: Member, now: Now): object {
  const heard = listeners.get(id);
  const state = revoked !== undefined ? "revoked" : heard === undefined ? "never heard" : heard.leaseUntil > now.mono ? "present" : "away";
  return { id, serial, operator, robot, host: heard?.host ?? host, key: ed, joinedAt, state, revokedAt: revoked?.at, seat: heard?.seat, address: heard && `${heard.address.host}:${heard.address.port}`, road: heard && (heard.address.road ?? "udp"), lastHeardAt: heard?.lastHeardAt, build: heard?.build };
}

/** Who asked for a look at the relay is answered when it has answered, or has not. */
export function answerLooked({ draft, wayOut }: Parts): void {
  for (const ticket of wayOut.takeLooked()) draft.answer(ticket, { status: 200, body: relayOf(wayOut.view) });
}

function relayOf({ relay, ability, answeredAt, reason }: RelayView): Readonly<Record<string, unknown>> {
  return { relay: relay && { address: `${relay.host}:${relay.port}`, joined: true }, ability, answeredAt, reason };
}

function find({ book }: Parts, id: string, reply: (status: number, body: unknown) => void): Alarm | undefined {
  const found = book.find(id);
  if (found.kind === "one") return found.alarm;
  if (found.kind === "none") reply(404, { error: `No alarm begins with "${id}"`, field: "id" });
  else reply(409, { error: `${found.ids.length} alarms begin with "${id}": give more characters`, field: "id", expected: found.ids.slice(0, 5).map((one) => one.slice(0, 10)).join(", ") });
  return undefined;
}
