import { describe, expect, test } from "bun:test";
import { parseStrace } from "./strace.ts";

const hex = (text: string) => [...Buffer.from(text, "latin1")].map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
const name = (text: string) => `<${hex(text)}>`;
const texts = (bytes: readonly Uint8Array[] | undefined) => bytes?.map((part) => Buffer.from(part).toString("latin1"));

describe("a line of strace", () => {
  const cases = [
    {
      name: "bytes that were read",
      line: `19029 recvfrom(9${name("socket:[73334]")}, "${hex('POST /v1 "quoted"\r\n')}", 524288, MSG_DONTWAIT, NULL, NULL) = 19`,
      call: { name: "recvfrom", on: "socket:[73334]", result: 19 }, bytes: ['POST /v1 "quoted"\r\n'],
    },
    {
      name: "an address beside the bytes is not taken for some",
      line: `7 sendto(14${name("socket:[5]")}, "${hex("GB")}", 2, 0, {sa_family=AF_INET, sin_port=htons(11114), sin_addr=inet_addr("${hex("127.255.255.255")}")}, 16) = 2`,
      call: { name: "sendto", on: "socket:[5]", result: 2 }, bytes: ["GB"],
    },
    {
      name: "several datagrams of one call",
      line: `7 sendmmsg(8${name("socket:[5]")}, [{msg_hdr={msg_name={sa_family=AF_INET, sin_port=htons(1), sin_addr=inet_addr("${hex("127.0.0.1")}")}, msg_namelen=16, msg_iov=[{iov_base="${hex("one")}", iov_len=3}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=3}, {msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="${hex("two")}", iov_len=3}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=3}], 2, MSG_DONTWAIT) = 2`,
      call: { name: "sendmmsg", on: "socket:[5]", result: 2 }, bytes: ["one", "two"],
    },
    { name: "a sync of a file", line: `7 fdatasync(6${name("/s t/agent.db-wal")}) = 0`, call: { name: "fdatasync", on: "/s t/agent.db-wal", result: 0 }, bytes: [] },
    { name: "a sync that failed", line: `7 fsync(6${name("/s/agent.db-wal")}) = -1 EIO (Input/output error) (INJECTED)`, call: { name: "fsync", result: -1 }, bytes: [] },
    { name: "a descriptor whose name is not escaped", line: "7 fsync(6</s/agent.db-wal>) = 0", call: { on: "/s/agent.db-wal" }, bytes: [] },
    { name: "a new socket", line: `7 socket(AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_UDP) = 8${name("socket:[74095]")}`, call: { name: "socket", on: "", made: "socket:[74095]", words: "AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, IPPROTO_UDP" }, bytes: [] },
  ];
  for (const { name: title, line, call, bytes } of cases) {
    test(title, () => {
      const [parsed] = parseStrace(`${line}\n`);
      expect(parsed).toMatchObject(call);
      expect(texts(parsed?.bytes)).toEqual(bytes);
    });
  }

  test("that is no finished call is left out", () => {
    const lines = [
      "19029 --- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=19020, si_uid=0} ---",
      "19032 +++ killed by SIGKILL +++",
      `19029 fdatasync(6${name("/s/agent.db-wal")} <unfinished ...>`,
      `19029 fdatasync(6${name("/s/agent.db-wal")}) = ?`,
      "",
    ];
    expect(parseStrace(lines.join("\n"))).toEqual([]);
  });
});

test("a call that another thread interrupted is one call, with a beginning and an end", () => {
  const trace = [
    `1 fsync(6${name("/s/agent.db-wal")} <unfinished ...>`,
    `2 recvfrom(9${name("socket:[1]")},  <unfinished ...>`,
    `3 fsync(7${name("/s/other")}) = 0`,
    `2 <... recvfrom resumed>"${hex("POST")}", 524288, MSG_DONTWAIT, NULL, NULL) = 4`,
    "1 <... fsync resumed>) = 0",
  ].join("\n");
  const calls = parseStrace(trace).map(({ name: call, on, begun, ended, bytes }) => ({ call, on, begun, ended, bytes: texts(bytes) }));
  expect(calls).toEqual([
    { call: "fsync", on: "/s/other", begun: 2, ended: 2, bytes: [] },
    { call: "recvfrom", on: "socket:[1]", begun: 1, ended: 3, bytes: ["POST"] },
    { call: "fsync", on: "/s/agent.db-wal", begun: 0, ended: 4, bytes: [] },
  ]);
});

test("bytes that strace cut short are a mistake of the test, not a proof", () => {
  expect(() => parseStrace(`7 recvfrom(9${name("socket:[1]")}, "${hex("PO")}"..., 524288, 0, NULL, NULL) = 400`)).toThrow("cut the bytes of a recvfrom short");
});
