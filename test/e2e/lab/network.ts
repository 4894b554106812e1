/** Hosts from network namespaces, joined by cables to a switch of our own or straight to each other; and the processes on them. */

import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FAIR, type Weather } from "./hub.ts";

/** One end of a cable: `lan` is the number of a switch, `peer` the name of the host at the other end. */
export type Cable = { readonly interface: string; readonly address: string; readonly to: { readonly lan: number } | { readonly peer: string } };

/** `forwards`: a router. */
export type HostPlan = { readonly name: string; readonly cables: readonly Cable[]; readonly gateway?: string; readonly forwards?: boolean };

/** What a process finds changed on its host. */
export type Circumstances = {
  /** The host was started anew: another boot id, and uptime from a few seconds on. */
  readonly boot?: string;
  /** The wall clock goes wrong by so much, as in "+3d" (libfaketime). */
  readonly clock?: string;
  readonly env?: Readonly<Record<string, string>>;
};

export type Program = {
  readonly pid: number;
  readonly kill: (signal?: "SIGKILL" | "SIGTERM" | "SIGSTOP" | "SIGCONT") => Promise<void>;
  readonly ended: Promise<number>;
};

export type Host = {
  readonly name: string;
  readonly namespace: string;
  /** Runs one command to its end. Throws with what it said where it fails. */
  readonly run: (words: readonly string[], circumstances?: Circumstances) => Promise<string>;
  /** Starts what runs on; what it says goes to the end of `<name of the host>-<label>.out` and `.log`. */
  readonly start: (label: string, words: readonly string[], circumstances?: Circumstances) => Program;
  /** What it has said so far; "out" is standard output. */
  readonly said: (label: string, stream?: "out" | "log") => string;
  /** Pulls a cable out, or puts it back. The host sees its carrier go. */
  readonly pull: (name: string) => void;
  readonly plug: (name: string) => void;
  /** A table of nft takes the place of the one before. "" takes it away. */
  readonly nft: (rules: string) => void;
};

export type Network = {
  readonly folder: string;
  readonly host: (name: string) => Host;
  readonly hosts: readonly Host[];
  /** What the switch does to every frame from now on. */
  readonly weather: (weather: Partial<Weather>) => Promise<void>;
  /** The switch's name for a host's cable, as `weather` wants it. */
  readonly port: (host: string, name?: string) => string;
  readonly close: () => Promise<void>;
};

const HUB = "hub";
const CARRIER_MS_MOST = 10_000;

