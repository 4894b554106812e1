/** The agent's memory from its store: every row checked, every deadline re-anchored to the present boot. */

import { z } from "zod";
import type { Alarm } from "../alarm/alarm.ts";
import { ACK_MS_MOST, CONTINUE_MS, STEP_AFTER_MS_MOST } from "../alarm/policy.ts";
import { reanchor } from "../base/anchor.ts";
import { foundText } from "../base/misfit.ts";
import type { BootId, Ms, Now } from "../base/units.ts";
import type { Store } from "../port/store.ts";
import type { PeerId } from "../trust/keys.ts";
import type { Remembered, Unfit } from "./machine.ts";
import { AlarmRow, GrantedRow, HeldGroupRow, InviteRow, KnownRow, MemberRow, NoteRow, PeerRow, PlaceRow, PresenceRow, PursuitRow, PushRow, RelayRow } from "./rows.ts";

/** What does not fit comes back as well: the machine puts it aside and raises an alarm about it. */
export function remember(store: Pick<Store, "load">, at: { readonly boot: BootId; readonly now: Now }): Remembered {
  const unfit: Unfit[] = [];
  const check = <Row>(table: string, form: z.ZodType<Row>, { id, row }: { readonly id: string; readonly row: unknown }): readonly (readonly [string, Row])[] => {
    const read = form.safeParse(row);
    if (read.success) return [[id, read.data]];
    const [issue] = read.error.issues;
    unfit.push({ table, id, row, reason: `${issue?.path.map(String).join(".") || "the row"}: ${issue?.message ?? "does not fit"}`, about: aboutOf(row) });
    return [];
  };
  const rows = <Row>(table: string, form: z.ZodType<Row>): readonly (readonly [string, Row])[] => store.load(table).flatMap((one) => check(table, form, one));
  const values = <Row>(table: string, form: z.ZodType<Row>): readonly Row[] => rows(table, form).map(([, row]) => row);
  const meta = new Map(store.load("meta").map((one) => [one.id, one]));
  const relay = meta.get("relay");
  const group = meta.get("group");
  const granted = meta.get("granted");
  const floor = meta.get("floor")?.row;
  const events = meta.get("events")?.row;
  return {
    alarms: values("alarms", AlarmRow).map((row) => anchored(row, at)),
    pushes: values("pushes", PushRow),
    members: values("members", MemberRow),
    presence: values("presence", PresenceRow),
    peers: values("peers", PeerRow),
    voices: z.int().min(0).safeParse(meta.get("voices")?.row).data ?? 0,
    invites: new Map(rows("invites", InviteRow)),
    pursuits: [...values("escalations", PursuitRow)].sort((a, b) => a.givenAt - b.givenAt || a.attempt - b.attempt),
    notes: values("notes", NoteRow),
    // Who is not in it counts as added now.
    known: new Map(Object.entries(KnownRow.safeParse(meta.get("known")?.row).data ?? {})),
    granted: granted && check("meta", GrantedRow, granted)[0]?.[1],
    relay: relay && check("meta", RelayRow, relay)[0]?.[1],
    group: group && check("meta", HeldGroupRow, group)[0]?.[1],
    floor: typeof floor === "string" ? floor : undefined,
    // The relay counts on from whatever it is asked for.
    events: typeof events === "number" && Number.isSafeInteger(events) && events >= 0 ? events : 0,
    unfit,
  };
}

/**
 * How far each listener had spoken: what was recorded in an earlier life of this agent is not new to the next one. A row that
 * does not fit is left out: its listener says HELLO again.
 */
export function placesOf(store: Pick<Store, "load">): ReadonlyMap<PeerId, { readonly epoch: bigint; readonly counter: bigint }> {
  return new Map(store.load("windows").flatMap(({ id, row }) => {
    const { data } = PlaceRow.safeParse(row);
    return data === undefined ? [] : [[id, { epoch: BigInt(data.epoch), counter: BigInt(data.counter) }] as const];
  }));
}

/**
 * `due` may be a rung that comes in days; the deadline itself is never further away than a day. Neither is further away than
 * it was when it was written down: a wall clock that says so went back.
 */
function anchored({ alarm, clocks }: z.infer<typeof AlarmRow>, { boot, now }: { readonly boot: BootId; readonly now: Now }): Alarm {
  const { life } = alarm;
  const carry = (due: Ms, mostMs: Ms): Ms =>
    reanchor({ boot: clocks.boot, monoDue: due, wallDue: clocks.wall + (due - clocks.mono) }, { boot, ...now }, { mostMs: Math.min(mostMs, due - clocks.mono) });
  // How long ago the deadline passed counts too: the ladder is measured from it.
  const leftMs = life.ackDue - clocks.mono;
  const passedMs = clocks.boot === boot ? 0 : Math.min(0, leftMs, clocks.wall + leftMs - now.wall);
  const ackDue = carry(life.ackDue, ACK_MS_MOST + CONTINUE_MS) + passedMs;
  const due = life.due === undefined ? undefined : life.phase === "waiting" ? ackDue : carry(life.due, STEP_AFTER_MS_MOST);
  return { ...alarm, life: { ...life, ackDue, due } };
}

/** What can still be told of a row that cannot be used: which alarm it was, in the words of its source. */
function aboutOf(row: unknown): string {
  const alarm = own(row, "alarm");
  const words = [own(own(alarm, "classification"), "module"), own(own(alarm, "classification"), "item"), own(alarm, "text")];
  return words.filter((word) => typeof word === "string").map((word) => foundText(word)).join(" ");
}

function own(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Object.getOwnPropertyDescriptor(value, name)?.value : undefined;
}
