/** The sockets of the LAN leg: on loopback, and in namespaces with wires that can be pulled. */

import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { lanSentence, openAgentLan, openClientLan } from "../../lib/io/lan.ts";
import type { Standing } from "../../lib/io/lan-tcp.ts";
import type { Address, Lan } from "../../lib/port/lan.ts";
import { aCommand, type Running } from "../support/a-process.ts";
import type { Line, Speaking } from "../support/lan-speaker.ts";
import { asNobodyFor } from "../support/as-nobody.ts";
import { openTap } from "../support/a-tap.ts";
import { type Namespaces, namespaces, type Wire, WHY_NOT } from "../support/namespaces.ts";
import { freePort } from "../support/free-port.ts";

const LOOPBACK = [{ name: "lo", broadcast: "127.255.255.255" }];
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (said: string): Uint8Array => new TextEncoder().encode(said);

/** What one side has heard, and a promise of the next. */
class Ear {
  readonly heard: { readonly said: string; readonly from: Address }[] = [];
  readonly changes: string[] = [];
  #wake = (): void => {};
  readonly options = {
    named: LOOPBACK,
    onDatagram: (datagram: Uint8Array, from: Address): Standing => {
      this.heard.push({ said: text(datagram), from });
      this.#wake();
      return "proven";
    },
    onChange: (event: string, facts: object) => this.changes.push(`${event} ${JSON.stringify(facts)}`),
  };

  async until(count: number): Promise<void> {
    while (this.heard.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
    }
  }
}

async function opened(lan: ReturnType<typeof openAgentLan>): Promise<Lan> {
  const result = await lan;
  if (!result.ok) throw new Error(result.fault.reason);
  return result.value;
}