/** @param seed of the switch's dice */
export async function openNetwork(plans: readonly HostPlan[], { seed = 1 }: { readonly seed?: number } = {}): Promise<Network> {
  const folder = mkdtempSync(join(tmpdir(), "gapbell-lab-"));
  const mark = `gbl${folder.slice(-6)}`;
  const namespaceOf = (name: string): string => `${mark}-${name}`;
  const names = [HUB, ...plans.map(({ name }) => name)];
  const janitor = Bun.spawn(["setsid", process.execPath, join(import.meta.dir, "janitor.ts"), folder, ...names.map(namespaceOf)], {
    stdin: "pipe", stdout: "ignore", stderr: "ignore",
  });
  const close = async (): Promise<void> => {
    await janitor.stdin.end();
    await janitor.exited;
  };
  try {
    for (const name of names) {
      ip("netns", "add", namespaceOf(name));
      ip("-n", namespaceOf(name), "link", "set", "lo", "up");
      Bun.spawnSync(["ip", "netns", "exec", namespaceOf(name), "sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/all/disable_ipv6"]);
    }
    const ends = layCables(plans, namespaceOf);
    for (const { name, forwards } of plans) if (forwards === true) Bun.spawnSync(["ip", "netns", "exec", namespaceOf(name), "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
    for (const { name, gateway } of plans) if (gateway !== undefined) ip("-n", namespaceOf(name), "route", "add", "default", "via", gateway);
    for (const { host, interface: cable } of ends) await running(namespaceOf(host), cable);
    const hub = await startHub(namespaceOf(HUB), { seed, ports: ends.filter(({ lan }) => lan !== undefined).map(({ far, lan }) => `${far}:${lan}`) });
    const port = (host: string, name?: string): string => {
      const end = ends.find((one) => one.host === host && (name === undefined || one.interface === name));
      if (end === undefined) throw new Error(`"${host}" has no cable "${name ?? ""}"`);
      return end.far;
    };
    const hosts = plans.map(({ name }) => aHost({
      name, folder, namespace: namespaceOf(name),
      switchCable: (cable, on) => {
        const end = ends.find((one) => one.host === name && one.interface === cable);
        if (end === undefined) throw new Error(`"${name}" has no cable "${cable}"`);
        ip("-n", namespaceOf(end.farHost), "link", "set", end.far, on ? "up" : "down");
      },
    }));
    const found = (name: string): Host => {
      const host = hosts.find((one) => one.name === name);
      if (host === undefined) throw new Error(`The lab has no host "${name}"`);
      return host;
    };
    return { folder, host: found, hosts, weather: hub.weather, port, close };
  } catch (thrown) {
    await close();
    throw thrown;
  }
}

type End = { readonly host: string; readonly interface: string; readonly farHost: string; readonly far: string; readonly lan: number | undefined };

/** @returns where each cable ends; both ends of one between two hosts */
function layCables(plans: readonly HostPlan[], namespaceOf: (name: string) => string): readonly End[] {
  const ends: End[] = [];
  for (const { name, cables } of plans) {
    for (const { interface: near, address, to } of cables) {
      const here = namespaceOf(name);
      if ("lan" in to) {
        const far = `p${ends.length + 1}`;
        ip("-n", namespaceOf(HUB), "link", "add", far, "type", "veth", "peer", "name", near, "netns", here);
        ip("-n", namespaceOf(HUB), "link", "set", far, "up", "promisc", "on");
        ends.push({ host: name, interface: near, farHost: HUB, far, lan: to.lan });
      } else if (!ends.some(({ host, interface: one }) => host === name && one === near)) {
        const back = plans.find((plan) => plan.name === to.peer)?.cables.find((cable) => "peer" in cable.to && cable.to.peer === name);
        if (back === undefined) throw new Error(`No cable of "${to.peer}" leads to "${name}"`);
        ip("-n", here, "link", "add", near, "type", "veth", "peer", "name", back.interface, "netns", namespaceOf(to.peer));
        ends.push({ host: name, interface: near, farHost: to.peer, far: back.interface, lan: undefined });
        ends.push({ host: to.peer, interface: back.interface, farHost: name, far: near, lan: undefined });
      }
      ip("-n", here, "addr", "add", address, "broadcast", "+", "dev", near);
      ip("-n", here, "link", "set", near, "up");
    }
  }
  return ends;
}

/** The kernel takes its time to notice that both ends are up, and until then no program sees the interface. */
async function running(namespace: string, cable: string): Promise<void> {
  const end = performance.now() + CARRIER_MS_MOST;
  while (!/ state UP /.test(Bun.spawnSync(["ip", "-n", namespace, "link", "show", cable]).stdout.toString())) {
    if (performance.now() > end) throw new Error(`"${cable}" in "${namespace}" has no carrier`);
    await Bun.sleep(5);
  }
}

async function startHub(namespace: string, { seed, ports }: { readonly seed: number; readonly ports: readonly string[] }) {
  const hub = Bun.spawn(["ip", "netns", "exec", namespace, process.execPath, join(import.meta.dir, "hub.ts"), String(seed), ...ports], {
    stdin: "pipe", stdout: "pipe", stderr: "pipe",
  });
  const reader = hub.stdout.getReader();
  let rest = "";
  const line = async (wanted: string): Promise<void> => {
    while (!rest.includes("\n")) {
      const { done, value } = await reader.read();
      if (done) throw new Error(`The switch has ended: ${await new Response(hub.stderr).text()}`);
      rest += new TextDecoder().decode(value);
    }
    if (rest.slice(0, rest.indexOf("\n")) !== wanted) throw new Error(`The switch says "${rest}", not "${wanted}"`);
    rest = rest.slice(rest.indexOf("\n") + 1);
  };
  await line("ready");
  return {
    weather: async (weather: Partial<Weather>): Promise<void> => {
      hub.stdin.write(JSON.stringify({ ...FAIR, ...weather }));
      await hub.stdin.flush();
      await line("done");
    },
  };
}

function aHost({ name, folder, namespace, switchCable }: {
  readonly name: string; readonly folder: string; readonly namespace: string; readonly switchCable: (cable: string, on: boolean) => void;
}): Host {
  const fileOf = (label: string, stream: "out" | "log"): string => join(folder, `${name}-${label}.${stream}`);
  const on = (words: readonly string[], { boot, clock, env = {} }: Circumstances) => {
    const first = [`hostname ${name}`, ...(boot === undefined ? [] : bootWords(folder, boot))].join(" && ");
    return {
      cmd: ["ip", "netns", "exec", namespace, "unshare", "--uts", "sh", "-c", `${first} && exec "$@"`, "sh", ...words],
      env: { ...process.env, LC_ALL: "C.UTF-8", ...(clock === undefined ? {} : clockOf(clock)), ...env }, cwd: folder,
    };
  };
  return {
    name, namespace,
    run: async (words, circumstances = {}) => {
      const ran = Bun.spawn({ ...on(words, circumstances), stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      const [out, err, code] = await Promise.all([new Response(ran.stdout).text(), new Response(ran.stderr).text(), ran.exited]);
      if (code !== 0) throw new Error(`On ${name}, "${words.slice(0, 2).join(" ")}" ended with ${code}: ${err}${out}`);
      return out;
    },
    start: (label, words, circumstances = {}) => {
      const [out, log] = [openSync(fileOf(label, "out"), "a"), openSync(fileOf(label, "log"), "a")];
      const started = Bun.spawn({ ...on(words, circumstances), stdin: "ignore", stdout: out, stderr: log });
      for (const file of [out, log]) closeSync(file);
      return {
        pid: started.pid, ended: started.exited,
        kill: async (signal = "SIGKILL") => {
          started.kill(signal);
          if (signal === "SIGKILL" || signal === "SIGTERM") await started.exited;
        },
      };
    },
    said: (label, stream = "out") => {
      try {
        return readFileSync(fileOf(label, stream), "utf8");
      } catch {
        return "";
      }
    },
    pull: (cable) => switchCable(cable, false),
    plug: (cable) => switchCable(cable, true),
    nft: (rules) => {
      const text = `table inet lab {}\ndelete table inet lab\n${rules === "" ? "" : `table inet lab {\n${rules}\n}\n`}`;
      const ran = Bun.spawnSync(["ip", "netns", "exec", namespace, "nft", "-f", "-"], { stdin: new TextEncoder().encode(text), stderr: "pipe" });
      if (ran.exitCode !== 0) throw new Error(`On ${name}, nft refuses: ${ran.stderr.toString()}`);
    },
  };
}

/** Each process on a host sees files of its own in their place; nobody else does. */
function bootWords(folder: string, boot: string): readonly string[] {
  const [id, uptime] = [join(folder, `boot-${boot}`), join(folder, `uptime-${boot}`)];
  writeFileSync(id, `${boot}\n`);
  writeFileSync(uptime, "7.00 5.00\n");
  return [`mount --bind ${id} /proc/sys/kernel/random/boot_id`, `mount --bind ${uptime} /proc/uptime`];
}

function clockOf(clock: string): Readonly<Record<string, string>> {
  const library = [...new Bun.Glob("*/faketime/libfaketime.so.1").scanSync("/usr/lib")][0];
  if (library === undefined) throw new Error("libfaketime is missing (Debian: faketime)");
  return { LD_PRELOAD: join("/usr/lib", library), FAKETIME: clock, FAKETIME_DONT_FAKE_MONOTONIC: "1" };
}

/** Files that a host sees in the place of those in /etc. */
export function etc(host: Host, name: string, text: string): void {
  mkdirSync(`/etc/netns/${host.namespace}`, { recursive: true });
  writeFileSync(`/etc/netns/${host.namespace}/${name}`, text);
}

function ip(...words: readonly string[]): void {
  const ran = Bun.spawnSync(["ip", ...words], { stderr: "pipe" });
  if (ran.exitCode !== 0) throw new Error(`"ip ${words.join(" ")}" ended with ${ran.exitCode}: ${ran.stderr.toString()}`);
}
