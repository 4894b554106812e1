import { expect, test } from "bun:test";
import { decodeJoinString, encodeJoinString, joinKeysOf, joinMac, type JoinString, joinStringSentence } from "../../lib/wire/join-string.ts";
import type { SshWays } from "../../lib/wire/ssh-way.ts";

const JOIN: JoinString = {
  host: "10.11.131.5", port: 11_117, certificate: new Uint8Array(367).map((_, i) => i & 255), secret: new Uint8Array(16).fill(7), ssh: undefined,
};
const WAYS: SshWays = {
  ways: [
    { mode: "forward", hops: [{ host: "jump1", port: 22, user: "bell", hostKeys: [] }] },
    { mode: "stdio", hops: [{ host: "10.0.0.4", port: 2222, user: "bell", hostKeys: [] }, { host: "jump1", port: 22, user: "bell", hostKeys: [] }] },
  ],
};
const TEXT = encodeJoinString(JOIN);

test("what was encoded is decoded, with and without the way through jump hosts", () => {
  for (const ssh of [undefined, WAYS]) {
    const decoded = decodeJoinString(encodeJoinString({ ...JOIN, ssh }));
    expect(decoded).toEqual({ ok: true, value: { ...JOIN, ssh } });
  }
});

test("it is one line that can be pasted with line breaks, spaces and comments", () => {
  expect(TEXT).toMatch(/^gapbell-relay1\.[A-Za-z0-9_-]+$/);
  const pasted = `# made on jump1\n\n  ${TEXT.slice(0, 40)}\r\n ${TEXT.slice(40)}  \n# end\n`;
  expect(decodeJoinString(pasted)).toEqual({ ok: true, value: JOIN });
});

test("cut short at any place it is refused", () => {
  for (let length = 0; length < TEXT.length; length += 1) expect(decodeJoinString(TEXT.slice(0, length)).ok).toBe(false);
});

test("with any character changed it is refused", () => {
  for (let at = 0; at < TEXT.length; at += 1) {
    const changed = `${TEXT.slice(0, at)}${TEXT[at] === "A" ? "B" : "A"}${TEXT.slice(at + 1)}`;
    expect(decodeJoinString(changed).ok).toBe(false);
  }
});

const FAULTS: readonly { readonly name: string; readonly text: string; readonly kind: string; readonly says: RegExp }[] = [
  { name: "nothing", text: " \n", kind: "empty", says: /gapbell-relay invite/ },
  { name: "something else", text: "hello", kind: "foreign", says: /begins with "gapbell-relay1\."/ },
  { name: "an invite for a listener", text: "01ABC-".repeat(12), kind: "listenerInvite", says: /gapbell-client join/ },
  { name: "a newer version", text: TEXT.replace("relay1", "relay2"), kind: "newer", says: /version 2/ },
  { name: "a damaged one", text: `${TEXT}AAAA`, kind: "damaged", says: /checksum/ },
];
for (const { name, text, kind, says } of FAULTS) {
  test(`${name} is told apart: ${kind}`, () => {
    const decoded = decodeJoinString(text);
    expect(decoded).toMatchObject({ ok: false, fault: { kind } });
    if (!decoded.ok) expect(joinStringSentence(decoded.fault)).toMatch(says);
  });
}

test("the keys of one secret are always the same, of another never, and of each other never", () => {
  const one = joinKeysOf(JOIN.secret);
  expect(joinKeysOf(JOIN.secret)).toEqual(one);
  expect(one.tlsSeed).not.toEqual(one.macKey);
  expect(joinKeysOf(new Uint8Array(16)).macKey).not.toEqual(one.macKey);
});

test("the MAC changes with every field", () => {
  const request = { cluster: "a", clusterName: "b", agent: "c", ed: "d", certificate: "e" };
  const { macKey } = joinKeysOf(JOIN.secret);
  const macs = [request, ...Object.keys(request).map((field) => ({ ...request, [field]: "x" }))].map((one) => joinMac(one, macKey));
  expect(new Set(macs).size).toBe(6);
});
