/** Somebody on the LAN without a key who sends as much as it can: a process of its own, from many addresses of loopback. */

import { toBase64 } from "../../lib/base/bytes.ts";
import { identityFrom, type PeerId } from "../../lib/trust/keys.ts";
import { HEADER_BYTES, KID_NONE, KID_PAIRWISE, SEEK_PAD_BYTES, SUITE_CLEAR, SUITE_SEALED } from "../../lib/wire/constants.ts";
import type { MessageKind } from "../../lib/wire/message.ts";
import { encodeHeader } from "../../lib/wire/packet.ts";
import { sealClear } from "../../lib/wire/seal.ts";

/** What whoever starts it hands over as its only argument. */
export type Flooding = {
  /** Datagrams a second, to agent and listener together. */
  readonly rate: number;
  readonly seconds: number;
  /** Where the agent hears, and where the listener does. */
  readonly agentPort: number;
  readonly listenerPorts: readonly number[];
  readonly agent: PeerId;
  readonly listener: PeerId;
  /** The agent's present one, as anybody reads it off the LAN; as text. */
  readonly epoch: string;
};

/** What it prints at its end. */
export type Flooded = { readonly sent: number; readonly seconds: number };

/** Addresses of loopback that it sends from; the first is the agent's own. */
const HOSTS = ["127.0.0.1", ...Array.from({ length: 63 }, (_, nth) => `127.0.1.${nth + 1}`)];
const EVERY_MS = 4;
const BODY_BYTES = 500;

if (import.meta.main) console.log(JSON.stringify(await flood(JSON.parse(Bun.argv.at(-1) ?? "{}") as Flooding)));

async function flood({ rate, seconds, agentPort, listenerPorts, ...known }: Flooding): Promise<Flooded> {
  const sockets = await Promise.all(HOSTS.map((hostname) => Bun.udpSocket({ hostname, port: 0 })));
  const toAgent = forgeriesTo("agent", known);
  const toListener = forgeriesTo("listener", known);
  const begun = performance.now();
  let sent = 0;
  for (let now = begun; now < begun + seconds * 1000; now = performance.now()) {
    const due = Math.floor(((now - begun) / 1000) * rate) - sent;
    const socket = sockets[sent % sockets.length];
    const batch = Array.from({ length: due }, (_, at) => {
      const nth = sent + at;
      const ports = nth % 2 === 0 ? [agentPort] : listenerPorts;
      return [(nth % 2 === 0 ? toAgent : toListener)(nth >> 1), ports[(nth >> 1) % ports.length] ?? 0, "127.0.0.1"];
    });
    socket?.sendMany(batch.flat());
    sent += due;
    await Bun.sleep(EVERY_MS);
  }
  for (const socket of sockets) socket.close();
  return { sent, seconds: (performance.now() - begun) / 1000 };
}

/** The nth datagram to one side: each kind in turn. */
function forgeriesTo(side: "agent" | "listener", { agent, listener, epoch }: Pick<Flooding, "agent" | "listener" | "epoch">): (nth: number) => Uint8Array {
  // The listener began after the agent: an epoch well above the agent's is one that the agent cannot call old.
  const present = BigInt(epoch) + (side === "agent" ? 2n ** 40n : 0n);
  const sender = side === "agent" ? listener : agent;
  const kind: MessageKind = side === "agent" ? "receipt" : "alarm";
  const clear: MessageKind = side === "agent" ? "seek" : "beacon";
  const strangers = Array.from({ length: HOSTS.length }, (_, nth) => strangersSeek(nth));
  const noise = crypto.getRandomValues(new Uint8Array(BODY_BYTES));
  const forged = (nth: number, set: { readonly kid: number; readonly epoch?: bigint; readonly kind?: MessageKind; readonly suite?: number }): Uint8Array => {
    const header = encodeHeader({ kind, flags: 0, suite: SUITE_SEALED, sender, epoch: present, counter: 1_000_000_000n + BigInt(nth), ...set });
    return Buffer.concat([header, noise]);
  };
  const kinds: readonly ((nth: number) => Uint8Array)[] = [
    () => noise,
    (nth) => forged(nth, { kid: 9 }),
    (nth) => forged(nth, { kid: side === "agent" ? KID_PAIRWISE : 1 }),
    (nth) => forged(nth, { kid: KID_PAIRWISE, epoch: present + BigInt(nth) * 7n + 1n }),
    (nth) => forged(nth, { kid: KID_NONE, kind: clear, suite: SUITE_CLEAR }),
    (nth) => (side === "agent" ? (strangers[nth % strangers.length] ?? noise) : forgedBeacon(nth, { agent, epoch: present })),
  ];
  return (nth) => (kinds[nth % kinds.length] ?? (() => noise))(nth);
}

/** A stranger's genuine question: it costs a signature check where it is heard, and an answer. */
function strangersSeek(nth: number): Uint8Array {
  const own = identityFrom({ ed: new Uint8Array(32).fill(nth + 1), x: new Uint8Array(32).fill(nth + 2) });
  const body = { nonce: toBase64(new Uint8Array(8)), key: toBase64(own.ed), pad: ".".repeat(SEEK_PAD_BYTES) };
  const header = encodeHeader({ kind: "seek", flags: 0, suite: SUITE_CLEAR, kid: KID_NONE, sender: own.id, epoch: 1n, counter: 1n });
  return sealClear(header, Buffer.from(JSON.stringify(body)), own.signer);
}

/** A BEACON of the right form in the agent's name: only its signature tells that it is none. */
function forgedBeacon(nth: number, { agent, epoch }: { readonly agent: PeerId; readonly epoch: bigint }): Uint8Array {
  const zeros = (bytes: number): string => toBase64(new Uint8Array(bytes));
  const body = {
    cluster: zeros(16), clusterName: "c1", agent: "a1", port: 1, versions: [1, 1], kid: 1, challenge: zeros(8), jitterMs: 20,
    open: zeros(8), rules: "", voice: "", key: zeros(32), wall: 0,
  };
  const header = encodeHeader({ kind: "beacon", flags: 0, suite: SUITE_CLEAR, kid: KID_NONE, sender: agent, epoch, counter: 2_000_000_000n + BigInt(nth) });
  return Buffer.concat([header.subarray(0, HEADER_BYTES), Buffer.from(JSON.stringify(body)), new Uint8Array(64)]);
}
