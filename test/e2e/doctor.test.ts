/** Broken settings, each of which yields its own diagnosis: real programs, each host in a network namespace of its own. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, cpSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { client } from "../support/client-process.ts";
import { loopbackAgent } from "../support/a-loopback-agent.ts";
import { aSmallLan, type LanHost, noSmallLan, type SmallLan } from "../support/a-small-lan.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const ROOT = join(import.meta.dir, "..", "..");
const AGENT = [process.execPath, join(ROOT, "agent.ts")] as const;
const CLIENT = [process.execPath, join(ROOT, "client.ts")] as const;
const AGENT_CIDR = "10.77.0.1/24";
const LAPTOP_CIDR = "10.77.0.20/24";

type Told = { readonly check: string; readonly mark: string; readonly code: string; readonly words: readonly string[]; readonly says: string; readonly fix: string };
type Diagnosis = { readonly exit: number; readonly tookMs: number; readonly well: boolean; readonly first: Told | null; readonly findings: readonly Told[] };

const missing = noSmallLan();

describe.skipIf(missing !== "")(`the doctor in a LAN of namespaces${missing === "" ? "" : ` (${missing})`}`, () => {
  let folder: TempFolder;
  let lan: SmallLan;
  let agentHost: LanHost;
  let agent: Awaited<ReturnType<LanHost["start"]>>;
  /** State folders of the agent, and of a listener that has joined. */
  let agentState: string;
  let state: string;

  const startAgent = () => agentHost.start([...AGENT, "run", "--state", agentState], '"event":"listening"');

  beforeAll(async () => {
    folder = tempFolder();
    agentState = folder.at("agent");
    state = folder.at("li");
    mkdirSync(state, { mode: 0o700 });
    const passphrase = folder.at("passphrase");
    writeFileSync(passphrase, "correct horse battery staple", { mode: 0o600 });
    lan = await aSmallLan();
    agentHost = await lan.host(AGENT_CIDR);
    const init = await agentHost.run([...AGENT, "init", "--state", agentState, "--cluster", "c1", "--agent", "a1", "--operator", "li", "--mail", "li@example.org", "--passphrase-file", passphrase]);
    expect(init).toMatchObject({ code: 0 });
    agent = await startAgent();
    const invite = await agentHost.run([...AGENT, "invite", "--operator", "li", "--state", agentState, "--passphrase-file", passphrase]);
    await using laptop = await lan.host(LAPTOP_CIDR);
    const joined = await laptop.run([...CLIENT, "join", "--state", state], { input: invite.out });
    expect(joined).toMatchObject({ code: 0 });
  }, 60_000);

  afterAll(async () => {
    await agent.stop();
    await agentHost[Symbol.asyncDispose]();
    await lan[Symbol.asyncDispose]();
    folder[Symbol.dispose]();
  });

  async function doctor(host: LanHost, words: readonly string[]): Promise<Diagnosis> {
    const began = performance.now();
    const { code, out, err } = await host.run([...words, "--json"]);
    if (out === "") throw new Error(err);
    return { exit: code, tookMs: performance.now() - began, ...JSON.parse(out) };
  }

  const onLaptop = (laptop: LanHost, at = state): Promise<Diagnosis> => doctor(laptop, [...CLIENT, "doctor", "--state", at]);
  const onAgent = (more: readonly string[] = []): Promise<Diagnosis> => doctor(agentHost, [...AGENT, "doctor", "--state", agentState, ...more]);

  test("a whole LAN without a default route: all roads work, and the doctor has written nothing and is counted on by nobody", async () => {
    await using laptop = await lan.host(LAPTOP_CIDR);
    const { exit, well, first, findings } = await onLaptop(laptop);
    expect(first).toBeNull();
    expect({ exit, well }).toEqual({ exit: 0, well: true });
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(["broadcastAnswered", "loopHeard", "unicastAnswered", "welcomed", "kidKnown", "clockFits"]));
    expect(statSync(join(state, "client.db"), { throwIfNoEntry: false })).toBeUndefined();
    const listed = await agentHost.run([...AGENT, "listeners", "--json", "--state", agentState]);
    expect(JSON.parse(listed.out).listeners).toMatchObject([{ operator: "li", state: "away" }]);
  }, 20_000);

  test("beside a running listener the doctor asks that one, and takes nothing from it", async () => {
    await using laptop = await lan.host(LAPTOP_CIDR);
    const own = folder.at("running");
    cpSync(state, own, { recursive: true });
    const running = await laptop.start([...CLIENT, "run", "--no-desktop", "--state", own], "Listening to c1");
    const { first, findings } = await onLaptop(laptop, own);
    expect(first).toBeNull();
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(["listenerRuns", "portOurs", "welcomed"]));
    expect(findings.find(({ code }) => code.startsWith("beacons"))?.code).toMatch(/^beacons(Awaited|Heard)$/);
    const status = JSON.parse((await laptop.run([...CLIENT, "status", "--json", "--state", own])).out);
    expect(status).toMatchObject({ green: true, drops: {} });
    // Once it has ended, its store is there: the doctor takes the identity for a moment, as a start does.
    await running.stop();
    const alone = await onLaptop(laptop, own);
    expect(alone.findings.map(({ code }) => code)).toEqual(expect.arrayContaining(["listenerAway", "welcomed", "storeGood"]));
    expect(alone.first).toBeNull();
  }, 40_000);

  const RULES = {
    drop: "table inet f { chain i { type filter hook input priority 0; policy drop; iif lo accept; }; }",
    strict: "table inet f { chain i { type filter hook input priority 0; policy drop; iif lo accept; ct state established,related accept; }; }",
    open: "table inet f { chain i { type filter hook input priority 0; policy drop; iif lo accept; ct state vmap { established : accept, related : accept, invalid : drop }; udp dport { 53, 11114 } accept; }; }",
    noTcp: "table inet g { chain i { type filter hook input priority 0; policy accept; tcp dport 11115 drop; }; }",
    noHello: "table inet f { chain i { type filter hook input priority 0; policy accept; udp dport 11115 drop; }; }",
  } as const;

  async function rules(host: LanHost, text: string): Promise<void> {
    expect(await host.run(["nft", "-f", "-"], { input: text })).toMatchObject({ code: 0 });
  }

  const LAPTOPS: readonly { readonly name: string; readonly cidr?: string; readonly breaks: (laptop: LanHost) => Promise<unknown>; readonly code: string | undefined; readonly says?: string }[] = [
    { name: "a firewall that drops all that comes in", breaks: (host) => rules(host, RULES.drop), code: "firewallDropsAll" },
    { name: "a strict stateful firewall", breaks: (host) => rules(host, RULES.strict), code: "firewallDropsBroadcast" },
    { name: "a strict firewall with the broadcast port opened", breaks: (host) => rules(host, RULES.open), code: undefined },
    { name: "a netmask that is too narrow", cidr: "10.77.0.21/30", breaks: async () => {}, code: "netmaskWrong", says: "10.77.0.20/30" },
    { name: "an address of another network", cidr: "192.168.9.20/24", breaks: async () => {}, code: "elsewhere", says: "192.168.9.0/24" },
    { name: "an interface that is down", breaks: (host) => host.must("ip link set e0 down"), code: "interfacesNone", says: "e0 (down)" },
    { name: "a cable that is out", breaks: (host) => lan.bridge(`ip link set ${host.port} down`), code: "interfacesNone", says: "e0 (no carrier)" },
    { name: "a switch that lets no broadcast through", breaks: (host) => lan.bridge(`nft add table bridge ${host.port} { chain c { type filter hook forward priority 0; iifname ${host.port} ether type ip pkttype broadcast drop; }; }`), code: "broadcastHalf" },
    { name: "a broadcast port that another program holds for itself", breaks: (host) => host.start([process.execPath, "-e", FOREIGN], "bound"), code: "portTaken", says: "UDP 11114" },
    {
      name: "a VPN that takes the way to the agent", code: "tunnelSwallows", says: "tun0",
      breaks: async (host) => {
        await tunnel(host);
        await host.must("ip route add 10.77.0.0/25 dev tun0");
      },
    },
    {
      name: "a VPN that takes only the default route", code: undefined,
      breaks: async (host) => {
        await tunnel(host);
        await host.must("ip route add default dev tun0");
      },
    },
  ];

  for (const [at, { name, cidr = `10.77.0.${100 + at}/24`, breaks, code, says = "" }] of LAPTOPS.entries()) {
    test.concurrent(`a laptop with ${name}: ${code ?? "all roads work"}`, async () => {
      await using laptop = await lan.host(cidr);
      await breaks(laptop);
      const { exit, first } = await onLaptop(laptop);
      expect(first?.code).toBe(code);
      expect(exit).toBe(code === undefined ? 0 : 1);
      if (first !== null) expect(first.fix).not.toBe("");
      expect(first?.says ?? "").toContain(says);
    }, 40_000);
  }

  test("who is not root is told the same of a strict firewall, from what was tried", async () => {
    await using laptop = await lan.host(LAPTOP_CIDR);
    await rules(laptop, RULES.strict);
    const own = folder.at("nobody");
    cpSync(state, own, { recursive: true });
    chmodSync(folder.path, 0o755);
    expect((await laptop.run(["chown", "-R", "65534:65534", own])).code).toBe(0);
    const { first } = await doctor(laptop, ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", ...CLIENT, "doctor", "--state", own]);
    expect(first).toMatchObject({ code: "firewallDropsBroadcast", words: ["e0", "11114", "no rule, but our own broadcast does not come back"] });
  }, 20_000);

  test("root looks into another user's folder as that user, and leaves nothing of its own there", async () => {
    await using laptop = await lan.host(LAPTOP_CIDR);
    const own = folder.at("theirs");
    cpSync(state, own, { recursive: true });
    const running = await laptop.start([...CLIENT, "run", "--no-desktop", "--state", own], "Listening to c1");
    await running.stop();
    chmodSync(folder.path, 0o755);
    expect((await laptop.run(["chown", "-R", "65534:65534", own])).code).toBe(0);
    const { first, findings } = await onLaptop(laptop, own);
    expect(first).toBeNull();
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(["keysGood", "firewallOpen", "welcomed"]));
    expect((await laptop.run(["find", own, "-not", "-user", "65534"])).out).toBe("");
  }, 20_000);

  test("keys that others can read are the first to fix, in both languages", async () => {
    await using laptop = await lan.host(LAPTOP_CIDR);
    const careless = folder.at("careless");
    cpSync(state, careless, { recursive: true });
    chmodSync(join(careless, "keys", "listener.seeds"), 0o644);
    expect(await onLaptop(laptop, careless)).toMatchObject({ exit: 1, first: { code: "keyOpen", words: [join(careless, "keys", "listener.seeds"), "0644"] } });
    const chinese = await laptop.run(["env", "LC_ALL=zh_CN.UTF-8", ...CLIENT, "doctor", "--state", careless]);
    expect(chinese.out).toContain("首先处理");
    expect(chinese.out).toContain("chmod 600");
    // Looking does not mend.
    expect(statSync(join(careless, "keys", "listener.seeds")).mode & 0o777).toBe(0o644);
  }, 30_000);

  test("ports that are isolated from each other while others are seen: possible isolation", async () => {
    await using laptop = await lan.host(LAPTOP_CIDR);
    await using gateway = await lan.host("10.77.0.254/24");
    for (const { port } of [agentHost, laptop]) await lan.bridge(`bridge link set dev ${port} isolated on`);
    try {
      expect((await laptop.run([process.execPath, "-e", SAYS_HELLO, gateway.address])).code).toBe(0);
      const { first } = await onLaptop(laptop);
      expect(first).toMatchObject({ check: "isolation", code: "isolatedWired", words: ["10.77.0.1", "e0"] });
      expect(first?.says).toContain("possible");
    } finally {
      await lan.bridge(`bridge link set dev ${agentHost.port} isolated off`);
    }
  }, 30_000);

  test("an agent's host that is off does not even tell its hardware address", async () => {
    await using laptop = await lan.host(LAPTOP_CIDR);
    await lan.bridge(`ip link set ${agentHost.port} down`);
    try {
      const { first, tookMs } = await onLaptop(laptop);
      expect(first).toMatchObject({ check: "agent", code: "agentGone" });
      expect(tookMs).toBeLessThan(10_000);
      expect((await onAgent()).first).toMatchObject({ check: "interfaces", code: "interfacesNone" });
    } finally {
      await lan.bridge(`ip link set ${agentHost.port} up`);
    }
  }, 30_000);

  test("an agent's host whose firewall drops what listeners say is seen from both sides; where it lets TCP in, that carries", async () => {
    await using laptop = await lan.host(LAPTOP_CIDR);
    await rules(agentHost, RULES.noHello);
    try {
      const { first, findings } = await onLaptop(laptop);
      expect(first).toMatchObject({ check: "road", code: "roadTcp", mark: "warn", words: ["10.77.0.1"] });
      expect(findings.map(({ code }) => code)).toContain("welcomed");
      await rules(agentHost, RULES.noTcp);
      expect((await onLaptop(laptop)).first).toMatchObject({ check: "agent", code: "agentMute" });
      expect((await onAgent()).first).toMatchObject({ check: "firewall", code: "firewallDropsHello", words: ["e0", "11115", "its rules say so"] });
    } finally {
      await agentHost.must("nft flush ruleset");
    }
  }, 30_000);

  test("an agent that works: it hears itself, and what is left is the way out", async () => {
    const { exit, first, findings } = await onAgent();
    expect({ exit, code: first?.code }).toEqual({ exit: 1, code: "relayNone" });
    expect(findings.map(({ code }) => code)).toEqual(expect.arrayContaining(["agentRuns", "agentHears", "loopHeard", "portOurs", "firewallOpen", "storeGood"]));
  }, 20_000);

  test("an interface of the agent that can carry no broadcast is named", async () => {
    const config = folder.at("mute");
    mkdirSync(config);
    for (const name of ["agent.yaml", "rules.yaml", "roster.yaml"]) {
      writeFileSync(join(config, name), readFileSync(join(agentState, name), "utf8").replace(/^lan:\n/m, "lan:\n  interfaces: [{name: e0}, {name: tun0}]\n"));
    }
    const held = await tunnel(agentHost);
    try {
      expect((await onAgent(["--config", config])).first).toMatchObject({ check: "interfaces", code: "interfaceMute", words: ["tun0"] });
    } finally {
      await held.stop();
      await agentHost.must("ip link del tun0");
    }
  }, 20_000);

  test("an agent that has stopped: the laptop hears that nothing listens there, and the agent's doctor says so first", async () => {
    await using laptop = await lan.host(LAPTOP_CIDR);
    await agent.stop();
    try {
      expect((await onLaptop(laptop)).first).toMatchObject({ check: "agent", code: "agentRefuses", words: ["10.77.0.1", "11115"] });
      expect((await onAgent()).first).toMatchObject({ check: "running", code: "agentAway" });
    } finally {
      agent = await startAgent();
    }
  }, 30_000);
});

