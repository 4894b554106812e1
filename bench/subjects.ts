/** The two that are measured side by side: the agent with enrolled listeners, all compiled, and the floor. */

import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { askLocal, tapLocal } from "../lib/io/local.ts";
import { openerOf } from "../test/support/agent-datagrams.ts";
import { initAgent, startAgent } from "../test/support/agent-process.ts";
import { openTap } from "../test/support/a-tap.ts";
import { built } from "../test/support/built.ts";
import { alarmAt, numberIn } from "./source.ts";

/** What has been heard of one run; moments in milliseconds of `performance.now`, by the alarm's number. */
export type Hearing = {
  /** The first datagram on the wire that holds it. */
  readonly wireAt: () => readonly (number | undefined)[];
  /** When a program that follows the listener has it; for the floor the same as on the wire. */
  readonly listenerAt: () => readonly (number | undefined)[];
  /** Broadcasts since the run began. */
  readonly datagrams: () => number;
  /** Resolves when the listener has so many, or after the time given. */
  readonly whole: (count: number, withinMs: number) => Promise<boolean>;
  /** Alarms that are open on one side only, or at another ring, of the listener of which there are most. */
  readonly differing: () => Promise<number>;
};

export type Subject = AsyncDisposable & {
  /** Of the process that alarms are handed to. */
  readonly pid: number;
  readonly url: string;
  /** From its start to the first alarm accepted. */
  readonly coldMs: number;
  readonly hear: (run: string) => Hearing;
};

export type Kind = { readonly name: string; readonly start: (folder: string) => Promise<Subject> };

const LOOPBACK_BROADCAST = "127.255.255.255";

/** Prepares an agent and its listeners once; each start begins from that state. @param rate of the LAN, in datagrams a second */
export async function agentKind(name: string, folder: string, { agent, rate, listeners = 1 }: { readonly agent: string; readonly rate: number; readonly listeners?: number }): Promise<Kind> {
  const client = await built("client", folder);
  const first = join(folder, `${name}-first`);
  mkdirSync(first);
  const agentState = join(first, "agent");
  const { port, broadcastPort } = await initAgent(agent, agentState);
  const yaml = readFileSync(join(agentState, "agent.yaml"), "utf8").replace(/^ {2}rate: .*$/m, `  rate: ${rate}`);
  writeFileSync(join(agentState, "agent.yaml"), yaml);
  const running = await startAgent(agent, agentState);
  const clients = Array.from({ length: listeners }, (_, nth) => `client-${nth}`);
  for (const one of clients) {
    mkdirSync(join(first, one), { mode: 0o700 });
    writeFileSync(join(first, one, "client.yaml"), `lan:\n  interfaces: [{name: lo, broadcast: ${LOOPBACK_BROADCAST}}]\n  broadcast_port: ${broadcastPort}\n  agent_port: ${port}\n`);
    const invite = join(first, `${one}.gapbell`);
    await command([agent, "invite", "--operator", "li", "--passphrase-file", `${agentState}.passphrase`, "--file", invite, "--state", agentState]);
    await command([client, "join", invite, "--state", join(first, one)]);
  }
  running.kill("SIGTERM");
  await running.ended;
  return { name, start: (at) => startAll({ agent, client, clients, first, at, broadcastPort }) };
}

type Listener = AsyncDisposable & { readonly state: string; readonly lines: readonly { readonly at: number; readonly line: string }[] };

/** Resolves once it tells of an alarm that is open: it is heard and believed. */
async function startListener(client: string, state: string): Promise<Listener> {
  const process = Bun.spawn([client, "run", "--state", state, "--no-desktop", "--no-terminal", "--seat", "person"], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  const lines: { readonly at: number; readonly line: string }[] = [];
  const stop = new AbortController();
  const follow = async (): Promise<void> => {
    const tapped = await tapLocal(join(state, "client.sock"), "/v1/lines", (line) => void lines.push({ at: performance.now(), line }), stop.signal);
    if (!tapped.ok && tapped.fault.kind === "nobody" && !stop.signal.aborted) return Bun.sleep(20).then(follow);
  };
  const following = follow();
  while (!lines.some(({ line }) => line.includes('"kind":"alarm"'))) await Bun.sleep(20);
  return {
    state, lines,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await following;
      process.kill("SIGTERM");
      await process.exited;
    },
  };
}

