/** A LAN of network namespaces on one bridge, for programs whose surroundings are to be broken. Needs root and iproute2. */

import { expect } from "bun:test";

export type LanHost = AsyncDisposable & {
  readonly address: string;
  /** Of its end of the cable on the bridge. */
  readonly port: string;
  /** Runs one command there to its end. */
  readonly run: (words: readonly string[], options?: { readonly input?: string }) => Promise<{ readonly code: number; readonly out: string; readonly err: string }>;
  /** The same, and it must succeed. */
  readonly must: (command: string) => Promise<void>;
  /** Starts one there that runs on until the host goes; returns once it has printed `line`. */
  readonly start: (words: readonly string[], line: string) => Promise<{ readonly stop: () => Promise<void> }>;
};

export type SmallLan = AsyncDisposable & {
  /** Plugs a host in; its only interface is e0. */
  readonly host: (cidr: string) => Promise<LanHost>;
  /** Runs a command beside the bridge. */
  readonly bridge: (command: string) => Promise<void>;
};

/** Why there can be none here; "" where there can. In CI there must be one. */
export function noSmallLan(): string {
  const why = process.geteuid?.() !== 0 ? "needs root" : Bun.which("ip") === null ? "needs iproute2" : Bun.which("nft") === null ? "needs nftables" : "";
  if (process.env["CI"] === "true") expect(why).toBe("");
  return why;
}

let lans = 0;

export async function aSmallLan(): Promise<SmallLan> {
  const name = `gd${process.pid}n${(lans += 1)}`;
  let hosts = 0;
  await must(`ip netns add ${name}`);
  await must(`ip -n ${name} link add br0 type bridge`);
  await must(`ip -n ${name} link set br0 up`);
  return {
    host: (cidr) => plug(name, `${name}h${(hosts += 1)}`, { port: `p${hosts}`, cidr }),
    bridge: (command) => must(`ip netns exec ${name} ${command}`),
    [Symbol.asyncDispose]: () => must(`ip netns del ${name}`),
  };
}

async function plug(lan: string, host: string, { port, cidr }: { readonly port: string; readonly cidr: string }): Promise<LanHost> {
  await must(`ip netns add ${host}`);
  await must(`ip -n ${lan} link add ${port} type veth peer name e0 netns ${host}`);
  await must(`ip -n ${lan} link set ${port} master br0 up`);
  await must(`ip -n ${host} link set lo up`);
  await must(`ip -n ${host} addr add ${cidr} brd + dev e0`);
  await must(`ip -n ${host} link set e0 up`);
  const running = new Set<ReturnType<typeof Bun.spawn>>();
  const stop = async (child: ReturnType<typeof Bun.spawn>): Promise<void> => {
    running.delete(child);
    child.kill("SIGTERM");
    await child.exited;
  };
  return {
    address: cidr.split("/")[0] ?? "", port,
    run: (words, { input = "" } = {}) => command(["ip", "netns", "exec", host, ...words], input),
    must: (text) => must(`ip netns exec ${host} ${text}`),
    start: async (words, line) => {
      const child = Bun.spawn(["ip", "netns", "exec", host, ...words], { stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      running.add(child);
      await printed([child.stdout, child.stderr], line);
      return { stop: () => stop(child) };
    },
    [Symbol.asyncDispose]: async () => {
      for (const child of running) await stop(child);
      await must(`ip netns del ${host}`);
    },
  };
}

/** Waits for a line on any of the streams, and reads on so that nobody blocks on a full pipe. */
function printed(streams: readonly ReadableStream<Uint8Array>[], line: string): Promise<void> {
  let text = "";
  return new Promise((resolve, reject) => {
    const ended = streams.map(async (stream) => {
      for await (const chunk of stream) {
        text += new TextDecoder().decode(chunk);
        if (text.includes(line)) resolve();
      }
    });
    void Promise.all(ended).then(() => reject(new Error(`It ended before it said "${line}": ${text}`)));
  });
}

async function must(text: string): Promise<void> {
  const { code, err } = await command(text.split(" "), "");
  if (code !== 0) throw new Error(`${text}: ${err}`);
}

async function command(words: readonly string[], input: string): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const child = Bun.spawn([...words], { stdin: new TextEncoder().encode(input), stdout: "pipe", stderr: "pipe" });
  const [out, err, code] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text(), child.exited]);
  return { code, out, err };
}
