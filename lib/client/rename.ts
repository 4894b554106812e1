/** Another agent had named the same alarm first: popup, receipts and acknowledgements go on under that name, and nothing rings again. */

import type { OccurrenceId } from "../alarm/alarm.ts";
import type { Now } from "../base/units.ts";
import type { Parts } from "./parts.ts";
import { sameLine } from "./phrases.ts";
import { showingOf } from "./views.ts";

export function rename(parts: Parts, { from, to }: { readonly from: OccurrenceId; readonly to: OccurrenceId }, now: Now): void {
  const { inbox, acks, receipts, waiting, draft, self } = parts;
  const renamed = inbox.rename({ from, to }, now);
  if (renamed === undefined) return;
  draft.log("named anew", { alarm: from.slice(0, 6), now: to.slice(0, 6) });
  draft.remove("inbox", from);
  receipts.forget(from);
  const ack = acks.rename({ from, to }, now);
  if (ack !== undefined) {
    draft.remove("acks", from);
    draft.put("acks", to, ack);
  }
  const tickets = waiting.get(from);
  if (tickets !== undefined) {
    waiting.delete(from);
    waiting.set(to, [...(waiting.get(to) ?? []), ...tickets]);
  }
  const { entry, known } = renamed;
  // Two popups become one, and one stays what it is.
  if (known || entry.closedAt !== undefined) draft.add({ kind: "update", id: from, line: sameLine(to, self.language), gone: true });
  else draft.add({ kind: "show", showing: { ...showingOf(parts, entry, false), was: from } });
}