async function startAll({ agent, client, clients, first, at, broadcastPort }: {
  readonly agent: string; readonly client: string; readonly clients: readonly string[]; readonly first: string; readonly at: string; readonly broadcastPort: number;
}): Promise<Subject> {
  cpSync(first, at, { recursive: true });
  const agentState = join(at, "agent");
  const tap = await openTap(broadcastPort);
  const begun = performance.now();
  const running = await startAgent(agent, agentState);
  const url = `http://127.0.0.1:${running.apiPort}/v1/reports`;
  const coldMs = await firstAccepted(url, begun);
  const listeners = await Promise.all(clients.map((one) => startListener(client, join(at, one))));
  const ear = openerOf(agentState);
  return {
    pid: running.pid, url, coldMs,
    hear: (run) => {
      const from = tap.heard.length;
      const each = listeners.map(({ lines }) => firsts(lines, lines.length, ({ line }) => (line.includes('"kind":"alarm"') ? [(JSON.parse(line) as { text: string }).text] : []), run));
      // What one of them does not have has not arrived.
      const listenerAt = (): readonly (number | undefined)[] => {
        const heard = each.map((moments) => moments());
        return Array.from({ length: Math.max(...heard.map(({ length }) => length)) }, (_, nth) => heard.reduce<number | undefined>((latest, moments) => {
          const at = moments[nth];
          return at === undefined || latest === undefined ? undefined : Math.max(latest, at);
        }, 0));
      };
      return {
        datagrams: () => tap.heard.length - from, listenerAt,
        wireAt: firsts(tap.heard, from, ({ bytes }) => {
          const message = ear(bytes);
          return message?.kind === "alarm" ? message.body.alarms.map(({ text }) => text) : [];
        }, run),
        whole: (count, withinMs) => until(() => counted(listenerAt()) >= count, withinMs),
        differing: async () => {
          const open = await openIn(join(agentState, "agent.sock"));
          const differences = await Promise.all(listeners.map(async ({ state }) => open.symmetricDifference(await openIn(join(state, "client.sock"))).size));
          return Math.max(...differences);
        },
      };
    },
    [Symbol.asyncDispose]: async () => {
      for (const listener of listeners) await listener[Symbol.asyncDispose]();
      running.kill("SIGTERM");
      await running.ended;
      tap[Symbol.dispose]();
    },
  };
}

/** Each open alarm as one side knows it: id, revision and ring. */
async function openIn(socket: string): Promise<ReadonlySet<string>> {
  const asked = await askLocal(socket, { method: "GET", route: "/v1/alarms" });
  if (!asked.ok) throw new Error(`Nobody answers at ${socket}`);
  const { alarms } = asked.value.body as { readonly alarms: readonly { readonly id: string; readonly revision: number; readonly ring: number }[] };
  return new Set(alarms.map(({ id, revision, ring }) => `${id} ${revision} ${ring}`));
}

export const FLOOR: Kind = {
  name: "floor",
  start: async (folder) => {
    mkdirSync(folder);
    const tap = await openTap(0);
    const begun = performance.now();
    const server = Bun.spawn([process.execPath, join(import.meta.dir, "floor.ts"), join(folder, "floor.db"), String(tap.port)], { stdin: "ignore", stdout: "pipe", stderr: "inherit" });
    const first = await server.stdout.getReader().read();
    const url = `http://127.0.0.1:${new TextDecoder().decode(first.value).trim()}/v1/reports`;
    const coldMs = await firstAccepted(url, begun);
    tap.answer((bytes) => JSON.stringify((JSON.parse(Buffer.from(bytes).toString()) as { id: number }[]).map(({ id }) => id)));
    return {
      pid: server.pid, url, coldMs,
      hear: (run) => {
        const from = tap.heard.length;
        const at = firsts(tap.heard, from, ({ bytes }) => (JSON.parse(Buffer.from(bytes).toString()) as { alarm: { text: string } }[]).map(({ alarm }) => alarm.text), run);
        return { datagrams: () => tap.heard.length - from, wireAt: at, listenerAt: at, whole: (count, withinMs) => until(() => counted(at()) >= count, withinMs), differing: async () => 0 };
      },
      [Symbol.asyncDispose]: async () => {
        server.kill();
        await server.exited;
        tap[Symbol.dispose]();
      },
    };
  },
};

/** For each alarm of the run the first item that tells of it; each item is read once, whenever somebody asks. */
function firsts<Item extends { readonly at: number }>(items: readonly Item[], from: number, texts: (item: Item) => readonly string[], run: string): () => readonly (number | undefined)[] {
  const first: (number | undefined)[] = [];
  let next = from;
  return () => {
    for (const item of items.slice(next)) {
      for (const text of texts(item)) {
        const number = numberIn(text, run);
        if (number !== undefined) first[number] ??= item.at;
      }
    }
    next = items.length;
    return first;
  };
}

function counted(moments: readonly (number | undefined)[]): number {
  return moments.filter((at) => at !== undefined).length;
}

async function firstAccepted(url: string, begun: number): Promise<number> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(alarmAt("cold", 0)), headers: { "content-type": "application/json" } });
  if (!response.ok) throw new Error(`The first alarm was answered with ${response.status}`);
  return performance.now() - begun;
}

async function until(held: () => boolean, withinMs: number): Promise<boolean> {
  const end = performance.now() + withinMs;
  while (!held()) {
    if (performance.now() > end) return false;
    await Bun.sleep(50);
  }
  return true;
}

async function command(words: readonly string[]): Promise<void> {
  const ran = Bun.spawn([...words], { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  const complaint = await new Response(ran.stderr).text();
  if ((await ran.exited) !== 0) throw new Error(`${words.slice(1, 3).join(" ")} failed: ${complaint}`);
}
