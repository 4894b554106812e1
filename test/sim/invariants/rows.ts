/** What rows of a turn say, for those who judge it. */

import type { Alarm } from "../../../lib/alarm/alarm.ts";
import type { Change } from "../../../lib/port/store.ts";

/** An alarm as the agent writes it, with the clocks of that turn. */
export type AlarmRow = { readonly alarm: Alarm; readonly clocks: { readonly boot: string; readonly mono: number; readonly wall: number } };

export function* alarmRows(changes: readonly Change[]): Generator<AlarmRow> {
  for (const change of changes) if (change.kind === "put" && change.table === "alarms") yield change.row as AlarmRow;
}

/** What people call it. */
export function short(id: string): string {
  return id.slice(0, 6);
}
