import { expect, test } from "bun:test";
import { identityFrom, KeyRing, peerOf } from "../../lib/trust/keys.ts";
import { Opener } from "../../lib/trust/opener.ts";
import { Sealer } from "../../lib/trust/sealer.ts";
import { Window } from "../../lib/trust/window.ts";

const bytes = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const AGENT = identityFrom({ ed: bytes(1), x: bytes(2) });
const LISTENER = identityFrom({ ed: bytes(3), x: bytes(4) });

/** What an agent says, and how a listener that knows its epoch hears it. */
function aPair(): { readonly say: () => Uint8Array; readonly opener: Opener } {
  const theirs = new KeyRing(AGENT);
  theirs.addPeer(peerOf(LISTENER.ed, LISTENER.x));
  const ring = new KeyRing(LISTENER);
  ring.addPeer(peerOf(AGENT.ed, AGENT.x));
  const sealer = new Sealer({ ring: theirs, epoch: 5n });
  const opener = new Opener({ ring, side: "client" });
  opener.adopt(AGENT.id, { epoch: 5n, counter: 0n });
  const say = (): Uint8Array => {
    const sealed = sealer.seal({ kind: "bye", body: { why: "" } }, { kind: "pair", peer: LISTENER.id }, { broadcast: false, repeat: false, deflate: false });
    if (!sealed.ok) throw new Error(sealed.fault.kind);
    return sealed.value;
  };
  return { say, opener };
}

test("a packet that came before its epoch was believed anew is not let in a second time", () => {
  const { say, opener } = aPair();
  const packets = [say(), say(), say()];
  for (const packet of packets) expect(opener.open(packet, "10.0.0.1", 0).ok).toBe(true);
  opener.adopt(AGENT.id, { epoch: 5n, counter: 1n });
  for (const packet of packets) expect(opener.open(packet, "10.0.0.1", 0)).toEqual({ ok: false, fault: "replay" });
  expect(opener.open(say(), "10.0.0.1", 0).ok).toBe(true);
});

test("what was said before the moment that is believed is not let in, though it was never heard", () => {
  const { say, opener } = aPair();
  const [early, late] = [say(), say()];
  opener.adopt(AGENT.id, { epoch: 5n, counter: 1n });
  expect(opener.open(early, "10.0.0.1", 0)).toEqual({ ok: false, fault: "replay" });
  expect(opener.open(late, "10.0.0.1", 0).ok).toBe(true);
});

test("a window that is raised forgets nothing that it has seen above", () => {
  const window = new Window(0n);
  for (const counter of [3n, 7n, 9n]) window.commit(counter);
  window.raise(5n);
  const free = [1n, 2n, 3n, 4n, 5n, 6n, 7n, 8n, 9n, 10n].filter((counter) => window.check(counter));
  expect(free).toEqual([6n, 8n, 10n]);
  window.raise(12n);
  expect([8n, 10n, 12n, 13n].filter((counter) => window.check(counter))).toEqual([13n]);
});
