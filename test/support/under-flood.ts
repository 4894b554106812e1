/** An agent and a listener, executables both, under a flood of forged datagrams: alarms raised meanwhile, what they took, what it cost. */

import { cpuSeconds, memoryOf } from "../../bench/figures.ts";
import { decodeHeader } from "../../lib/wire/packet.ts";
import { aLanOfLaptops, type Laptop, type LanOfLaptops } from "./a-lan-of-laptops.ts";
import type { Flooded, Flooding } from "./flood-sender.ts";

/** Of a process while the flood went on. */
type Cost = { readonly cores: number; readonly before: number; readonly after: number };

export type UnderFlood = {
  readonly sentPerSecond: number;
  /** From the hand-in of each alarm to its line on the listener's screen, in ms; before the flood and in it. */
  readonly calmMs: readonly number[];
  readonly floodMs: readonly number[];
  /** What `ack` said of each alarm raised in the flood, said while it went on. */
  readonly acked: readonly string[];
  /** Cores, and MiB resident before and after. */
  readonly agent: Cost;
  readonly listener: Cost;
  /** As `listeners --json` and `status --json` count them. */
  readonly agentDrops: Readonly<Record<string, number>>;
  readonly listenerDrops: Readonly<Record<string, number>>;
  /** State of the listener as the agent has it, and of the agent as the listener has it, at the end. */
  readonly presence: string;
  readonly hearing: string;
};

const EVERY_MS = 500;
const CALM_ALARMS = 5;
const RULES = 'rules:\n  - {name: default, module: general, item: "{name}"}\n';
const ROSTER = "operators:\n  li: {modules: [general], mail: li@example.org}\nlast_resort: [li]\n";

/** @param rate datagrams a second, to both together */
export async function underFlood({ rate, seconds }: { readonly rate: number; readonly seconds: number }): Promise<UnderFlood> {
  await using lan = await aLanOfLaptops({ rules: RULES, roster: ROSTER });
  const li = await lan.aLaptop("li", { by: "line" });
  const calm: Shown[] = [];
  for (let nth = 0; nth < CALM_ALARMS; nth += 1) calm.push(await raised(lan, li, `calm-${nth}`));

  const before = [lan.agent.pid, li.listener.pid].map((pid) => ({ pid, cpu: cpuSeconds(pid), memory: memoryOf(pid).now }));
  const sender = Bun.spawn([process.execPath, `${import.meta.dir}/flood-sender.ts`, JSON.stringify(await targetsOf(lan, { rate, seconds }))], { stdout: "pipe", stderr: "inherit" });
  const begun = performance.now();
  const shown: Shown[] = [];
  const acked: string[] = [];
  while (performance.now() < begun + seconds * 1000) {
    const next = performance.now() + EVERY_MS;
    shown.push(await raised(lan, li, `flood-${shown.length}`));
    acked.push((await li.command("ack", shown.at(-1)?.id.slice(0, 6) ?? "")).out.trim());
    await Bun.sleep(Math.max(0, next - performance.now()));
  }
  const flooded = JSON.parse(await new Response(sender.stdout).text()) as Flooded;
  const took = (performance.now() - begun) / 1000;
  const [agent, listener] = before.map(({ pid, cpu, memory }): Cost => ({ cores: (cpuSeconds(pid) - cpu) / took, before: memory, after: memoryOf(pid).now }));
  if (agent === undefined || listener === undefined) throw new Error("Both were measured before");

  const listeners = JSON.parse(await lan.agentCommand("listeners", "--json")) as { readonly drops: Record<string, number>; readonly listeners: readonly { readonly state: string }[] };
  const status = (await li.json("status")) as { readonly drops: Record<string, number>; readonly agents: readonly { readonly hearing: string }[] };
  return {
    sentPerSecond: flooded.sent / flooded.seconds, calmMs: calm.map(({ ms }) => ms), floodMs: shown.map(({ ms }) => ms), acked, agent, listener,
    agentDrops: listeners.drops, listenerDrops: status.drops, presence: listeners.listeners[0]?.state ?? "", hearing: status.agents[0]?.hearing ?? "",
  };
}

type Shown = { readonly id: string; readonly ms: number };

async function raised(lan: LanOfLaptops, { listener }: Laptop, name: string): Promise<Shown> {
  const begun = performance.now();
  const id = await lan.raise({ labels: { name }, severity: "critical", text: `${name} is down` });
  await listener.says(`● [${id.slice(0, 6)}]`);
  return { id, ms: performance.now() - begun };
}

/** What anybody on the LAN can know of both. */
async function targetsOf(lan: LanOfLaptops, how: { readonly rate: number; readonly seconds: number }): Promise<Flooding> {
  const { listeners } = JSON.parse(await lan.agentCommand("listeners", "--json")) as { readonly listeners: readonly { readonly id: string; readonly address: string }[] };
  const header = decodeHeader(lan.heard()[0] ?? new Uint8Array());
  const [one] = listeners;
  if (!header.ok || one === undefined) throw new Error("Nobody speaks on this LAN");
  const port = (name: string): number => Number(new RegExp(`${name}: (\\d+)`).exec(lan.yaml)?.[1]);
  return {
    ...how, agentPort: port("agent_port"), listenerPorts: [port("broadcast_port"), Number(one.address.split(":")[1])],
    agent: header.value.sender, listener: one.id, epoch: String(header.value.epoch),
  };
}
