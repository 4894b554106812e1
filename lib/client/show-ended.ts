/** An alarm that is over because of who is heard, or of what a list does not name, and not because an agent said so. */

import type { Inboxed } from "./inbox.ts";
import type { Parts } from "./parts.ts";
import { goneLine } from "./phrases.ts";
import { tapState } from "./views.ts";

export function showEnded({ draft, self, gathering }: Parts, entry: Inboxed): void {
  // What nobody has been shown yet ends without a word.
  if (gathering.has(entry.item.id)) return gathering.drop(entry.item.id);
  draft.add({ kind: "update", id: entry.item.id, line: goneLine(self.language), gone: true });
  draft.add({ kind: "tell", line: tapState(entry, true) });
}