describe("on loopback", () => {
  test("A14: every listener of a host hears a broadcast of the agent, and the agent hears theirs", async () => {
    const [port, broadcastPort] = [await freePort(), await freePort()];
    const ears = [new Ear(), new Ear(), new Ear()] as const;
    const agent = await opened(openAgentLan({ ...ears[0].options, port, broadcastPort }));
    const first = await opened(openClientLan({ ...ears[1].options, agentPort: port, broadcastPort }));
    const second = await opened(openClientLan({ ...ears[2].options, agentPort: port, broadcastPort }));
    try {
      agent.broadcast(bytes("alarm"));
      await Promise.all([ears[1].until(1), ears[2].until(1)]);
      first.broadcast(bytes("ack"));
      await ears[0].until(1);
      expect([ears[0], ears[1], ears[2]].map(({ heard }) => heard.map(({ said }) => said))).toEqual([["ack"], ["alarm"], ["alarm"]]);
    } finally {
      for (const lan of [agent, first, second]) lan.close();
    }
  });

  test("A14: what is meant for one listener alone reaches that one, though all share the broadcast port", async () => {
    const [port, broadcastPort] = [await freePort(), await freePort()];
    const ears = [new Ear(), new Ear(), new Ear()] as const;
    const agent = await opened(openAgentLan({ ...ears[0].options, port, broadcastPort }));
    const first = await opened(openClientLan({ ...ears[1].options, agentPort: port, broadcastPort }));
    const second = await opened(openClientLan({ ...ears[2].options, agentPort: port, broadcastPort }));
    try {
      first.send(bytes("hello"), { host: "127.0.0.1", port });
      await ears[0].until(1);
      const [hello] = ears[0].heard;
      agent.send(bytes("welcome"), hello?.from ?? { host: "", port: 0 });
      await ears[1].until(1);
      expect(ears[2].heard).toEqual([]);
      expect(hello?.from.port).not.toBe(broadcastPort);
    } finally {
      for (const lan of [agent, first, second]) lan.close();
    }
  });

  test("A14: another user's program on the broadcast port takes no broadcast away from a listener, and gets nothing that is meant for it alone", async () => {
    const [port, broadcastPort] = [await freePort(), await freePort()];
    const ears = [new Ear(), new Ear()] as const;
    const agent = await opened(openAgentLan({ ...ears[0].options, port, broadcastPort }));
    const listener = await opened(openClientLan({ ...ears[1].options, agentPort: port, broadcastPort }));
    using another = await asNobodyFor(() => openTap(broadcastPort));
    try {
      listener.send(bytes("hello"), { host: "127.0.0.1", port });
      await ears[0].until(1);
      agent.send(bytes("welcome"), ears[0].heard[0]?.from ?? { host: "", port: 0 });
      await ears[1].until(1);
      agent.broadcast(bytes("alarm"));
      await ears[1].until(2);
      expect(ears[1].heard.map(({ said }) => said)).toEqual(["welcome", "alarm"]);
      while (another.heard.length === 0) await new Promise(setImmediate);
      expect(another.heard.map((one) => text(one.bytes))).toEqual(["alarm"]);
    } finally {
      for (const lan of [agent, listener]) lan.close();
    }
  });

  test("A15: a listener that has gone takes nothing from the one beside it: fifty of fifty arrive", async () => {
    const [port, broadcastPort, gone] = [await freePort(), await freePort(), await freePort()];
    const ears = [new Ear(), new Ear()] as const;
    const agent = await opened(openAgentLan({ ...ears[0].options, port, broadcastPort }));
    const live = await opened(openClientLan({ ...ears[1].options, agentPort: port, broadcastPort }));
    try {
      live.send(bytes("hello"), { host: "127.0.0.1", port });
      await ears[0].until(1);
      const to = ears[0].heard[0]?.from ?? { host: "", port: 0 };
      for (let number = 1; number <= 50; number += 1) {
        agent.send(bytes("to nobody"), { host: "127.0.0.1", port: gone });
        agent.send(bytes(`alarm ${number}`), to);
        await ears[1].until(number);
      }
      expect(ears[1].heard.map(({ said }) => said)).toEqual(Array.from({ length: 50 }, (_, at) => `alarm ${at + 1}`));
    } finally {
      for (const lan of [agent, live]) lan.close();
    }
  });

  test("A15: a peer that is gone takes nothing from the one beside it, and each answers to where it was told from", async () => {
    const [port, broadcastPort, gone] = [await freePort(), await freePort(), await freePort()];
    const ears = [new Ear(), new Ear()] as const;
    const elsewhere = [{ name: "lo", broadcast: "127.255.255.254" }];
    const live = await opened(openClientLan({ ...ears[1].options, named: elsewhere, agentPort: port, broadcastPort }));
    const peers = [{ host: "127.0.0.1", port: gone }, { host: "127.0.0.1", port: broadcastPort }];
    const agent = await opened(openAgentLan({ ...ears[0].options, named: elsewhere, port, broadcastPort: await freePort(), peers }));
    try {
      for (let number = 1; number <= 50; number += 1) {
        agent.broadcast(bytes(`alarm ${number}`));
        await ears[1].until(number);
      }
      expect(ears[1].heard.map(({ said }) => said)).toEqual(Array.from({ length: 50 }, (_, at) => `alarm ${at + 1}`));
      live.send(bytes("hello"), ears[1].heard[0]?.from ?? { host: "", port: 0 });
      await ears[0].until(1);
    } finally {
      for (const lan of [agent, live]) lan.close();
    }
  });

  test("an address that no datagram can go to is a line in the log and no end of the process", async () => {
    const ear = new Ear();
    const agent = await opened(openAgentLan({ ...ear.options, port: await freePort(), broadcastPort: await freePort() }));
    try {
      agent.send(bytes("x"), { host: "127.0.0.1", port: 0 });
      expect(ear.changes.filter((line) => line.startsWith("unicast fault"))).toHaveLength(1);
    } finally {
      agent.close();
    }
  });

  test("a port that another program holds is said with the command that names it", async () => {
    const port = await freePort();
    const ear = new Ear();
    const agent = await opened(openAgentLan({ ...ear.options, port, broadcastPort: await freePort() }));
    const second = await openAgentLan({ ...ear.options, port, broadcastPort: await freePort() });
    agent.close();
    expect(second.ok ? "" : lanSentence(second.fault)).toContain(`Cannot use UDP port ${port}: another program holds it ("ss -ulnp sport = :${port}" names it)`);
  });
});

