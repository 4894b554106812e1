/** The escalation's way in life: out of the room through a real OpenSSH server, by the compiled programs and their public commands. */

import { describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { built } from "../support/built.ts";
import { anSshd, makeKey, maySshd } from "../support/an-sshd.ts";
import { runningClient } from "../support/client-process.ts";
import { anSshWorld, type SshWorld, until } from "../support/ssh-world.ts";
import { tempFolder } from "../support/temp-folder.ts";

const NO_LIMIT_MS = 120_000;
const KNOWN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBGqTkfRNJZ71ZyCCgPqiFYZCqmHh6AoaipYi3k/Q1zL";

describe.skipIf(!maySshd)(`through the jump host${maySshd ? "" : " (skipped: sshd is not installed)"}`, () => {
  test.each([["a forwarded channel", []], ["the forced command", ["--stdio"]]])("an alarm nobody takes is mailed, over %s", async (_, words) => {
    await using world = await anSshWorld();
    await world.startRelay();
    const agent = await world.startAgent();
    const { file } = await world.invites({ words });
    const joined = await world.agent("join-relay", file);
    expect(joined).toMatchObject({ code: 0, out: expect.stringContaining("is this agent's way out") });
    await world.raises(agent, "DiskFull");
    await until("the mail arrives", () => world.mail.mails.length === 1);
    await until("the agent has heard the verdict", async () => (await world.agent("list")).out.includes("successful"));
    expect(world.mail.mails[0]?.to).toEqual(["li@example.org"]);
  }, NO_LIMIT_MS);

  test("a jump host whose key has changed is named on the LAN and by `relay`, with both fingerprints", async () => {
    await using world = await anSshWorld();
    await world.startRelay();
    const agent = await world.startAgent();
    const listener = await aListener(world);
    await joins(world);
    await world.sshd.kill();
    await using impostor = await anSshd({ port: world.sshd.port });
    impostor.lets(readFileSync(world.folder.at("agent.pub"), "utf8"));
    await until("`relay` says so", async () => (await world.agent("relay")).out.includes("shows another key"));
    const shown = fingerprintOf(impostor.hostKeyFile);
    expect((await world.agent("relay")).out).toContain(`shows another key: ${shown}, known is ${fingerprintOf(world.sshd.hostKeyFile)}; if it was set up anew`);
    await world.raises(agent, "DiskFull");
    await listener.says("mail/WeChat sending failed");
    expect(listener.out()).toContain(`shows another key: ${shown}`);
    expect(world.mail.mails).toEqual([]);
    await listener.stop();
  }, NO_LIMIT_MS);

  test("a relay that does not run behind the tunnel is named on the LAN before a mail is tried", async () => {
    await using world = await anSshWorld();
    const relay = await world.startRelay();
    const agent = await world.startAgent();
    const listener = await aListener(world);
    await joins(world);
    relay.kill("SIGKILL");
    await relay.end();
    await until("`relay` says so", async () => (await world.agent("relay")).out.includes("no relay listens"));
    await world.raises(agent, "DiskFull");
    await listener.says("mail/WeChat sending failed");
    expect(listener.out()).toContain(`is reached, but no relay listens at 127.0.0.1:${world.relayPort} there; start it with "gapbell-relay run"`);
    await world.startRelay();
    await until("the mail goes once the relay is back", () => world.mail.mails.length === 1, 30_000);
    await listener.stop();
  }, NO_LIMIT_MS);

  test("nobody is trusted blindly: neither join-relay nor run goes on without a pin or known_hosts", async () => {
    await using world = await anSshWorld();
    await world.startRelay();
    const first = await world.startAgent();
    // The first of two hosts in a row cannot be pinned by the relay.
    writeFileSync(world.folder.at("agent.pub"), (await world.agent("ssh-key")).out);
    const place = `${world.sshd.user}@127.0.0.1:${world.sshd.port}`;
    const invited = await world.relay("invite", "--ssh", `${place},${place}`, "--key", world.folder.at("agent.pub"), "--host-key", world.sshd.hostKeyFile);
    expect(invited.err).toContain(`the key of 127.0.0.1:${world.sshd.port} is not pinned`);
    writeFileSync(world.folder.at("join.txt"), invited.out);
    expect(await world.agent("join-relay", world.folder.at("join.txt"))).toMatchObject({ code: 78, err: expect.stringContaining("blindly") });

    const line = /^# authorized_keys: (.*)$/m.exec(invited.out)?.[1] ?? "";
    world.sshd.lets(line.replace("permitopen=", `permitopen="127.0.0.1:${world.sshd.port}",permitopen=`));
    writeFileSync(world.folder.at("agent/known_hosts"), `[127.0.0.1]:${world.sshd.port} ${world.sshd.hostKey}\n`);
    world.configures("relay: {ssh: {known_hosts: known_hosts}}\n");
    expect((await world.agent("join-relay", world.folder.at("join.txt"))).code).toBe(0);

    first.kill("SIGTERM");
    await first.ended;
    writeFileSync(world.folder.at("agent/agent.yaml"), readFileSync(world.folder.at("agent/agent.yaml"), "utf8").replace(/^relay:.*$/m, ""));
    expect(await world.agent("run")).toMatchObject({ code: 78, err: expect.stringContaining("blindly") });
  }, NO_LIMIT_MS);

  test("agent.yaml leads by another way, with a key of one's own under a passphrase; no secret is ever told", async () => {
    await using world = await anSshWorld();
    const relay = await world.startRelay();
    const passphrase = "planted-passphrase-4711";
    const publicLine = makeKey(world.folder.at("agent/own"), { passphrase });
    writeFileSync(world.folder.at("agent/own.passphrase"), "planted-wrong-0815", { mode: 0o600 });
    world.configures(`relay: {ssh: {key: own, passphrase_file: own.passphrase, ways: [{hops: [{host: 127.0.0.1, port: ${world.sshd.port}, user: ${world.sshd.user}}]}]}}\n`);
    // One way too many, so that something fails and is told.
    const wrong = await world.agent("ssh-key");
    expect(wrong).toMatchObject({ code: 78, err: expect.stringContaining("The passphrase does not open") });
    writeFileSync(world.folder.at("agent/own.passphrase"), `${passphrase}\n`, { mode: 0o600 });
    const agent = await world.startAgent();
    const { file } = await world.invites();
    world.sshd.lets("# nobody yet");
    const join = readFileSync(file, "utf8");
    const refused = await world.agent("join-relay", file);
    expect(refused).toMatchObject({ code: 69, err: expect.stringContaining(publicLine.split(" ")[1] ?? "?") });
    const onTheCommandLine = await world.agent("join-relay", join.split("\n").find((line) => line.startsWith("gapbell-relay1.")) ?? "");
    expect(onTheCommandLine.code).toBe(64);
    world.sshd.lets(publicLine);
    expect((await world.agent("join-relay", file)).code).toBe(0);
    await until("the relay is heard", async () => (await world.agent("relay")).out.includes("able"));
    await world.raises(agent, "DiskFull");
    await until("the mail arrives", () => world.mail.mails.length === 1);
    await world.sshd.kill();
    await until("a broken line is told", async () => (await world.agent("relay")).out.includes("jump host"));

    const processes = [agent.pid, relay.pid].map((pid) => readFileSync(`/proc/${pid}/cmdline`, "latin1") + readFileSync(`/proc/${pid}/environ`, "latin1"));
    const told = [wrong, refused, onTheCommandLine, await world.agent("relay"), await world.agent("list"), await world.agent("relay", "--json")].map(({ out, err }) => out + err);
    agent.kill("SIGTERM");
    relay.kill("SIGTERM");
    const logs = [await agent.ended, (await relay.end()).err];
    expect(logs[0]).toContain("tunnel up");
    const joinString = join.split("\n").find((line) => line.startsWith("gapbell-relay1.")) ?? "";
    const secrets = [
      passphrase, "planted-wrong-0815", "correct horse battery staple", joinString, joinString.slice(15, 36),
      ...readFileSync(world.folder.at("agent/own"), "utf8").split("\n").slice(1, -2),
    ];
    expect(secrets.length).toBeGreaterThan(8);
    for (const secret of secrets) for (const text of [...processes, ...told, ...logs]) expect(text).not.toContain(secret);
  }, NO_LIMIT_MS);
});

describe("gapbell-relay stdio", () => {
  test("says that no relay runs, and writes not one byte to standard output", async () => {
    using folder = tempFolder();
    const relay = await built("relay", folder.path);
    const ran = Bun.spawnSync([relay, "stdio", "--to", "127.0.0.1:1"], { stdin: new TextEncoder().encode("hello") });
    expect({ code: ran.exitCode, out: ran.stdout.toString() }).toEqual({ code: 69, out: "" });
    expect(ran.stderr.toString()).toContain("No relay listens at 127.0.0.1:1 on this host");
  });

  test("takes no target that is none", async () => {
    using folder = tempFolder();
    expect(Bun.spawnSync([await built("relay", folder.path), "stdio", "--to", "everywhere"]).exitCode).toBe(64);
  });
});

describe("gapbell-relay invite", () => {
  const rows: readonly (readonly [name: string, words: readonly string[], says: RegExp])[] = [
    ["without the agent's key", ["--ssh", "bell@10.0.0.5"], /needs --key FILE/],
    ["with a private key", ["--ssh", "bell@10.0.0.5", "--key", "PRIVATE"], /private key .* must stay/],
    ["with a key but no way", ["--key", "PUBLIC"], /--key is of no use without --ssh/],
    ["with a host that looks like an option", ["--ssh", "bell@-oProxyCommand", "--key", "PUBLIC", "--host-key", "PUBLIC"], /--ssh cannot be used/],
    ["with a host key that is none", ["--ssh", "bell@10.0.0.5", "--key", "PUBLIC", "--host-key", "/etc/passwd"], /something else than a public key/],
  ];
  test.each(rows)("%s is refused before an invite is stored", async (_, words, says) => {
    using folder = tempFolder();
    const relay = await built("relay", folder.path);
    expect(Bun.spawnSync([relay, "init", "--state", folder.at("state")]).exitCode).toBe(0);
    writeFileSync(folder.at("PUBLIC"), KNOWN);
    writeFileSync(folder.at("PRIVATE"), "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    const ran = Bun.spawnSync([relay, "invite", "--state", folder.at("state"), ...words.map((word) => (/^[A-Z]+$/.test(word) ? folder.at(word) : word))]);
    expect({ code: ran.exitCode, out: ran.stdout.toString() }).toEqual({ code: 64, out: "" });
    expect(ran.stderr.toString()).toMatch(says);
    expect(existsSync(folder.at("state/relay.db"))).toBe(false);
  });
});

test("an executable that speaks SSH runs no code that lies in the folder it is started in", async () => {
  using folder = tempFolder();
  const agent = await built("agent", folder.path);
  writeFileSync(folder.at("passphrase"), "correct horse battery staple", { mode: 0o600 });
  expect(Bun.spawnSync([agent, "init", "--state", folder.at("state"), "--cluster", "c1", "--operator", "li", "--mail", "li@example.org", "--passphrase-file", folder.at("passphrase")]).exitCode).toBe(0);
  mkdirSync(folder.at("node_modules/cpu-features"), { recursive: true });
  writeFileSync(folder.at("node_modules/cpu-features/index.js"), 'console.log("a stranger speaks"); module.exports = () => ({});\n');
  const ran = Bun.spawnSync([agent, "ssh-key", "--state", folder.at("state")], { cwd: folder.path });
  expect(ran.stdout.toString()).toMatch(/^ssh-ed25519 AAAA\S+ gapbell-agent@\S+\n$/);
});

/** Puts the agent behind the world's sshd. */
async function joins(world: SshWorld): Promise<void> {
  const { file } = await world.invites();
  const joined = await world.agent("join-relay", file);
  if (joined.code !== 0) throw new Error(joined.err);
  await until("the relay is heard", async () => (await world.agent("relay")).out.includes("able"));
}

/** A listener of operator li on this host. */
async function aListener(world: SshWorld) {
  const program = [await built("client", world.folder.path)];
  const state = ["--state", world.folder.at("client")];
  const invited = await world.agent("invite", "--operator", "li", "--passphrase-file", `${world.folder.at("agent")}.passphrase`, "--file", world.folder.at("li.gapbell"));
  if (invited.code !== 0) throw new Error(invited.err);
  const ports = /broadcast_port: (\d+)\n {2}port: (\d+)/.exec(readFileSync(world.folder.at("agent/agent.yaml"), "utf8"));
  mkdirSync(world.folder.at("client"), { mode: 0o700 });
  writeFileSync(world.folder.at("client/client.yaml"), `lan:\n  interfaces: [{name: lo, broadcast: 127.255.255.255}]\n  agent_port: ${ports?.[2]}\n  broadcast_port: ${ports?.[1]}\n`);
  const joined = Bun.spawnSync([...program, "join", world.folder.at("li.gapbell"), ...state]);
  if (joined.exitCode !== 0) throw new Error(joined.stderr.toString());
  const running = runningClient(["--seat", "person", ...state], { program });
  await until("the listener is heard", async () => (await world.agent("listeners")).out.includes("present"));
  return running;
}

function fingerprintOf(file: string): string {
  return Bun.spawnSync(["ssh-keygen", "-lf", file]).stdout.toString().split(" ")[1] ?? "";
}
