/** The doctor as the listener itself: one HELLO, the WELCOME that answers it or not, and a BYE, so that nobody counts on us. */

import { toBase64 } from "../base/bytes.ts";
import { dice } from "../io/dice.ts";
import { askLan, tell } from "../io/doctor-lan.ts";
import { KeyRing } from "../trust/keys.ts";
import { Opener } from "../trust/opener.ts";
import { Sealer } from "../trust/sealer.ts";
import type { Message } from "../wire/message.ts";
import { VERSIONS } from "../wire/versions.ts";
import type { ClientKeys } from "./client-keys.ts";
import type { Place } from "./doctor-seek.ts";
import { VERSION } from "./version.ts";

/** Listeners' names of their host on the wire. */
const HOST_CHARACTERS_MOST = 64;

/**
 * @param epoch above every earlier one of this identity
 * @returns whether the agent has welcomed this listener
 */
export async function greet({ keys, place, epoch, host, tcp }: {
  readonly keys: ClientKeys; readonly place: Place; readonly epoch: bigint; readonly host: string; readonly tcp: boolean;
}): Promise<boolean> {
  const ring = new KeyRing(keys.identity);
  ring.setGroup(keys.group.kid, keys.group.key);
  ring.addPeer(keys.agent.peer);
  const opener = new Opener({ ring, side: "client" });
  const sealer = new Sealer({ ring, epoch });
  const nonce = toBase64(dice.bytes(8));
  let { challenge } = place;
  const seal = (message: Message): Uint8Array | undefined => {
    const sealed = sealer.seal(message, { kind: "pair", peer: keys.agent.peer.id }, { broadcast: false, repeat: false, deflate: false });
    return sealed.ok ? sealed.value : undefined;
  };
  const { unicasts } = await askLan({
    roads: [], broadcastPort: 0, agentPort: place.address.port, unicasts: [place.address], tcp,
    question: () => seal({
      kind: "hello",
      body: {
        nonce, challenge, versions: VERSIONS, serial: keys.serial, host: host.slice(0, HOST_CHARACTERS_MOST) || "unknown",
        // Nobody is put before an alarm here.
        seat: keys.robot ? "robot" : "none", heard: { epoch: "0", counter: "0" }, open: "", rules: "", build: VERSION.slice(0, 32),
      },
    }),
    take: ({ datagram, from }) => {
      const opened = opener.open(datagram, from.host, performance.now());
      if (!opened.ok) return false;
      const { message } = opened.value;
      // A new beacon came in between: its challenge is the one to echo.
      if (message.kind === "beacon") challenge = message.body.challenge;
      return message.kind === "welcome" && opened.value.sealed === "pair" && message.body.nonce === nonce;
    },
  });
  const [asked] = unicasts;
  const byTcp = asked?.outcome !== "answered" && asked?.tcp === "answered";
  const welcomed = asked?.outcome === "answered" || byTcp;
  const bye = seal({ kind: "bye", body: { why: "doctor" } });
  if (welcomed && bye !== undefined) await tell(bye, byTcp ? { ...place.address, road: "tcp" } : place.address);
  return welcomed;
}