const ETH0: Wire = { here: "eth0", there: "eth0", hereAt: "10.90.1.1/24", thereAt: "10.90.1.2/24" };
const ETH1: Wire = { here: "eth1", there: "eth1", hereAt: "10.90.2.1/24", thereAt: "10.90.2.2/24" };
const SPEAKER = join(import.meta.dir, "..", "support", "lan-speaker.ts");

class Speaker {
  readonly #process: Running;
  readonly lines: Line[] = [];

  constructor(namespace: string, speaking: Partial<Speaking> & Pick<Speaking, "role">) {
    const whole: Speaking = { port: 11_115, broadcastPort: 11_114, ...speaking };
    this.#process = aCommand(["ip", "netns", "exec", namespace, process.execPath, SPEAKER, JSON.stringify(whole)]);
  }

  /** Reads on until a line is there for which this holds. */
  async until(holds: (line: Line) => boolean): Promise<Line> {
    for (;;) {
      const said = await this.#process.nextLine();
      if (said === undefined) throw new Error(`the speaker has ended: ${(await this.#process.end()).err}`);
      const line = JSON.parse(said) as Line;
      this.lines.push(line);
      if (holds(line)) return line;
    }
  }

  /** It is open and has found so many interfaces. */
  async ready(interfaces: number): Promise<void> {
    const found = (): number => this.lines.filter((line) => line.kind === "change" && line.event === "interface").length;
    await this.until(() => this.lines.some(({ kind }) => kind === "open") && found() >= interfaces);
  }

  says(): void {
    this.#process.kill("SIGHUP");
  }

  async end(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.end();
  }
}

/** @param set of both; `exclude` of the agent alone */
async function between(wires: readonly Wire[], set: Partial<Speaking>, story: (world: { readonly agent: Speaker; readonly client: Speaker; readonly net: Namespaces }) => Promise<void>): Promise<void> {
  using net = namespaces(...wires);
  const agent = new Speaker(net.here, { role: "agent", ...set });
  const { exclude: _, ...both } = set;
  const client = new Speaker(net.there, { role: "client", ...both });
  try {
    // A wire that was just made carries nothing for a moment.
    await Promise.all([agent.ready(wires.length - (set.exclude ?? []).length), client.ready(wires.length)]);
    await story({ agent, client, net });
  } finally {
    await Promise.all([agent.end(), client.end()]);
  }
}

function dropBroadcasts(namespace: string): void {
  const rules = "table inet t { chain in { type filter hook input priority 0; meta pkttype broadcast drop; }; }";
  const ran = Bun.spawnSync(["ip", "netns", "exec", namespace, "nft", rules], { stderr: "pipe" });
  if (ran.exitCode !== 0) throw new Error(ran.stderr.toString());
}

const heard = (said: string, from?: string) => (line: Line): boolean => line.kind === "heard" && line.text === said && (from === undefined || line.from === from);
const changed = (event: string, about: string) => (line: Line): boolean => line.kind === "change" && line.event === event && JSON.stringify(line.facts).includes(about);
const fromOf = (lines: readonly Line[], said: string): readonly string[] => lines.flatMap((line) => (line.kind === "heard" && line.text === said ? [line.from] : []));

const WHY_NO_NFT = WHY_NOT === "" && Bun.which("nft") === null ? " (skipped: needs nft)" : "";

