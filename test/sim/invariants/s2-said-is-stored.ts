import type { Inboxed } from "../../../lib/client/inbox.ts";
import type { Host } from "../host.ts";
import type { Invariant } from "../watch.ts";
import { short } from "./rows.ts";

export const SAID_IS_STORED: Invariant = {
  name: "S2",
  sentence: "whatever was said on the LAN or to the relay is in the store after any crash",
  each: true,
  watch: (world, broken) => {
    const { agent } = world;
    /** Acknowledgements that were ever written: one may be confirmed in the very turn that says it again. */
    const acks = new Set<string>();
    /** The highest ring that each listener ever wrote of each name: one that goes on under another name is not lost. */
    const rings = new Map<Host, Map<string, number>>();
    const wrote = (listener: Host, id: string, { item, words }: Pick<Inboxed, "item" | "words">): void => {
      const held = rings.get(listener) ?? new Map<string, number>();
      rings.set(listener, held);
      // Of a pair each agent is told of the ring that it has said.
      held.set(id, Math.max(held.get(id) ?? 0, item.ring, ...Object.values(words).map((word) => word.ring)));
    };
    const check = (id: string, revision: number, ring: number): void => {
      const life = agent.alarm(id)?.life;
      if (life === undefined) broken(`${short(id)} was said and is on no disk`);
      else if (life.revision < revision || life.ring < ring) broken(`${short(id)} was said with revision ${revision} and ring ${ring}; on the disk are ${life.revision} and ${life.ring}`);
    };
    return {
      said: ({ host, message }) => {
        // With a broken disk the bell rings on for what is in memory.
        if (host.disk.ailing) return;
        if (message.kind === "alarm") for (const { id, revision, ring } of message.body.alarms) check(id, revision, ring);
        else if (message.kind === "state") for (const { id, revision, ring } of message.body.states) check(id, revision, ring);
        else if (message.kind === "acked" && message.body.outcome === "taken") {
          const alarm = agent.alarm(message.body.id);
          if (alarm?.acknowledgement === undefined) broken(`${short(message.body.id)} was confirmed as taken, and nobody has it on the disk`);
        } else if (message.kind === "receipt") {
          for (const { id, ring } of message.body.receipts) {
            if ((rings.get(host)?.get(id) ?? 0) < ring) broken(`${host.name} gave its receipt for ${short(id)} ring ${ring}, which is not on its disk`);
          }
        } else if (message.kind === "ack" && !acks.has(`${host.index} ${message.body.id}`)) {
          broken(`${host.name} acknowledges ${short(message.body.id)}, which is not on its disk`);
        }
      },
      listenerDurable: (listener, changes) => {
        for (const change of changes) {
          if (change.kind === "put" && change.table === "acks") acks.add(`${listener.index} ${change.id}`);
          if (change.kind === "put" && change.table === "inbox") wrote(listener, change.id, change.row as Inboxed);
        }
      },
      restored: (host) => {
        rings.delete(host);
        for (const [id, row] of host.disk.rows("inbox")) wrote(host, id, row as Inboxed);
      },
      asked: (request) => {
        if (agent.host.disk.ailing) return;
        if (request.kind === "submit" && agent.host.disk.row("escalations", request.escalation.id) === undefined) {
          broken(`the relay was given ${short(request.escalation.occurrence)}, which is on no disk`);
        }
        if (request.kind === "commit" && ((agent.host.disk.row("meta", "events") as number | undefined) ?? 0) < request.upTo) {
          broken(`the relay may forget its events up to ${request.upTo}, which are on no disk here`);
        }
      },
    };
  },
};
