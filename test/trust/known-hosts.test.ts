/** Which host keys are believed: OpenSSH's file as OpenSSH reads it, and the pins of a join string. */

import { describe, expect, test } from "bun:test";
import { judgeHostKey, type KnownHosts, knownTypes, parseKnownHosts, pinned } from "../../lib/trust/known-hosts.ts";
import { parseSshPublicKey } from "../../lib/wire/ssh-public-key.ts";
import V from "../golden/ssh-vectors.json" with { type: "json" };

const KEY = V.ed25519.line;
const blob = (line: string): Uint8Array => {
  const key = parseSshPublicKey(line);
  if (!key.ok) throw new Error(line);
  return key.value.blob;
};
const JUMP1 = { host: "jump1.example.com", port: 22 };

describe("a line of known_hosts", () => {
  const rows: readonly (readonly [name: string, line: string, place: { readonly host: string; readonly port: number }, verdict: string])[] = [
    ["names its host", `jump1.example.com ${KEY}`, JUMP1, "trusted"],
    ["names it in any spelling", `Jump1.Example.COM ${KEY} comment`, { host: "JUMP1.example.com", port: 22 }, "trusted"],
    ["names no other host", `jump2.example.com ${KEY}`, JUMP1, "unknown"],
    ["names several", `jump1,10.0.0.5,jump1.example.com ${KEY}`, JUMP1, "trusted"],
    ["names a host by its hash", `${V.hashed["jump1.example.com"]} ${KEY}`, JUMP1, "trusted"],
    ["names no other host by that hash", `${V.hashed["jump1.example.com"]} ${KEY}`, { host: "jump2.example.com", port: 22 }, "unknown"],
    ["names host and port", `[10.0.0.5]:2222 ${KEY}`, { host: "10.0.0.5", port: 2222 }, "trusted"],
    ["names host and port by their hash", `${V.hashed["[10.0.0.5]:2222"]} ${KEY}`, { host: "10.0.0.5", port: 2222 }, "trusted"],
    ["with a port says nothing about port 22", `[10.0.0.5]:2222 ${KEY}`, { host: "10.0.0.5", port: 22 }, "unknown"],
    ["without a port is believed for another one, as ssh does", `10.0.0.5 ${KEY}`, { host: "10.0.0.5", port: 2222 }, "trusted"],
    ["without a port calls nothing changed on another one", `10.0.0.5 ${V.other.line}`, { host: "10.0.0.5", port: 2222 }, "unknown"],
    ["with a star names all of a domain", `*.example.com ${KEY}`, JUMP1, "trusted"],
    ["with a star takes its dots as dots", `*.exampleXcom ${KEY}`, JUMP1, "unknown"],
    ["with a question mark names one character", `jump?.example.com ${KEY}`, JUMP1, "trusted"],
    ["with a question mark names no two", `jump?.example.com ${KEY}`, { host: "jump10.example.com", port: 22 }, "unknown"],
    ["takes away what it negates", `*.example.com,!jump1.example.com ${KEY}`, JUMP1, "unknown"],
    ["takes away wherever the negation stands", `!jump1.*,*.example.com ${KEY}`, JUMP1, "unknown"],
    ["with only negations names nobody", `!jump2.example.com ${KEY}`, JUMP1, "unknown"],
    ["with another key says that it changed", `jump1.example.com ${V.other.line}`, JUMP1, "changed"],
    ["with a key of another type says that it changed", `jump1.example.com ${V.ecdsa.line}`, JUMP1, "changed"],
    ["may revoke the key", `@revoked * ${KEY}`, JUMP1, "revoked"],
    ["revokes for the hosts that it names", `@revoked jump2.example.com ${KEY}`, JUMP1, "unknown"],
    ["that revokes another key says nothing of this one", `@revoked * ${V.other.line}`, JUMP1, "unknown"],
    ["about an authority is passed over", `@cert-authority *.example.com ${KEY}`, JUMP1, "unknown"],
    ["with an unknown marker is passed over", `@trusted jump1.example.com ${KEY}`, JUMP1, "unknown"],
    ["that is a comment says nothing", `# jump1.example.com ${KEY}`, JUMP1, "unknown"],
    ["with a damaged key says nothing", `jump1.example.com ${KEY.slice(0, -4)}`, JUMP1, "unknown"],
    ["whose key is of another type than it says is passed over", `jump1.example.com ssh-rsa ${KEY.split(" ")[1]}`, JUMP1, "unknown"],
    ["with a damaged hash is passed over", `${V.hashed["jump1.example.com"].slice(0, -2)} ${KEY}`, JUMP1, "unknown"],
    ["with line ends of Windows is read", `jump1.example.com ${KEY}\r`, JUMP1, "trusted"],
  ];
  test.each(rows)("%s", (_, line, place, verdict) => {
    expect(judgeHostKey(parseKnownHosts(`\n${line}\n`), place, blob(KEY)).kind).toBe(verdict as never);
  });
});

test("a key may be one of several, and a revocation beats them all", () => {
  const both = `jump1.example.com ${V.other.line}\njump1.example.com ${KEY}\n`;
  expect(judgeHostKey(parseKnownHosts(both), JUMP1, blob(KEY))).toEqual({ kind: "trusted" });
  expect(judgeHostKey(parseKnownHosts(`${both}@revoked * ${KEY}\n`), JUMP1, blob(KEY))).toEqual({ kind: "revoked" });
});

test("a changed key names those that were known, by the fingerprints that ssh-keygen prints", () => {
  const known = parseKnownHosts(`jump1.example.com ${V.other.line}\njump1.example.com ${V.ecdsa.line}\n`);
  expect(judgeHostKey(known, JUMP1, blob(KEY))).toEqual({ kind: "changed", known: [V.other.fingerprint, V.ecdsa.fingerprint] });
});

test("what is passed over is noted with its line", () => {
  const { notes } = parseKnownHosts(`# fine\n@cert-authority * ${KEY}\njump1 nonsense\n|2|x|y ${KEY}\n`);
  expect(notes).toEqual([
    expect.stringMatching(/^Line 2 .*authorities/), expect.stringMatching(/^Line 3 .*no key/), expect.stringMatching(/^Line 4 .*hashed/),
  ]);
});

test("pins hold for their host and port alone", () => {
  const place = { host: "10.0.0.5", port: 2222 };
  const known: KnownHosts = { hosts: pinned(place, [KEY]), notes: [] };
  expect(judgeHostKey(known, place, blob(KEY)).kind).toBe("trusted");
  expect(judgeHostKey(known, place, blob(V.other.line)).kind).toBe("changed");
  expect(judgeHostKey(known, { ...place, port: 22 }, blob(KEY)).kind).toBe("unknown");
});

test("the types of the known keys are asked for first", () => {
  const known = parseKnownHosts(`jump1.example.com ${V.ecdsa.line}\n@revoked jump1.example.com ${KEY}\nother ${KEY}\n`);
  expect(knownTypes(known, JUMP1)).toEqual(["ecdsa-sha2-nistp256"]);
});
