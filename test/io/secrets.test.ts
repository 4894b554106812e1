import { describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { readSecret, readSecretText, SECRET_BYTES_MOST, type SecretFault, secretSentence, writeSecret } from "../../lib/io/secrets.ts";
import { asNobody } from "../support/as-nobody.ts";
import { tempFolder } from "../support/temp-folder.ts";

describe("a secret that is written", () => {
  test("is whole, readable by its owner only whatever the umask, and leaves no draft behind", () => {
    using folder = tempFolder();
    const mask = process.umask(0);
    try {
      expect(writeSecret(folder.at("key"), new Uint8Array([0, 255, 10]))).toEqual({ ok: true, value: undefined });
    } finally {
      process.umask(mask);
    }
    expect(statSync(folder.at("key")).mode & 0o777).toBe(0o600);
    expect(readdirSync(folder.path)).toEqual(["key"]);
    expect(readSecret(folder.at("key"))).toEqual({ ok: true, value: new Uint8Array([0, 255, 10]) });
  });

  test("is never written over", () => {
    using folder = tempFolder();
    writeSecret(folder.at("key"), "first");
    expect(writeSecret(folder.at("key"), "second")).toEqual({ ok: false, fault: { kind: "exists", path: folder.at("key") } });
    expect(readFileSync(folder.at("key"), "utf8")).toBe("first");
    expect(readdirSync(folder.path)).toEqual(["key"]);
  });

  test("does not follow a link that somebody laid in its place", () => {
    using folder = tempFolder();
    symlinkSync(folder.at("elsewhere"), folder.at("key"));
    expect(writeSecret(folder.at("key"), "secret")).toMatchObject({ ok: false, fault: { kind: "exists" } });
    expect(readdirSync(folder.path)).toEqual(["key"]);
  });

  test("into a folder that is not there is a fault with its reason", () => {
    using folder = tempFolder();
    expect(writeSecret(folder.at("none/key"), "secret")).toMatchObject({ ok: false, fault: { kind: "unwritable", reason: expect.stringContaining("ENOENT") } });
  });
});

describe("a secret that is read", () => {
  test("as text loses the line end of an editor, and nothing else", () => {
    using folder = tempFolder();
    for (const [name, text, read] of [["unix", " pass word \n", " pass word "], ["dos", "p\r\n", "p"], ["two", "p\n\n", "p\n"], ["bare", "p", "p"]] as const) {
      writeSecret(folder.at(name), text);
      expect(readSecretText(folder.at(name))).toEqual({ ok: true, value: read });
    }
  });

  const refused: readonly { readonly name: string; readonly make: (path: string) => void; readonly fault: Partial<SecretFault>; readonly says: string }[] = [
    { name: "readable by the group", make: (path) => write(path, 0o640), fault: { kind: "tooOpen", mode: 0o640 }, says: "its mode is 0640 and others could read it, must be 0600: chmod 600 PATH" },
    { name: "readable by all", make: (path) => write(path, 0o604), fault: { kind: "tooOpen", mode: 0o604 }, says: "its mode is 0604" },
    { name: "writable by others", make: (path) => write(path, 0o602), fault: { kind: "tooOpen", mode: 0o602 }, says: "chmod 600 PATH" },
    { name: "missing", make: () => {}, fault: { kind: "missing" }, says: "Cannot find" },
    { name: "a folder", make: (path) => mkdirSync(path, { mode: 0o700 }), fault: { kind: "unreadable" }, says: "Cannot read" },
    { name: "too long", make: (path) => write(path, 0o600, SECRET_BYTES_MOST + 1), fault: { kind: "tooLong", bytes: SECRET_BYTES_MOST + 1 }, says: "at most 65536" },
  ];
  for (const { name, make, fault, says } of refused) {
    test(`is refused: ${name}`, () => {
      using folder = tempFolder();
      const path = folder.at("it's a key");
      make(path);
      const read = readSecret(path);
      if (read.ok) throw new Error("The secret was read");
      expect(read.fault).toMatchObject({ ...fault, path });
      const sentence = secretSentence(read.fault);
      expect(sentence).toContain(says.replace("PATH", `'${path.replace("'", "'\\''")}'`));
      expect(sentence).not.toContain("hunter2");
    });
  }

  test.skipIf(process.geteuid?.() !== 0)("is refused: belongs to somebody else (needs root)", () => {
    using folder = tempFolder();
    chmodSync(folder.path, 0o755);
    write(folder.at("key"), 0o600);
    chownSync(folder.at("key"), 1234, 1234);
    const read = readSecret(folder.at("key"));
    expect(read).toEqual({ ok: false, fault: { kind: "notOurs", path: folder.at("key"), owner: 1234, us: 0 } });
    if (!read.ok) expect(secretSentence(read.fault)).toContain(`chown 0 ${folder.at("key")} && chmod 600 ${folder.at("key")}`);
  });

  test("is refused with the system's reason: not allowed to open it", () => {
    using folder = tempFolder();
    chmodSync(folder.path, 0o755);
    write(folder.at("key"), 0o000);
    expect(asNobody(() => readSecret(folder.at("key")))).toMatchObject({ ok: false, fault: { kind: "unreadable", reason: expect.stringContaining("EACCES") } });
  });

  test("is taken from systemd's credentials, whose access lists look like an open mode", () => {
    using folder = tempFolder();
    mkdirSync(folder.at("credentials"));
    write(folder.at("credentials/passphrase"), 0o440);
    write(folder.at("passphrase"), 0o440);
    const before = process.env["CREDENTIALS_DIRECTORY"];
    process.env["CREDENTIALS_DIRECTORY"] = folder.at("credentials");
    try {
      expect(readSecretText(folder.at("credentials/passphrase"))).toMatchObject({ ok: true });
      expect(readSecretText(folder.at("credentials/../passphrase"))).toMatchObject({ ok: false, fault: { kind: "tooOpen" } });
    } finally {
      if (before === undefined) delete process.env["CREDENTIALS_DIRECTORY"];
      else process.env["CREDENTIALS_DIRECTORY"] = before;
    }
  });
});

function write(path: string, mode: number, bytes = 0): void {
  writeFileSync(path, "hunter2".padEnd(bytes, "."));
  chmodSync(path, mode);
}
