/** The golden vectors, opened and made again by the Python that was written from `docs/protocol.md` alone. */

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { VECTORS } from "../golden/make-vectors.ts";
import { missingPython, openedByPython } from "../support/python.ts";

type Packet = { readonly kind: string; readonly body: Readonly<Record<string, unknown>>; readonly datagram: string };
type Seeds = { readonly ed: string; readonly x: string };
type File = {
  readonly keys: {
    readonly seeds: Readonly<Record<"agent" | "listener", Seeds>>; readonly public: Readonly<Record<"agent", { readonly id: string }>>;
    readonly group: { readonly kid: number; readonly key: string };
  };
  readonly V9: { readonly join: Packet; readonly joined: Packet };
  readonly V11: { readonly line: string };
  readonly V12: readonly { readonly adopted: string; readonly counters: readonly string[]; readonly fresh: readonly boolean[] }[];
};

const FILE = JSON.parse(readFileSync(VECTORS, "utf8")) as File;
/** The flag of a deflated body: how well one deflates is nobody's business. */
const DEFLATED = 8;

describe.skipIf(missingPython !== "")(`the vectors in Python${missingPython === "" ? "" : ` (skipped: ${missingPython})`}`, () => {
  const all = packetsIn(FILE);
  const python = missingPython !== "" ? undefined : openedByPython({
    identities: FILE.keys.seeds, groups: { [FILE.keys.group.kid]: FILE.keys.group.key }, windows: FILE.V12,
    packets: all.map(({ datagram }) => (datagram.slice(16, 32) === FILE.keys.public.agent.id ? { datagram, sender: "agent", receiver: "listener" } : { datagram, sender: "listener", receiver: "agent" })),
    joining: [{ line: FILE.V11.line, join: FILE.V9.join.body, answer: FILE.V9.joined.body }],
  });

  test("every datagram opens to its body", () => {
    expect(all.length).toBeGreaterThanOrEqual(13);
    expect(python?.packets.map(({ kind, body }) => ({ kind, body }))).toEqual(all.map(({ kind, body }) => ({ kind, body })));
  });

  test("the same bodies give the same bytes", () => {
    const plain = (datagram: string): boolean => (Number.parseInt(datagram.slice(8, 10), 16) & DEFLATED) === 0;
    const again = python?.packets.map(({ again }) => again) ?? [];
    expect(again.filter((_, nth) => plain(all[nth]?.datagram ?? ""))).toEqual(all.map(({ datagram }) => datagram).filter(plain));
  });

  test("the invite of V11 gives the JOIN of V9, and its JOINED is believed", () => {
    const { cluster, clusterName, voice, warrant, member, kid } = FILE.V9.joined.body;
    const groups = [[kid, Buffer.from(FILE.keys.group.key, "hex").toString("base64url")]];
    expect(python?.joined).toEqual([{ join: FILE.V9.join.body, member: { cluster, clusterName, voice, warrant, member, groups } }]);
  });

  test("the windows of V12 let the same counters in", () => {
    expect(python?.windows).toEqual(FILE.V12.map(({ fresh }) => fresh));
  });
});

/** Whatever of the file is a datagram. */
function packetsIn(value: unknown): readonly Packet[] {
  if (typeof value !== "object" || value === null) return [];
  return "datagram" in value ? [value as Packet] : Object.values(value).flatMap(packetsIn);
}
