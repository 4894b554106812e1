/** The line that `gapbell-relay invite` prints lets a key do one thing: asked of the real ssh, against a real sshd that would allow all. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { authorizedKeysLine, type Permission, sshdAdvice } from "../../lib/wire/authorized-keys.ts";
import { parseSshPublicKey, type SshPublicKey } from "../../lib/wire/ssh-public-key.ts";
import { anSshd, makeKey, maySshd, type TestSshd } from "../support/an-sshd.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";
import { freePort } from "../support/free-port.ts";

type Ran = { readonly code: number; readonly out: string; readonly err: string };

describe.skipIf(!maySshd)(`the line in authorized_keys${maySshd ? "" : " (skipped: sshd is not installed)"}`, () => {
  let sshd: TestSshd;
  let folder: TempFolder;
  let door: Door;
  let other: Door;
  let publicLine: string;

  beforeAll(async () => {
    folder = tempFolder();
    publicLine = makeKey(folder.at("key"));
    [door, other] = [await aDoor("relay"), await aDoor("other")];
    // An sshd that forbids nothing, so that what is refused is refused by the line.
    sshd = await anSshd({ config: ["AllowTcpForwarding yes", "AllowStreamLocalForwarding yes", "AllowAgentForwarding yes", "X11Forwarding yes", "PermitTTY yes", "GatewayPorts yes", "PermitTunnel yes"] });
    writeFileSync(folder.at("known_hosts"), `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n`);
  });
  afterAll(async () => {
    await sshd[Symbol.asyncDispose]();
    for (const one of [door, other]) one.close();
    folder[Symbol.dispose]();
  });

  const words = (): readonly string[] => [
    "ssh", "-F", "none", "-i", folder.at("key"), "-o", "IdentitiesOnly=yes", "-o", "BatchMode=yes", "-o", `UserKnownHostsFile=${folder.at("known_hosts")}`,
    "-o", "ExitOnForwardFailure=yes", "-o", "ConnectTimeout=5",
  ];
  const target = (): string => `${sshd.user}@127.0.0.1`;
  const ssh = async (before: readonly string[], after: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Ran> => {
    const child = Bun.spawn([...words(), ...before, "-p", String(sshd.port), target(), ...after], { stdin: "ignore", stdout: "pipe", stderr: "pipe", env: { ...process.env, ...env } });
    const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
    return { code, out, err };
  };
  const lets = (permission: Permission): void => sshd.lets(authorizedKeysLine(keyOf(publicLine), permission));

  /** `debug1: Remote: …authorized_keys:1: key options: command permitopen`, which ssh prints as sshd sends it. */
  const granted = async (): Promise<readonly string[]> => {
    const { err } = await ssh(["-v"], ["true"]);
    return [...new Set([...err.matchAll(/key options: (.*)\r?$/gm)].flatMap(([, options = ""]) => options.trim().split(" ")))].sort();
  };

  test("the sshd of this test would allow all of it", async () => {
    sshd.lets(publicLine);
    expect(await ssh([], ["echo", "ran"])).toMatchObject({ code: 0, out: "ran\n" });
    expect(await ssh(["-W", `127.0.0.1:${other.port}`])).toMatchObject({ code: 0, out: "other" });
    expect((await ssh(["-tt"], ["test", "-t", "0"])).code).toBe(0);
    const port = await freePort();
    expect((await ssh(["-R", `127.0.0.1:${port}:127.0.0.1:1`], ["true"])).code).toBe(0);
    expect(await granted()).toEqual(["agent-forwarding", "port-forwarding", "pty", "user-rc", "x11-forwarding"]);
  }, 30_000);

  describe("for a forwarded port", () => {
    beforeAll(() => lets({ mode: "forward", host: "127.0.0.1", port: door.port }));

    test("opens that port", async () => {
      expect(await ssh(["-W", `127.0.0.1:${door.port}`])).toMatchObject({ code: 0, out: "relay" });
    });
    test.each([["another port", () => `127.0.0.1:${other.port}`], ["the same port by another name", () => `localhost:${door.port}`], ["another host", () => `192.0.2.1:${door.port}`]])(
      "does not open %s", async (_, place) => {
        const ran = await ssh(["-W", place()]);
        expect(ran).toMatchObject({ out: "", err: expect.stringContaining("administratively prohibited") });
        expect(ran.code).not.toBe(0);
      },
    );
    test("runs no command and writes nothing", async () => {
      const mark = folder.at("ran");
      expect(await ssh([], ["touch", mark])).toMatchObject({ code: 1, out: "" });
      expect(existsSync(mark)).toBe(false);
    });
    test("gives no shell, no terminal and no subsystem", async () => {
      expect(await ssh([])).toMatchObject({ code: 1, out: "" });
      expect(await ssh(["-tt"])).toMatchObject({ out: "", err: expect.stringContaining("PTY allocation request failed") });
      expect((await ssh(["-s"], ["sftp"])).out).toBe("");
    });
    test("listens nowhere", async () => {
      const ran = await ssh(["-N", "-R", `127.0.0.1:${await freePort()}:127.0.0.1:1`]);
      expect(ran).toMatchObject({ code: 255, err: expect.stringContaining("remote port forwarding failed") });
    });
    test("reaches no unix socket", async () => {
      const { Client, utils } = await import("ssh2");
      const key = utils.parseKey(readFileSync(folder.at("key")));
      if (key instanceof Error) throw key;
      const socket = createServer((one) => one.destroy());
      await new Promise<void>((resolve) => socket.listen(folder.at("own.sock"), resolve));
      const opened = await new Promise<string>((resolve) => {
        const client = new Client();
        client.on("ready", () => client.openssh_forwardOutStreamLocal(folder.at("own.sock"), (fault) => {
          resolve(fault === undefined ? "opened" : fault.message);
          client.end();
        }));
        client.connect({ host: "127.0.0.1", port: sshd.port, username: sshd.user, privateKey: readFileSync(folder.at("key")), hostVerifier: () => true });
      });
      expect(opened).toContain("open failed");
      socket.close();
    });
    test("makes no unix socket where sshd_config follows the advice; the line alone cannot forbid it", async () => {
      await using strict = await anSshd({ config: sshdAdvice(sshd.user) });
      strict.lets(authorizedKeysLine(keyOf(publicLine), { mode: "forward", host: "127.0.0.1", port: door.port }));
      writeFileSync(folder.at("known_hosts"), `[127.0.0.1]:${sshd.port} ${sshd.hostKey}\n[127.0.0.1]:${strict.port} ${strict.hostKey}\n`);
      expect(await ssh(["-p", String(strict.port), "-W", `127.0.0.1:${door.port}`])).toMatchObject({ code: 0, out: "relay" });
      for (const remote of [folder.at("r.sock"), `127.0.0.1:${await freePort()}`]) {
        expect(await ssh(["-p", String(strict.port), "-N", "-R", `${remote}:127.0.0.1:1`])).toMatchObject({ code: 255, err: expect.stringContaining("remote port forwarding failed") });
      }
      expect(existsSync(folder.at("r.sock"))).toBe(false);
    });
    test("forwards no agent and no X11: sshd itself says what it grants", async () => {
      expect(await granted()).toEqual(["command", "permitlisten", "permitopen", "port-forwarding"]);
    });
  });

  describe("for a forced command", () => {
    beforeAll(() => {
      writeFileSync(folder.at("forced"), `#!/bin/sh\necho forced\nprintf '%s' "$SSH_ORIGINAL_COMMAND" > "${folder.at("wanted")}"\n`, { mode: 0o755 });
      lets({ mode: "stdio", command: [folder.at("forced")] });
    });
    test("runs that command whatever is asked for", async () => {
      expect(await ssh([], ["touch", folder.at("ran2")])).toMatchObject({ code: 0, out: "forced\n" });
      expect(existsSync(folder.at("ran2"))).toBe(false);
      expect(readFileSync(folder.at("wanted"), "utf8")).toContain("touch");
    });
    test("opens no port at all", async () => {
      for (const port of [door.port, other.port]) expect(await ssh(["-W", `127.0.0.1:${port}`])).toMatchObject({ out: "", err: expect.stringContaining("administratively prohibited") });
    });
    test("listens nowhere and gives no terminal", async () => {
      expect((await ssh(["-N", "-R", `127.0.0.1:${await freePort()}:127.0.0.1:1`])).code).toBe(255);
      expect((await ssh(["-tt"])).err).toContain("PTY allocation request failed");
      expect(await granted()).toEqual(["command"]);
    });
  });
});

function keyOf(line: string): SshPublicKey {
  const key = parseSshPublicKey(line);
  if (!key.ok) throw new Error(line);
  return key.value;
}

type Door = { readonly port: number; readonly close: () => void };

/** Says its name to whoever comes. */
async function aDoor(name: string): Promise<Door> {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(name);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return { port: typeof address === "object" && address !== null ? address.port : 0, close: () => void server.close() };
}
