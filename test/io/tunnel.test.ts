/** The way through jump hosts against real OpenSSH servers: that it holds, and that each way to fail has its own sentence. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { Prng } from "../../lib/base/prng.ts";
import { ok } from "../../lib/base/result.ts";
import { type Dial, joinRelay, openRelayLink } from "../../lib/io/relay-link.ts";
import { approachBy, sshKeyOf, type SshSettings } from "../../lib/io/ssh-approach.ts";
import type { SshCredentials } from "../../lib/io/ssh-session.ts";
import { Tunnel } from "../../lib/io/tunnel.ts";
import { type TunnelFault, tunnelSentence } from "../../lib/io/tunnel-fault.ts";
import type { RelayAddress, RelayLink } from "../../lib/port/relay-link.ts";
import { parseKnownHosts } from "../../lib/trust/known-hosts.ts";
import { authorizedKeysLine } from "../../lib/wire/authorized-keys.ts";
import type { SshHop, SshWay } from "../../lib/wire/ssh-way.ts";
import { tlsIdentity } from "../../lib/io/certificate.ts";
import { anSshd, makeKey, maySshd, type TestSshd } from "../support/an-sshd.ts";
import { aJoiner, openRelayHost, type RelayHostForTest } from "../support/a-relay-host.ts";
import { until } from "../support/ssh-world.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";
import { freePort } from "../support/free-port.ts";

const LI = aJoiner(1);
const BEAT = { kind: "heartbeat", heartbeat: { open: 0, wall: 1 } } as const;
const SILENT_LOG = { write: () => {} };
const HURRIED = { connectMs: 2000, loginMs: 400, aliveEveryMs: 100 };

describe.skipIf(!maySshd)(`through a real sshd${maySshd ? "" : " (skipped: sshd is not installed)"}`, () => {
  let relay: RelayHostForTest;
  let sshd: TestSshd;
  let folder: TempFolder;
  let credentials: SshCredentials;
  let settings: SshSettings;
  let ownLine: string;
  const hop = (host: Partial<SshHop> = {}): SshHop => ({ host: "127.0.0.1", port: sshd.port, user: sshd.user, hostKeys: [sshd.hostKey], ...host });
  const way = (host: Partial<SshHop> = {}, mode: SshWay["mode"] = "forward"): SshWay => ({ mode, hops: [hop(host)] });
  const through = (ways: readonly SshWay[], address: Partial<RelayAddress> = {}): RelayLink => {
    const to: RelayAddress = { ...relay.address, ssh: { ways: [...ways] }, ...address };
    const { dial, close } = approachBy(settings, { dice: new Prng(1), log: SILENT_LOG })(to);
    const link = openRelayLink(to, LI, { dial });
    return { ask: link.ask, close: () => [link.close(), close()] };
  };
  /** A tunnel with short patience. */
  const hurried = (ways: readonly SshWay[], target: { readonly host: string; readonly port: number } = relay.address): Tunnel =>
    new Tunnel({ ways, target, dice: new Prng(1), log: SILENT_LOG, credentials: async () => ok(credentials), limits: HURRIED });
  const why = async (tunnel: Tunnel, withinMs = 10_000): Promise<TunnelFault> => {
    const opened = await tunnel.open(AbortSignal.timeout(withinMs));
    if (!opened.ok) {
      tunnel.close();
      return opened.fault;
    }
    const fault = await new Promise<TunnelFault | undefined>((resolve) => opened.value.socket.once("close", () => void opened.value.epitaph().then(resolve)).resume());
    tunnel.close();
    if (fault === undefined) throw new Error("The line opened, and ended without a reason");
    return fault;
  };

  beforeAll(async () => {
    folder = tempFolder();
    relay = await openRelayHost();
    sshd = await anSshd();
    settings = { files: { path: folder.at("ssh.key"), passphrasePath: undefined }, newKeyComment: "gapbell-agent@node1", knownHostsPath: undefined, ways: undefined };
    const key = await sshKeyOf(settings);
    if (!key.ok) throw new Error(tunnelSentence(key.fault));
    credentials = { key: key.value, known: parseKnownHosts("") };
    ownLine = authorizedKeysLine(key.value.publicKey, { mode: "forward", host: relay.address.host, port: relay.address.port });
    sshd.lets(ownLine);
    const { dial, close } = approachBy(settings, { dice: new Prng(1), log: SILENT_LOG })({ ...relay.address, ssh: { ways: [way()] } });
    expect((await joinRelay(await relay.invites(), LI, dial)).ok).toBe(true);
    close();
  });
  afterAll(async () => {
    await sshd[Symbol.asyncDispose]();
    await relay.close();
    folder[Symbol.dispose]();
  });

  test("the agent's own key is made once, for its owner alone, and the real ssh-keygen reads it", async () => {
    const first = readFileSync(settings.files.path, "utf8");
    expect((await sshKeyOf(settings)).ok).toBe(true);
    expect(readFileSync(settings.files.path, "utf8")).toBe(first);
    const read = Bun.spawnSync(["ssh-keygen", "-y", "-f", settings.files.path]);
    expect(read.stdout.toString().trim()).toBe(ownLine.slice(ownLine.indexOf("ssh-ed25519")));
  });

  test("three hundred requests leave no channel and no socket behind", async () => {
    const link = through([way()]);
    expect(await link.ask(BEAT)).toEqual({ kind: "done" });
    const before = openFiles();
    for (let round = 0; round < 6; round += 1) {
      const answers = await Promise.all(Array.from({ length: 50 }, () => link.ask(BEAT)));
      expect(answers.filter(({ kind }) => kind === "done")).toHaveLength(50);
    }
    await until("every socket is closed", () => openFiles() <= before);
    link.close();
  }, 60_000);

  test("a request that gets no answer gives its channel back when its time is over", async () => {
    const mute = await aServer(() => {});
    sshd.lets(ownLine.replace(String(relay.address.port), String(mute.port)));
    const address: RelayAddress = { ...relay.address, port: mute.port };
    const tunnel = hurried([way()], address);
    const dial: Dial = async (cut) => {
      const line = await tunnel.open(cut);
      return line.ok ? ok({ socket: line.value.socket, epitaph: async () => undefined }) : { ok: false, fault: tunnelSentence(line.fault) };
    };
    const link = openRelayLink(address, LI, { dial, answerMsMost: 300 });
    const answers = await Promise.all(Array.from({ length: 100 }, () => link.ask(BEAT)));
    for (const answer of answers) expect(answer).toMatchObject({ kind: "silent", reason: expect.stringMatching(/within 0\.3 s|does not open the way/) });
    await until("the other side sees every connection closed", () => mute.taken() > 0 && mute.open() === 0);
    tunnel.close();
    mute.close();
    sshd.lets(ownLine);
  }, 30_000);

  test("when sshd ends, the request says so, and the next one after its return needs no patience", async () => {
    await using other = await anSshd();
    other.lets(ownLine);
    const link = through([way({ port: other.port, hostKeys: [other.hostKey] })]);
    expect(await link.ask(BEAT)).toEqual({ kind: "done" });
    const poll = link.ask({ kind: "events", after: 1_000_000 });
    await link.ask(BEAT);
    await other.kill();
    expect(await poll).toMatchObject({ kind: "silent", reason: expect.stringMatching(/^The SSH session with the jump host 127\.0\.0\.1:\d+ broke off/) });
    await until("its absence is told", async () => reasonIn(await link.ask(BEAT)).includes("refuses the connection"));
    await other.start();
    await until("it is used again", async () => (await link.ask(BEAT)).kind === "done");
    link.close();
  }, 30_000);

  test("an sshd that freezes is noticed by its silence, and replaced", async () => {
    await using other = await anSshd();
    other.lets(ownLine);
    const tunnel = hurried([way({ port: other.port, hostKeys: [other.hostKey] })]);
    const opened = await tunnel.open(AbortSignal.timeout(5000));
    if (!opened.ok) throw new Error(tunnelSentence(opened.fault));
    const ended = new Promise<void>((resolve) => opened.value.socket.once("close", () => resolve()).resume());
    const frozen = other.sessions();
    expect(frozen.length).toBeGreaterThan(0);
    for (const pid of frozen) process.kill(pid, "SIGSTOP");
    await ended;
    expect(await opened.value.epitaph()).toMatchObject({ kind: "lost", reason: "it has not answered for 0.3 s" });
    await until("a new session stands", async () => (await tunnel.open(AbortSignal.timeout(2000))).ok);
    tunnel.close();
  }, 30_000);

  test("a line that broke is made anew though nobody asks", async () => {
    await using other = await anSshd();
    other.lets(ownLine);
    const said: string[] = [];
    const tunnel = new Tunnel({
      ways: [way({ port: other.port, hostKeys: [other.hostKey] })], target: relay.address, dice: new Prng(1), limits: HURRIED,
      log: { write: (_, event) => void said.push(event) }, credentials: async () => ok(credentials),
    });
    expect((await tunnel.open(AbortSignal.timeout(5000))).ok).toBe(true);
    await other.kill();
    await until("its end is told", async () => said.includes("tunnel down"));
    await other.start();
    await until("it stands again", async () => said.filter((event) => event === "tunnel up").length === 2);
    tunnel.close();
  }, 30_000);

  test("of several ways the first that opens is taken", async () => {
    const link = through([way({ port: await freePort() }), way({ user: "nobody-at-all" }), way()]);
    expect(await link.ask(BEAT)).toEqual({ kind: "done" });
    link.close();
  });

  test("where no way opens, each says why", async () => {
    const link = through([way({ port: await freePort() }), way({ host: "jump1.invalid" })]);
    expect(reasonIn(await link.ask(BEAT))).toMatch(/^way 1: .*refuses the connection.*; way 2: The name of the jump host "jump1\.invalid:\d+" cannot be resolved/);
    link.close();
  });

  test("three jump hosts in a row lead there, each with its own kind of key", async () => {
    await using second = await anSshd({ hostKeys: ["ecdsa"] });
    await using third = await anSshd({ hostKeys: ["rsa"] });
    const { publicKey } = credentials.key;
    second.lets(authorizedKeysLine(publicKey, { mode: "forward", host: "127.0.0.1", port: third.port }));
    third.lets(ownLine);
    sshd.lets(authorizedKeysLine(publicKey, { mode: "forward", host: "127.0.0.1", port: second.port }));
    const hops = [hop(), ...[second, third].map(({ port, hostKey }) => hop({ port, hostKeys: [hostKey] }))];
    const link = through([{ mode: "forward", hops }]);
    expect(await link.ask(BEAT)).toEqual({ kind: "done" });
    link.close();
    // A man in the middle at the last hop is seen as well.
    const fault = await why(hurried([{ mode: "forward", hops: [...hops.slice(0, 2), hop({ port: third.port, hostKeys: [second.hostKey] })] }]));
    expect(fault).toMatchObject({ kind: "changedHostKey", place: `127.0.0.1:${third.port}` });
    await third.kill();
    expect(await why(hurried([{ mode: "forward", hops }]))).toEqual({ kind: "nextHop", place: `127.0.0.1:${second.port}`, next: `127.0.0.1:${third.port}`, denied: false });
    sshd.lets(ownLine);
    expect(await why(hurried([{ mode: "forward", hops }]))).toMatchObject({ kind: "nextHop", denied: true });
  }, 30_000);

  describe("keys of the operator's own", () => {
    test.each([["ed25519", ""], ["ecdsa", ""], ["rsa", ""], ["ed25519", "only for this test"]] as const)("%s with passphrase %p", async (type, passphrase) => {
      const path = folder.at(`own-${type}-${passphrase.length}`);
      const line = makeKey(path, { type, passphrase });
      writeFileSync(folder.at("passphrase"), `${passphrase}\n`, { mode: 0o600 });
      const own = { ...settings, newKeyComment: undefined, files: { path, passphrasePath: passphrase === "" ? undefined : folder.at("passphrase") } };
      sshd.lets(line);
      const address: RelayAddress = { ...relay.address, ssh: { ways: [way()] } };
      const { dial, close } = approachBy(own, { dice: new Prng(1), log: SILENT_LOG })(address);
      expect(await openRelayLink(address, LI, { dial }).ask(BEAT)).toEqual({ kind: "done" });
      close();
      sshd.lets(ownLine);
    }, 20_000);

    const faultOf = async (files: SshSettings["files"]): Promise<TunnelFault> => {
      const read = await sshKeyOf({ files, newKeyComment: undefined });
      if (read.ok) throw new Error("it was taken");
      return read.fault;
    };
    test("one that others can read is not used, and the command that mends it is told", async () => {
      makeKey(folder.at("open"));
      Bun.spawnSync(["chmod", "644", folder.at("open")]);
      expect(tunnelSentence(await faultOf({ path: folder.at("open"), passphrasePath: undefined }))).toMatch(/its mode is 0644 .* chmod 600/);
    });
    test("one that is missing is named", async () => {
      expect(tunnelSentence(await faultOf({ path: folder.at("nowhere"), passphrasePath: undefined }))).toContain(`Cannot find "${folder.at("nowhere")}"`);
    });
    test("one that is locked asks for its passphrase file", async () => {
      makeKey(folder.at("locked"), { passphrase: "abcdef" });
      expect(tunnelSentence(await faultOf({ path: folder.at("locked"), passphrasePath: undefined }))).toMatch(/needs a passphrase; .*passphrase_file/);
    });
    test("a wrong passphrase is told apart, and not repeated", async () => {
      makeKey(folder.at("locked2"), { passphrase: "abcdef" });
      writeFileSync(folder.at("wrong"), "not-this-one", { mode: 0o600 });
      const said = tunnelSentence(await faultOf({ path: folder.at("locked2"), passphrasePath: folder.at("wrong") }));
      expect(said).toContain("does not open the SSH key");
      expect(said).not.toContain("not-this-one");
    });
    test.each([["a text", "hello"], ["a public key", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBGqTkfRNJZ71ZyCCgPqiFYZCqmHh6AoaipYi3k/Q1zL"]])("%s is no private key", async (_, text) => {
      writeFileSync(folder.at("text"), text, { mode: 0o600 });
      expect(tunnelSentence(await faultOf({ path: folder.at("text"), passphrasePath: undefined }))).toContain("is no private SSH key");
      Bun.spawnSync(["rm", folder.at("text")]);
    });
  });

  describe("each way to fail has its own sentence", () => {
    test("the name is unknown", async () => {
      expect(tunnelSentence(await why(hurried([way({ host: "jump1.invalid", port: 22 })])))).toMatch(/name of the jump host "jump1\.invalid" cannot be resolved/);
    });
    test("the connection is refused", async () => {
      expect(await why(hurried([way({ port: await freePort() })]))).toMatchObject({ kind: "refusedConnection" });
    });
    test("no greeting comes", async () => {
      const mute = await aServer(() => {});
      expect(await why(hurried([way({ port: mute.port })]))).toEqual({ kind: "noAnswer", place: `127.0.0.1:${mute.port}`, stage: "greet", withinMs: 400 });
      await until("the connection is given up", () => mute.open() === 0);
      mute.close();
    });
    test("whoever gives up early is told what was being waited for", async () => {
      const mute = await aServer(() => {});
      expect(await why(hurried([way({ port: mute.port })]), 100)).toMatchObject({ kind: "noAnswer", stage: "greet" });
      mute.close();
    });
    test("the login does not end", async () => {
      const stalled = await aStalledLogin();
      expect(await why(hurried([way({ port: stalled.port, hostKeys: [stalled.hostKey] })]))).toMatchObject({ kind: "noAnswer", stage: "login" });
      stalled.close();
    });
    test("something else than sshd answers", async () => {
      const web = await aServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\nServer: nothing of the kind\r\n\r\n"));
      expect(await why(hurried([way({ port: web.port })]))).toMatchObject({ kind: "notSsh" });
      web.close();
    });
    test("sshd hangs up at once", async () => {
      const busy = await aServer((socket) => socket.end());
      expect(tunnelSentence(await why(hurried([way({ port: busy.port })])))).toMatch(/before keys were exchanged; .*MaxStartups/);
      busy.close();
    });
    test("nothing is known of its key, and nothing is tried", async () => {
      const link = through([way({ hostKeys: [] })]);
      expect(reasonIn(await link.ask(BEAT))).toMatch(/^Refuse to trust the jump host 127\.0\.0\.1:\d+ blindly/);
    });
    test("its key is not in known_hosts", async () => {
      credentials = { ...credentials, known: parseKnownHosts("somebody.else ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBGqTkfRNJZ71ZyCCgPqiFYZCqmHh6AoaipYi3k/Q1zL") };
      const said = tunnelSentence(await why(hurried([way({ hostKeys: [] })])));
      expect(said).toMatch(/key of the jump host 127\.0\.0\.1:\d+ is unknown: it shows ssh-ed25519 SHA256:/);
      expect(said).toContain(fingerprintOf(sshd.hostKeyFile));
      credentials = { ...credentials, known: parseKnownHosts("") };
    });
    test("its key has changed", async () => {
      const said = tunnelSentence(await why(hurried([way({ hostKeys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBGqTkfRNJZ71ZyCCgPqiFYZCqmHh6AoaipYi3k/Q1zL"] })])));
      expect(said).toContain(`shows another key: ${fingerprintOf(sshd.hostKeyFile)}, known is SHA256:J8k3qWR7GTC/QjAIwrk4hY1YfGJGIle4sTD6Q0ryAZs`);
      expect(said.slice(0, 200)).toContain("SHA256:J8k3qWR7GTC/QjAIwrk4hY1YfGJGIle4sTD6Q0ryAZs");
    });
    test("its key was revoked, whatever the pin says", async () => {
      credentials = { ...credentials, known: parseKnownHosts(`@revoked * ${sshd.hostKey}`) };
      expect(await why(hurried([way()]))).toMatchObject({ kind: "revokedHostKey", shown: fingerprintOf(sshd.hostKeyFile) });
      credentials = { ...credentials, known: parseKnownHosts("") };
    });
    test("known_hosts cannot be read", async () => {
      const { dial } = approachBy({ ...settings, knownHostsPath: folder.at("no-such") }, { dice: new Prng(1), log: SILENT_LOG })({ ...relay.address, ssh: { ways: [way()] } });
      expect(await dial?.(AbortSignal.timeout(5000))).toMatchObject({ ok: false, fault: expect.stringContaining("no-such") });
    });
    test("our key is refused, with the line that is missing", async () => {
      sshd.lets("# nobody");
      expect(await why(hurried([way()]))).toEqual({ kind: "keyRefused", place: `127.0.0.1:${sshd.port}`, user: sshd.user, line: ownLine });
      sshd.lets(ownLine);
    });
    test("forwarding is off", async () => {
      await using strict = await anSshd({ config: ["AllowTcpForwarding no"] });
      strict.lets(ownLine);
      expect(await why(hurried([way({ port: strict.port, hostKeys: [strict.hostKey] })]))).toMatchObject({ kind: "forwardingDenied", target: `127.0.0.1:${relay.address.port}` });
    });
    test("the key may go elsewhere only", async () => {
      sshd.lets(ownLine.replace(/permitopen="[^"]*"/, 'permitopen="127.0.0.1:1"'));
      expect(await why(hurried([way()]))).toMatchObject({ kind: "forwardingDenied" });
      sshd.lets(ownLine);
    });
    test("no relay listens behind it", async () => {
      const port = await freePort();
      sshd.lets(ownLine.replace(String(relay.address.port), String(port)));
      expect(tunnelSentence(await why(hurried([way()], { host: "127.0.0.1", port })))).toContain(`no relay listens at 127.0.0.1:${port} there; start it with "gapbell-relay run"`);
      sshd.lets(ownLine);
    });
    test("another relay listens behind it", async () => {
      const link = through([way()], { certificate: tlsIdentity(new Uint8Array(32).fill(99)).certificate });
      expect(reasonIn(await link.ask(BEAT))).toContain("another certificate");
      link.close();
    });
    test("the forced command is another one", async () => {
      const said = tunnelSentence(await why(hurried([way({}, "stdio")])));
      expect(said).toMatch(/runs no relay command for this key \(what ran ended with 1\); .*restrict,command="/);
    });
    test("the forced command is not there", async () => {
      sshd.lets(ownLine.replace(/^.*(?= ssh-ed25519)/, 'restrict,command="/opt/no-such-folder/gapbell-relay stdio"'));
      expect(tunnelSentence(await why(hurried([way({}, "stdio")])))).toContain("what ran ended with 127");
      sshd.lets(ownLine);
    });
    test.each([
      ["cipher", "Ciphers chacha20-poly1305@openssh.com", /offers no cipher that is spoken here: it offers chacha20-poly1305@openssh\.com; allow one of aes256-gcm@openssh\.com/],
      ["key exchange", "KexAlgorithms diffie-hellman-group14-sha256", /offers no key exchange .*diffie-hellman-group14-sha256.*curve25519-sha256/],
    ])("it offers no %s that we speak", async (_, config, says) => {
      await using odd = await anSshd({ config: [config] });
      odd.lets(ownLine);
      expect(tunnelSentence(await why(hurried([way({ port: odd.port, hostKeys: [odd.hostKey] })])))).toMatch(says);
    });
  });
});

function fingerprintOf(file: string): string {
  return Bun.spawnSync(["ssh-keygen", "-lf", file]).stdout.toString().split(" ")[1] ?? "";
}

type TestServer = { readonly port: number; readonly taken: () => number; readonly open: () => number; readonly close: () => void };

async function aServer(onSocket: (socket: Socket) => void): Promise<TestServer> {
  const sockets = new Set<Socket>();
  let taken = 0;
  const server = createServer((socket) => {
    taken += 1;
    sockets.add(socket);
    socket.on("error", () => {});
    socket.on("close", () => sockets.delete(socket));
    onSocket(socket.resume());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    taken: () => taken, open: () => sockets.size,
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

/** An SSH server that exchanges keys and then thinks for ever. */
async function aStalledLogin(): Promise<{ readonly port: number; readonly hostKey: string; readonly close: () => void }> {
  const { Server, utils } = await import("ssh2");
  const key = utils.generateKeyPairSync("ed25519");
  const server = new Server({ hostKeys: [key.private] }, (client) => {
    client.on("error", () => {});
    client.on("authentication", () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const address = server.address();
  return { port: address !== null && typeof address === "object" ? address.port : 0, hostKey: key.public, close: () => void server.close() };
}

function reasonIn(answer: { readonly kind: string }): string {
  return "reason" in answer ? String(answer.reason) : answer.kind;
}

function openFiles(): number {
  return readdirSync("/proc/self/fd").length;
}
