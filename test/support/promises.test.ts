import { describe, expect, test } from "bun:test";
import { promisesOf } from "./promises.ts";
import type { Call } from "./strace.ts";

const WEB = "socket:[1]";
const LAN = "socket:[2]";
const LOG = "/state/agent.db-wal";

describe("what was said is held against what was on disk", () => {
  const cases: readonly { readonly name: string; readonly calls: readonly Call[]; readonly broken: readonly string[] }[] = [
    { name: "read, synced, answered, told: kept", calls: [read("mark-1"), sync(), answer(), tell("mark-1")], broken: [] },
    { name: "answered without a sync", calls: [read("mark-1"), answer()], broken: [`A request on ${WEB} was answered before it was on disk`] },
    { name: "synced before it was read", calls: [sync(), read("mark-1"), answer()], broken: [`A request on ${WEB} was answered before it was on disk`] },
    { name: "synced after the answer", calls: [read("mark-1"), answer(), sync()], broken: [`A request on ${WEB} was answered before it was on disk`] },
    { name: "told before the sync, answered after it", calls: [read("mark-1"), tell("mark-1"), sync(), answer()], broken: ['A datagram tells of "mark-1" before it was on disk'] },
    { name: "another file was synced", calls: [read("mark-1"), sync({ on: "/state/agent.db" }), answer()], broken: [`A request on ${WEB} was answered before it was on disk`] },
    { name: "the sync failed", calls: [read("mark-1"), sync({ result: -1 }), answer()], broken: [`A request on ${WEB} was answered before it was on disk`] },
    { name: "the sync had begun before it was read", calls: [at(sync(), 0, 5), at(read("mark-1"), 1, 1), at(answer(), 6, 6)], broken: [`A request on ${WEB} was answered before it was on disk`] },
    { name: "the sync had not ended when it was answered", calls: [at(read("mark-1"), 0, 0), at(answer(), 2, 2), at(sync(), 1, 3)], broken: [`A request on ${WEB} was answered before it was on disk`] },
    { name: "the second of two in a batch was read after the sync", calls: [read("mark-1"), sync(), read("mark-2"), tell("mark-1", "mark-2")], broken: ['A datagram tells of "mark-2" before it was on disk'] },
    { name: "told of what nobody said", calls: [tell("mark-9")], broken: ['A datagram tells of "mark-9", which no request has brought'] },
    { name: "a question needs no sync", calls: [read("mark-1", "GET"), answer()], broken: [] },
    { name: "a refusal needs no sync", calls: [read("mark-1"), answer("503 Service Unavailable")], broken: [] },
    { name: "a body that came in two pieces counts from the second", calls: [read("mark-1"), sync(), read("rest of it", ""), answer()], broken: [`A request on ${WEB} was answered before it was on disk`] },
    { name: "a beacon needs no sync", calls: [tell()], broken: [] },
  ];
  for (const { name, calls, broken } of cases) {
    test(name, () => {
      const told = (bytes: Uint8Array) => Buffer.from(bytes).toString().split(" ").filter((word) => word.startsWith("mark-"));
      const opened: Call = { ...sync(), name: "socket", on: "", words: "AF_INET, SOCK_DGRAM, 0", made: LAN };
      const inOrder = calls.map((call, moment) => (call.begun < 0 ? at(call, moment, moment) : call));
      expect(promisesOf([at(opened, -1, -1), ...inOrder], { log: "agent.db-wal", mark: /mark-\d+/g, told }).broken).toEqual(broken);
    });
  }
});

function read(text: string, method = "POST"): Call {
  return aCall({ name: "recvfrom", on: WEB, bytes: [Buffer.from(method === "" ? text : `${method} / HTTP/1.1\r\n\r\n${text}`)] });
}

function answer(status = "200 OK"): Call {
  return aCall({ name: "sendto", on: WEB, bytes: [Buffer.from(`HTTP/1.1 ${status}\r\n\r\n`)] });
}

function tell(...words: readonly string[]): Call {
  return aCall({ name: "sendmmsg", on: LAN, bytes: [Buffer.from(words.join(" "))] });
}

function sync(more: Partial<Call> = {}): Call {
  return aCall({ name: "fsync", on: LOG, ...more });
}

function at(call: Call, begun: number, ended: number): Call {
  return { ...call, begun, ended };
}

function aCall(call: Partial<Call>): Call {
  return { name: "", on: "", words: "", bytes: [], result: 0, made: "", begun: -1, ended: -1, ...call };
}
