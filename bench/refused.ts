/** What a datagram that is refused costs an agent, by why it is refused: processor time of one warm thread, in microseconds for each. */

import { identityFrom, KeyRing } from "../lib/trust/keys.ts";
import { Opener } from "../lib/trust/opener.ts";
import { Sealer } from "../lib/trust/sealer.ts";
import { HEADER_BYTES, KID_NONE, KID_PAIRWISE, SUITE_CLEAR, SUITE_SEALED } from "../lib/wire/constants.ts";
import { encodeHeader } from "../lib/wire/packet.ts";

const BODY_BYTES = 500;
const EPOCH = 1000n;
/** Said at once: what can be forgotten is not counted. */
const CHUNK = 1000;
const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

/** @param count of datagrams of each kind, no two the same */
export function measureRefused(count: number): Readonly<Record<string, number>> {
  const [agent, member, stranger] = [identityFrom({ ed: seed(2), x: seed(3) }), identityFrom({ ed: seed(5), x: seed(6) }), identityFrom({ ed: seed(7), x: seed(8) })];
  const ring = new KeyRing(agent);
  ring.addPeer(member);
  ring.setGroup(1, seed(4));
  const noise = crypto.getRandomValues(new Uint8Array(HEADER_BYTES + BODY_BYTES));
  const forged = (nth: number, { kid, sender = member.id, epoch = EPOCH, clear = false }: { readonly kid: number; readonly sender?: string; readonly epoch?: bigint; readonly clear?: boolean }): Uint8Array => {
    const header = encodeHeader({ kind: clear ? "seek" : "receipt", flags: 0, suite: clear ? SUITE_CLEAR : SUITE_SEALED, kid, sender, epoch, counter: BigInt(nth + 10) });
    return Buffer.concat([header, noise.subarray(HEADER_BYTES)]);
  };
  const kinds: readonly { readonly name: string; readonly reason: string; readonly at: (nth: number) => Uint8Array }[] = [
    { name: "noise", reason: "foreign", at: () => noise },
    { name: "unknownSender", reason: "unknown sender", at: (nth) => forged(nth, { kid: KID_PAIRWISE, sender: stranger.id }) },
    { name: "wrongKid", reason: "unknown key", at: (nth) => forged(nth, { kid: 9 }) },
    { name: "rightKidWrongTag", reason: "seal", at: (nth) => forged(nth, { kid: KID_PAIRWISE }) },
    { name: "groupKidWrongTag", reason: "seal", at: (nth) => forged(nth, { kid: 1 }) },
    { name: "wrongTagNewEpoch", reason: "seal", at: (nth) => forged(nth, { kid: KID_PAIRWISE, epoch: EPOCH + 1n + BigInt(nth) }) },
    { name: "clearAboveRate", reason: "too many", at: (nth) => forged(nth, { kid: KID_NONE, clear: true }) },
  ];
  noise[0] = 0;
  const theirs = new KeyRing(member);
  theirs.addPeer(agent);
  theirs.setGroup(1, seed(4));
  const sealer = new Sealer({ ring: theirs, epoch: EPOCH });
  const genuine = ([{ kind: "pair", peer: agent.id }, { kind: "group" }] as const).map((to) =>
    sealer.seal({ kind: "bye", body: { why: "" } }, to, { broadcast: false, repeat: false, deflate: false }));
  return Object.fromEntries(kinds.map(({ name, reason, at }) => {
    const opener = new Opener({ ring, side: "agent" });
    opener.adopt(member.id, { epoch: EPOCH, counter: 0n });
    // The keys of a member that has been heard are at hand.
    for (const packet of genuine) if (!packet.ok || !opener.open(packet.value, "127.0.0.1", 0).ok) throw new Error("A genuine packet was refused");
    let spentUs = 0;
    for (let from = 0; from < count; from += CHUNK) {
      const datagrams = Array.from({ length: Math.min(CHUNK, count - from) }, (_, nth) => at(from + nth));
      const before = process.cpuUsage();
      for (const datagram of datagrams) opener.open(datagram, "127.0.0.1", 0);
      const { user, system } = process.cpuUsage(before);
      spentUs += user + system;
    }
    // Those that the rate lets through are refused for their form.
    if ((opener.drops()[reason] ?? 0) < 0.9 * count) throw new Error(`${name} was not refused as "${reason}": ${JSON.stringify(opener.drops())}`);
    return [name, spentUs / count];
  }));
}
