/** A program of one role in a network namespace: it says a numbered datagram at each SIGHUP, and prints one line for whatever happens. */

import { openAgentLan, openClientLan } from "../../lib/io/lan.ts";
import type { Standing } from "../../lib/io/lan-tcp.ts";

/** What the test hands over as its only argument. */
export type Speaking = {
  readonly role: "agent" | "client";
  readonly port: number;
  readonly broadcastPort: number;
  readonly named?: readonly { readonly name: string; readonly broadcast?: string }[] | undefined;
  readonly exclude?: readonly string[];
  readonly multicast?: { readonly group: string; readonly ttl: number };
};

/** A line that it prints. */
export type Line =
  | { readonly kind: "open" }
  | { readonly kind: "heard"; readonly text: string; readonly from: string }
  | { readonly kind: "change"; readonly event: string; readonly facts: Readonly<Record<string, unknown>> };

if (import.meta.main) await speak(JSON.parse(process.argv.at(-1) ?? "{}") as Speaking);

async function speak({ role, port, broadcastPort, named, exclude, multicast }: Speaking): Promise<void> {
  const print = (line: Line): void => console.log(JSON.stringify(line));
  const options = {
    named, exclude, multicast, rereadMs: 100,
    onDatagram: (datagram: Uint8Array, from: { readonly host: string }): Standing => {
      print({ kind: "heard", text: new TextDecoder().decode(datagram), from: from.host });
      return "proven";
    },
    onChange: (event: string, facts: Readonly<Record<string, unknown>>) => print({ kind: "change", event, facts }),
  };
  const lan = role === "agent" ? await openAgentLan({ ...options, port, broadcastPort }) : await openClientLan({ ...options, agentPort: port, broadcastPort });
  if (!lan.ok) throw new Error(lan.fault.reason);
  let said = 0;
  process.on("SIGHUP", () => {
    said += 1;
    lan.value.broadcast(new TextEncoder().encode(`${role} ${said}`));
  });
  print({ kind: "open" });
}
