/** What the relay says, for a terminal: its ability as a table, a refusal as a sentence. */

import { z } from "zod";
import type { Reply } from "../port/tickets.ts";

/** The parts of the ability that are printed. */
export type AbilityTable = {
  readonly relay: string;
  readonly legs: readonly { readonly name: string; readonly up: boolean; readonly interface: string; readonly address: string; readonly route: string; readonly dns: string; readonly reason: string }[];
  readonly channels: readonly { readonly channel: string; readonly configured: boolean; readonly able: boolean; readonly level: string; readonly reason: string; readonly checkedAt: number }[];
};

export function abilityLines({ relay, legs, channels }: AbilityTable): readonly string[] {
  const legRows = legs.map(({ name, up, interface: way, address, route, dns, reason }) =>
    [name, up ? "up" : "down", [way, address, route, dns].filter((part) => part !== "").join(" · "), reason]);
  const channelRows = channels.filter(({ configured }) => configured).map(({ channel, able, level, reason, checkedAt }) =>
    [channel, able ? "able" : "unable", `${level} · ${checkedAt === 0 ? "never" : new Date(checkedAt).toISOString()}`, reason]);
  const idle = channels.filter(({ configured }) => !configured).map(({ channel }) => channel);
  return [
    `Relay ${relay}`,
    ...columns([["leg", "state", "seen", "reason"], ...legRows]), "",
    ...columns([["channel", "state", "reached", "reason"], ...channelRows]),
    ...(idle.length === 0 ? [] : ["", `Not set up: ${idle.join(", ")}`]),
  ];
}

function columns(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => (row[at] ?? "").length)));
  return rows.map((row) => row.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join("  ").trimEnd());
}

const Told = z.object({ error: z.string() });

export function refusalIn({ status, body }: Reply): string {
  const told = Told.safeParse(body);
  return told.success ? told.data.error : `the relay answers ${status}`;
}
