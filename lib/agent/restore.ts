/** The agent's memory from its store: every deadline re-anchored to the present boot. */

import type { Alarm } from "../alarm/alarm.ts";
import { ACK_MS_MOST, CONTINUE_MS } from "../alarm/policy.ts";
import { reanchor } from "../base/anchor.ts";
import type { BootId, Now } from "../base/units.ts";
import type { Listener } from "../duty/presence.ts";
import type { RelayAddress } from "../port/relay-link.ts";
import type { Store } from "../port/store.ts";
import type { Invited } from "../trust/enrolment.ts";
import type { Pursuit } from "./pursuits.ts";
import type { Member } from "./listeners.ts";
import type { Remembered } from "./machine.ts";
import type { Push } from "./push.ts";

/** As `machine.ts` writes an alarm: together with the clocks of that turn. */
type AlarmRow = { readonly alarm: Alarm; readonly clocks: Now & { readonly boot: BootId } };

/** Rows are trusted as far as their form: only this program writes them, in a file that only its owner can write. */
export function remember(store: Pick<Store, "load">, { boot, now }: { readonly boot: string; readonly now: Now }): Remembered {
  const rows = <Row>(table: string): readonly Row[] => store.load(table).map(({ row }) => row as Row);
  const meta = new Map(store.load("meta").map(({ id, row }) => [id, row]));
  return {
    alarms: rows<AlarmRow>("alarms").map((row) => anchored(row, { boot, now })),
    pushes: rows<Push>("pushes"),
    members: rows<Member>("members"),
    presence: rows<Listener>("presence"),
    invites: new Map(store.load("invites").map(({ id, row }) => [id, row as Invited])),
    pursuits: rows<Pursuit>("escalations"),
    relay: meta.get("relay") as RelayAddress | undefined,
    events: (meta.get("events") as number | undefined) ?? 0,
  };
}

function anchored({ alarm, clocks }: AlarmRow, { boot, now }: { readonly boot: string; readonly now: Now }): Alarm {
  const { life } = alarm;
  const carry = (due: number): number =>
    reanchor({ boot: clocks.boot, monoDue: due, wallDue: clocks.wall + (due - clocks.mono) }, { boot, ...now }, { mostMs: ACK_MS_MOST + CONTINUE_MS });
  return { ...alarm, life: { ...life, ackDue: carry(life.ackDue), due: life.due === undefined ? undefined : carry(life.due) } };
}