describe.skipIf(WHY_NOT !== "")(`between namespaces without a default route${WHY_NOT}`, () => {
  test("A14: a broadcast leaves by every interface", () =>
    between([ETH0, ETH1], {}, async ({ agent, client }) => {
      agent.says();
      await client.until(heard("agent 1"));
      await client.until(heard("agent 1"));
      expect([...fromOf(client.lines, "agent 1")].sort()).toEqual(["10.90.1.1", "10.90.2.1"]);
      client.says();
      await agent.until(heard("client 1"));
      await agent.until(heard("client 1"));
      expect([...fromOf(agent.lines, "client 1")].sort()).toEqual(["10.90.1.2", "10.90.2.2"]);
    }), 20_000);

  test("an excluded interface stays silent", () =>
    between([ETH0, ETH1], { exclude: ["eth0"] }, async ({ agent, client }) => {
      agent.says();
      await client.until(heard("agent 1"));
      agent.says();
      await client.until(heard("agent 2"));
      expect(client.lines.flatMap((line) => (line.kind === "heard" ? [line.from] : []))).toEqual(["10.90.2.1", "10.90.2.1"]);
    }), 20_000);

  test("A14: an interface that goes takes nothing from the other, and rings again once it is back", () =>
    between([ETH0, ETH1], {}, async ({ agent, client, net }) => {
      net.ip("link", "set", "eth0", "down");
      agent.says();
      await client.until(heard("agent 1", "10.90.2.1"));
      await agent.until(changed("interface gone", "eth0"));
      net.ip("link", "set", "eth0", "up");
      await agent.until(changed("interface", "eth0 10.90.1.1"));
      agent.says();
      await client.until(heard("agent 2"));
      await client.until(heard("agent 2"));
      expect([...fromOf(client.lines, "agent 2")].sort()).toEqual(["10.90.1.1", "10.90.2.1"]);
      expect(fromOf(client.lines, "agent 1")).toEqual(["10.90.2.1"]);
    }), 20_000);

  test.skipIf(WHY_NO_NFT !== "")(`where broadcasts are dropped, multicast comes through on every interface, both ways, and again on one that was gone${WHY_NO_NFT}`, () =>
    between([ETH0, ETH1], { multicast: { group: "239.255.11.114", ttl: 1 } }, async ({ agent, client, net }) => {
      for (const namespace of [net.here, net.there]) dropBroadcasts(namespace);
      agent.says();
      await client.until(heard("agent 1", "10.90.1.1"));
      client.says();
      await agent.until(heard("client 1"));
      await agent.until(heard("client 1"));
      expect([...fromOf(agent.lines, "client 1")].sort()).toEqual(["10.90.1.2", "10.90.2.2"]);
      net.ip("link", "delete", "eth0");
      await Promise.all([agent.until(changed("interface gone", "eth0")), client.until(changed("interface gone", "eth0"))]);
      net.lay(ETH0);
      await Promise.all([agent.until(changed("interface", "eth0 10.90.1.1")), client.until(changed("interface", "eth0 10.90.1.2"))]);
      agent.says();
      await client.until(heard("agent 2", "10.90.1.1"));
      client.says();
      await agent.until(heard("client 2", "10.90.1.2"));
    }), 20_000);

  test("an interface called br-mgmt rings where it is the only one", () =>
    between([{ ...ETH0, here: "br-mgmt" }], {}, async ({ agent, client }) => {
      agent.says();
      await client.until(heard("agent 1", "10.90.1.1"));
    }), 20_000);

  test("a listener with a wrong netmask hears all the same", () =>
    between([{ ...ETH0, thereAt: "10.90.1.2/30" }], {}, async ({ agent, client }) => {
      agent.says();
      await client.until(heard("agent 1", "10.90.1.1"));
    }), 20_000);

  test("an address that comes later rings without a restart", () =>
    between([ETH0], {}, async ({ agent, client, net }) => {
      net.ip("address", "add", "10.90.1.9/24", "dev", "eth0");
      await agent.until(changed("interface", "10.90.1.9"));
      agent.says();
      await client.until(heard("agent 1", "10.90.1.9"));
    }), 20_000);
});
