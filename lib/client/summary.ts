/** Puts before the person what has been gathered: each alarm for itself where they are few, else one summary and then the list. */

import type { Now } from "../base/units.ts";
import { compareAlarms } from "../classify/order.ts";
import type { Summary } from "../port/desk.ts";
import { SINGLY_MOST, type Progress } from "./gathering.ts";
import { isInStep } from "./hear.ts";
import { type Inboxed, orderOf } from "./inbox.ts";
import type { Parts } from "./parts.ts";
import { alarmLine, isMine, NAMED_MOST, showingOf, standingLine, summaryLine, tapState } from "./views.ts";

/** Tells what has been gathered, once it is whole or has been waited for long enough. */
export function tellGathered(parts: Parts, now: Now): void {
  const { gathering, inbox, draft } = parts;
  if (!gathering.on) return;
  const progress = progressOf(parts);
  if (!gathering.isDue(now.mono, progress)) return;
  const { first } = gathering;
  const gathered = gathering.take(now.mono, progress);
  const entries = inOrder([...gathered].flatMap((id) => inbox.get(id) ?? []).filter(({ closedAt }) => closedAt === undefined));
  const fresh = new Set(entries.filter((entry) => ringsHere(parts, entry)).map(({ item }) => item.id));
  const mine = inOrder(inbox.open().filter((entry) => awaits(parts, entry)));
  const summed = (first ? mine.length : fresh.size) > SINGLY_MOST;
  if (summed) {
    const summary: Summary = {
      clusterName: parts.self.clusterName, open: mine.length, fresh: fresh.size, worst: mine.slice(0, NAMED_MOST).map((entry) => showingOf(parts, entry, false).alarm),
      worstCount: mine.filter(({ item }) => item.severity === mine[0]?.item.severity).length,
    };
    draft.add({ kind: "summarize", summary });
    draft.add({ kind: "tell", line: summaryLine(parts, mine, { fresh: fresh.size, at: now.wall }) });
    draft.log("summary", { open: summary.open, fresh: summary.fresh });
  }
  const listed = summed || entries.length - fresh.size > SINGLY_MOST;
  for (const entry of entries) show(parts, entry, { rings: fresh.has(entry.item.id), summed, listed }, now);
}

/** How far the agents' answers have come. */
function progressOf(parts: Parts): Progress {
  const { expected, fetching, ears } = parts;
  // Of one that is not heard nothing is expected.
  const heard = ears.all().filter(({ grade }) => grade === "heard");
  if (heard.length > 0 && heard.every(({ agent }) => isInStep(parts, agent.id))) return "whole";
  return fetching.wants("open") || heard.some(({ agent }) => expected.has(agent.id)) ? "partial" : "unknown";
}

/** Waits for this operator. */
function awaits(parts: Parts, { item, attention }: Inboxed): boolean {
  return attention === "unacknowledged" && isMine(parts, item);
}

function ringsHere(parts: Parts, entry: Inboxed): boolean {
  return awaits(parts, entry) && entry.item.ring > entry.rung;
}

function show(parts: Parts, entry: Inboxed, { rings, summed, listed }: { readonly rings: boolean; readonly summed: boolean; readonly listed: boolean }, now: Now): void {
  const { inbox, draft, self } = parts;
  const { id, ring } = entry.item;
  const shown = rings ? (inbox.note(id, { rung: ring }, now) ?? entry) : entry;
  const singly = rings && !summed;
  // How it stands goes without saying while nothing has been done about it.
  const standing = hasStanding(shown) ? standingLine(shown, self.language) : "";
  draft.add({ kind: "show", showing: { ...showingOf(parts, shown, singly), ...(listed && !singly ? { listed: standing } : {}) } });
  draft.add({ kind: "tell", line: alarmLine(parts, shown, { rings: singly, listed: listed && !singly }) });
  if (standing === "") return;
  const taken = shown.attention !== "unacknowledged";
  if (!listed || singly) draft.add({ kind: "update", id, line: standing, gone: taken });
  draft.add({ kind: "tell", line: tapState(shown, taken) });
}

function hasStanding({ attention, phase, sending }: Inboxed): boolean {
  return attention !== "unacknowledged" || phase !== "waiting" || sending !== "pending";
}

function inOrder(entries: readonly Inboxed[]): readonly Inboxed[] {
  return [...entries].sort((a, b) => compareAlarms(orderOf(a), orderOf(b)));
}
