/** One that is not of a cluster yet, on the LAN for the time of one command: everything that it says and hears is signed and in clear. */

import { hostname } from "node:os";
import { type Ms, seconds } from "../base/units.ts";
import { dice } from "../io/dice.ts";
import { lanSentence, openClientLan } from "../io/lan.ts";
import type { Address } from "../port/lan.ts";
import { type Identity, KeyRing } from "../trust/keys.ts";
import { type Opened, Opener } from "../trust/opener.ts";
import { nextEpoch, Sealer } from "../trust/sealer.ts";
import type { Message } from "../wire/message.ts";
import type { ClientConfig } from "./client-folders.ts";
import { seekBody } from "./client-seek.ts";
import { EXIT, ExitFault } from "./exit.ts";

/** After so long everything is said by TCP as well: where UDP is blocked, nothing else comes through. */
const TCP_AFTER_MS: Ms = seconds(1.5);

export type Stranger = {
  readonly say: (message: Message, to: Address) => void;
  /** By broadcast, and to addresses that broadcasts do not reach. */
  readonly seek: (to: readonly Address[]) => void;
  readonly close: () => void;
};

/** @param hear whatever comes in and is signed by whom it names; nobody vouches for that one. Throws an `ExitFault` (69) where the ports are taken */
export async function openStranger(
  { identity, lan: { broadcastPort, agentPort, interfaces, multicast, tcp } }: { readonly identity: Identity; readonly lan: ClientConfig["lan"] },
  hear: (opened: Opened, from: Address) => void,
): Promise<Stranger> {
  const ring = new KeyRing(identity);
  const opener = new Opener({ ring, side: "client" });
  const sealer = new Sealer({ ring, epoch: nextEpoch({ stored: 0n, wallMs: Date.now(), random32: new DataView(dice.bytes(4).buffer).getUint32(0) }) });
  const lan = await openClientLan({
    broadcastPort, agentPort, named: interfaces, multicast, onChange: () => {},
    onDatagram: (datagram, from) => {
      const opened = opener.open(datagram, from.host, performance.now());
      if (opened.ok) hear(opened.value, from);
    },
  });
  if (!lan.ok) throw new ExitFault(EXIT.unavailable, lanSentence(lan.fault));
  const sealed = (message: Message, broadcast: boolean): Uint8Array => {
    const packet = sealer.seal(message, { kind: "clear" }, { broadcast, repeat: false, deflate: false });
    if (!packet.ok) throw new ExitFault(EXIT.software, `Cannot say ${message.kind}: ${JSON.stringify(packet.fault)}`);
    return packet.value;
  };
  const byTcpFrom = performance.now() + TCP_AFTER_MS;
  return {
    say: (message, to) => {
      const packet = sealed(message, false);
      lan.value.send(packet, to);
      if (tcp && performance.now() >= byTcpFrom) lan.value.send(packet, { ...to, road: "tcp" });
    },
    seek: (to) => {
      const packet = sealed({ kind: "seek", body: seekBody(identity) }, true);
      lan.value.broadcast(packet);
      for (const address of to) lan.value.send(packet, address);
    },
    close: () => lan.value.close(),
  };
}

/** What this host is called, for people. */
export function hostName(): string {
  return hostname().slice(0, 64) || "unknown";
}
