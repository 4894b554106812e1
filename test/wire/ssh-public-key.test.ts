import { describe, expect, test } from "bun:test";
import { authorizedKeysLine } from "../../lib/wire/authorized-keys.ts";
import { parseSshPublicKey, type SshPublicKey, sshFingerprint, sshKeyLine, sshPublicKeySentence } from "../../lib/wire/ssh-public-key.ts";
import { SshWays } from "../../lib/wire/ssh-way.ts";
import V from "../golden/ssh-vectors.json" with { type: "json" };

function key(text: string): SshPublicKey {
  const read = parseSshPublicKey(text);
  if (!read.ok) throw new Error(JSON.stringify(read.fault));
  return read.value;
}

test("a public key is read, written and fingerprinted as OpenSSH does", () => {
  for (const { line, fingerprint } of [V.ed25519, V.other, V.ecdsa]) {
    const read = key(`# made on node1\n\n  ${line}  bell on node1 \r\n`);
    expect(read.comment).toBe("bell on node1");
    expect(sshKeyLine(read)).toBe(line);
    expect(sshFingerprint(read.blob)).toBe(fingerprint);
  }
});

describe("what is no usable public key is told apart", () => {
  const rows: readonly (readonly [name: string, text: string, kind: string, says: RegExp])[] = [
    ["nothing", "\n# only a comment\n", "empty", /no key in "f"/],
    ["a private key", "-----BEGIN OPENSSH PRIVATE KEY-----\nb3Bl\n", "privateKey", /private key .* must stay/],
    ["some text", "hello", "foreign", /something else/],
    ["a key type of the past", `ssh-dss ${V.ed25519.line.split(" ")[1]}`, "unusable", /"ssh-dss"/],
    ["a key that was cut", V.ed25519.line.slice(0, 40), "damaged", /copy the whole line/],
    ["a key of another type than it says", `ssh-rsa ${V.ed25519.line.split(" ")[1]}`, "damaged", /ssh-rsa/],
  ];
  test.each(rows)("%s", (_, text, kind, says) => {
    const read = parseSshPublicKey(text);
    if (read.ok) throw new Error("it was taken");
    expect(read.fault.kind).toBe(kind as never);
    expect(sshPublicKeySentence(read.fault, '"f"')).toMatch(says);
  });
});

test("the line of authorized_keys gives one port, or one command, and nothing else", () => {
  const read = key(`${V.ed25519.line} gapbell-agent@node1`);
  expect(authorizedKeysLine(read, { mode: "forward", host: "127.0.0.1", port: 11_117 })).toBe(
    `restrict,port-forwarding,permitopen="127.0.0.1:11117",permitlisten="127.0.0.1:1",command="/bin/false" ${V.ed25519.line} gapbell-agent@node1`,
  );
  expect(authorizedKeysLine(read, { mode: "stdio", command: ["/opt/gapbell/gapbell-relay", "stdio"] })).toBe(
    `restrict,command="/opt/gapbell/gapbell-relay stdio" ${V.ed25519.line} gapbell-agent@node1`,
  );
});

test("a path with spaces and quotes stays one word of the command, and a comment cannot break out of its line", () => {
  const read = key(`${V.ed25519.line} a"b\u0007`);
  expect(authorizedKeysLine(read, { mode: "stdio", command: ["/opt/my \"bell\"/relay", "stdio"] })).toBe(
    `restrict,command="'/opt/my \\"bell\\"/relay' stdio" ${V.ed25519.line} a"b`,
  );
});

test("the ways of a join string have a port and a mode even where none is written", () => {
  const read = SshWays.parse({ ways: [{ hops: [{ host: "10.0.0.5", user: "bell" }] }] });
  expect(read.ways).toEqual([{ mode: "forward", hops: [{ host: "10.0.0.5", port: 22, user: "bell", hostKeys: [] }] }]);
});

test.each([
  ["no way", { ways: [] }],
  ["a way without a host", { ways: [{ hops: [] }] }],
  ["a host that looks like an option", { ways: [{ hops: [{ host: "-oProxyCommand=x", user: "bell" }] }] }],
  ["an account with a space", { ways: [{ hops: [{ host: "a", user: "b c" }] }] }],
  ["five hosts in a row", { ways: [{ hops: Array.from({ length: 5 }, () => ({ host: "a", user: "b" })) }] }],
  ["a pin that is no key", { ways: [{ hops: [{ host: "a", user: "b", hostKeys: ["SHA256:abc"] }] }] }],
])("%s is refused", (_, ways) => {
  expect(SshWays.safeParse(ways).success).toBe(false);
});
