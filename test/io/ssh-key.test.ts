import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeSshKey, readSshKey } from "../../lib/io/ssh-key.ts";

// A key whose public half begins with a zero byte comes once in 256: two thousand hold one with a likelihood of 99.96 %.
test("each of two thousand new SSH keys can be read again", async () => {
  const folder = mkdtempSync(join(tmpdir(), "gapbell-ssh-key-"));
  try {
    for (let n = 0; n < 2000; n += 1) {
      const path = join(folder, `key-${n}`);
      expect((await makeSshKey(path, "gapbell")).ok).toBe(true);
      expect(await readSshKey({ path, passphrasePath: undefined })).toMatchObject({ ok: true, value: { publicKey: {} } });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});
