/** What is said of a turn, and in which order; with a disk that fails, only the bell. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { type AgentPorts, performer } from "../../lib/agent/perform.ts";
import type { AgentEffect, AgentTurn } from "../../lib/agent/turn.ts";
import { identityFrom, KeyRing } from "../../lib/trust/keys.ts";
import { Opener } from "../../lib/trust/opener.ts";
import { Sealer } from "../../lib/trust/sealer.ts";
import { KID_NONE, KID_PAIRWISE } from "../../lib/wire/constants.ts";
import type { Message } from "../../lib/wire/message.ts";
import { decodeHeader } from "../../lib/wire/packet.ts";
import { IDENTITIES } from "../support/a-cluster.ts";
import { anyMessageOf } from "../support/any-message.ts";

const STATE: Message = { kind: "bye", body: { why: "x" } };
const ACKED: Message = { kind: "acked", body: { id: "0".repeat(26), revision: 1, outcome: "taken", reason: "", by: "li" } };

function say(message: Message): AgentEffect {
  return { kind: "say", message, to: { kind: "everyone" }, repeat: false, deflate: false };
}

const TURN: AgentTurn = {
  changes: [{ kind: "put", table: "meta", id: "events", row: 1 }], log: [],
  effects: [
    say(STATE), say(ACKED), { kind: "link", request: { kind: "commit", upTo: 1 } }, { kind: "link", request: { kind: "ability", fresh: true } },
    { kind: "answer", ticket: 1, reply: { status: 200, body: {} } },
  ],
};

/** What happens, in order, and what leaves. */
function ports(disk: "whole" | "full"): { readonly happened: string[]; readonly left: Uint8Array[]; readonly ports: AgentPorts } {
  const happened: string[] = [];
  const left: Uint8Array[] = [];
  const leaves = (datagram: Uint8Array): void => {
    happened.push("datagram");
    left.push(datagram);
  };
  const own = identityFrom({ ed: new Uint8Array(32).fill(2), x: new Uint8Array(32).fill(3) });
  const ring = new KeyRing(own);
  ring.setGroup(1, new Uint8Array(32).fill(4));
  ring.addPeer(IDENTITIES.listener);
  const sealer = new Sealer({ ring, epoch: 1n });
  return {
    happened, left,
    ports: {
      ring, sealer, opener: new Opener({ ring, side: "agent" }),
      store: {
        commit: async () => {
          happened.push("commit");
          return disk === "whole" ? { ok: true, value: undefined } : { ok: false, fault: { kind: "commitFailed", reason: "disk full" } };
        },
        load: () => [], journal: () => [], close: () => {},
      },
      lan: { broadcast: leaves, send: leaves, close: () => {} },
      tickets: { answer: (_: number, { status }: { status: number }) => void happened.push(`answer ${status}`) } as unknown as AgentPorts["tickets"],
      log: { write: () => {} },
      link: {
        ask: (request) => {
          happened.push(request.kind);
          return new Promise(() => {});
        },
        use: () => {},
      },
      put: ({ kind }) => void happened.push(`event ${kind}`), exit: () => {},
    },
  };
}

test("first it is written, then who asked is answered, then the others are told", async () => {
  const { happened, ports: world } = ports("whole");
  await performer(world)(TURN);
  expect(happened).toEqual(["commit", "answer 200", "datagram", "datagram", "commit", "ability"]);
});

test("where it cannot be written, nothing is said but that", async () => {
  const { happened, ports: world } = ports("full");
  await performer(world)(TURN);
  expect(happened).toEqual(["commit", "answer 503", "event storeFailed"]);
});

test("from then on the bell rings, and nobody is promised anything: no acknowledgement is confirmed, no event given up", async () => {
  const { happened, ports: world } = ports("full");
  const perform = performer(world);
  await perform(TURN);
  happened.length = 0;
  await perform(TURN);
  expect(happened).toEqual(["commit", "answer 503", "datagram", "ability"]);
});

test("a beacon is in clear for everybody and for strangers, and sealed for the pair where a listener asked", async () => {
  const { left, ports: world } = ports("whole");
  const [message] = fc.sample(anyMessageOf("beacon"), { seed: 1, numRuns: 1 });
  if (message === undefined) throw new Error("a sample");
  const address = { host: "10.0.0.9", port: 9 };
  const audiences = [{ kind: "everyone" }, { kind: "stranger", address }, { kind: "listener", peer: IDENTITIES.listener.id, address }] as const;
  await performer(world)({ changes: [], log: [], effects: audiences.map((to) => ({ kind: "say", message, to, repeat: false, deflate: false })) });
  expect(left.map((datagram) => decodeHeader(datagram)).map((header) => (header.ok ? header.value.kid : header.fault))).toEqual([KID_NONE, KID_NONE, KID_PAIRWISE]);
});