test("clocks that are far apart are a diagnosis of their own", async () => {
  await using lan = await loopbackAgent();
  using folder = tempFolder();
  writeFileSync(folder.at("client.yaml"), lan.yaml);
  expect(await client(["join", "--state", folder.path], { input: lan.agent.invite({ number: 1 }) })).toMatchObject({ code: 0 });
  // The scripted agent lives in 1970.
  const { code, out } = await client(["doctor", "--json", "--state", folder.path]);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ well: false, first: { check: "clock", mark: "warn", code: "clockApart" } });
}, 20_000);

test("a doctor that cannot look ends with 69 and says why", async () => {
  using folder = tempFolder();
  writeFileSync(folder.at("client.yaml"), "lan:\n  broadcast_prot: 7\n");
  const ended = await client(["doctor", "--state", folder.path]);
  expect(ended.code).toBe(69);
  expect(ended.err).toContain("Could not look");
  expect(ended.err).toContain("client.yaml:2:3");
}, 20_000);

/** Holds the port for itself: no SO_REUSEADDR. */
const FOREIGN = 'const s = require("node:dgram").createSocket("udp4"); s.bind(11114, () => console.log("bound"))';
/** Whoever sends anything to a host learns its hardware address. */
const SAYS_HELLO = 'const s = require("node:dgram").createSocket("udp4"); s.send("x", 9, process.argv[1], () => setTimeout(() => process.exit(0), 100))';
/** A tunnel is up only while a program holds it: TUNSETIFF with IFF_TUN and IFF_NO_PI (linux/if_tun.h). */
const HOLDS_TUNNEL = `
const { dlopen, FFIType, ptr } = require("bun:ffi");
const { symbols } = dlopen("libc.so.6", { open: { args: [FFIType.cstring, FFIType.i32], returns: FFIType.i32 }, ioctl: { args: [FFIType.i32, FFIType.u64, FFIType.ptr], returns: FFIType.i32 } });
const request = Buffer.alloc(40);
request.write("tun0");
request.writeUInt16LE(0x1001, 16);
const file = symbols.open(ptr(Buffer.from("/dev/net/tun\\0")), 2);
console.log(symbols.ioctl(file, 0x400454ca, ptr(request)) === 0 ? "held" : "refused");
setInterval(() => {}, 1000);
`;

async function tunnel(host: LanHost): Promise<{ readonly stop: () => Promise<void> }> {
  await host.must("ip tuntap add dev tun0 mode tun");
  await host.must("ip addr add 10.8.0.2/24 dev tun0");
  await host.must("ip link set tun0 up");
  return host.start([process.execPath, "-e", HOLDS_TUNNEL], "held");
}
