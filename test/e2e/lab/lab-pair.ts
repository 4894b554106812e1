/** A lab with two agents of one cluster, paired by the public commands before any laptop joins; each has its own way out, by one relay. */

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programs } from "../../support/built.ts";
import { aLab, joinListeners, joinRelay, type Lab, Station } from "./lab.ts";
import { JUMP, type LabPlan, laptopOf, NODE, NODE2, OUTSIDE, planned } from "./lab-files.ts";
import type { Shown } from "./lab-alarm.ts";

const HOSTS = [NODE, NODE2, laptopOf("li", "10.11.131.21/24"), laptopOf("zhao", "10.11.131.22/24"), JUMP, OUTSIDE] as const;

/** What a source says of one disk; the item is its name in every text. */
export type Reported = {
  readonly item: string;
  /** li and zhao answer for "room"; li alone for "osd". */
  readonly module?: string;
  /** "default" is told outside after 3 s, "patient" after an hour. */
  readonly policy?: string;
  /** When it began, where the source says so. */
  readonly generatedAt?: string;
};

/** How one agent has an alarm, as people see it. */
type Booked = Shown & { readonly id: string; readonly aliases: readonly string[]; readonly acknowledgement?: { readonly operator: string } };

export class PairLab implements AsyncDisposable {
  readonly lab: Lab;
  readonly a: Station;
  readonly b: Station;

  constructor(lab: Lab, b: Station) {
    this.lab = lab;
    this.a = lab.agent;
    this.b = b;
  }

  get both(): readonly [Station, Station] {
    return [this.a, this.b];
  }

  /** A source on the same host as each of these agents reports, to all at once. They have answered when this returns. */
  async raises(agents: readonly Station[], { item, module = "room", policy = "default", generatedAt }: Reported): Promise<void> {
    const body = { condition: "raised", labels: { alertname: "DiskFull", module, item, policy }, severity: "critical", text: `${item} is full`, ...(generatedAt === undefined ? {} : { generatedAt }) };
    const answers = await Promise.all(agents.map((agent) => agent.ask("/v1/reports", { method: "POST", body })));
    if (answers.includes(undefined)) throw new Error(`An agent does not take an alarm in${await this.lab.account()}`);
  }

  /** How the agent has the alarm about this item; undefined while it has none. */
  async booked(agent: Station, item: string): Promise<Booked | undefined> {
    const { alarms = [] } = (await agent.ask("/v1/alarms?all=1")) ?? {};
    return (alarms as readonly (Booked & { readonly item: string })[]).find((alarm) => alarm.item === item);
  }

  /** Waits until an agent has it so. @returns how long that took, in ms */
  has(agent: Station, item: string, is: (booked: Booked) => boolean): Promise<number> {
    return this.until(`${agent.host.name} has ${item} as it must`, async () => {
      const booked = await this.booked(agent, item);
      return booked !== undefined && is(booked);
    });
  }

  /** Waits until both agents have the same. @returns how long that took, in ms */
  equal(): Promise<number> {
    return this.until("both agents have the same", async () => {
      const [one, other] = await Promise.all(this.both.map(pageOf));
      return one !== undefined && one === other;
    });
  }

  /** @returns how long it took, in ms */
  async until(what: string, look: () => Promise<boolean>, patienceMs?: number): Promise<number> {
    const began = performance.now();
    await this.lab.until(what, look, patienceMs);
    return Math.round(performance.now() - began);
  }

  /** Cuts what these hosts say to each other, both ways; everything else goes on. "" heals all. */
  async apart(...hosts: readonly (readonly [string, string])[]): Promise<void> {
    const { port, weather } = this.lab.network;
    await weather({ oneWay: hosts.flatMap(([one, other]) => [[port(one), port(other)], [port(other), port(one)]] as const) });
  }

  /** How often the laptop of an operator has rung for it. */
  rings(operator: string, item: string): number {
    return this.lab.laptop(operator).said().split("\n").filter((line) => line.includes("● [") && line.includes(item)).length;
  }

  /** The short ids under which the laptop has rung for it, in order. */
  shown(operator: string, item: string): readonly string[] {
    return this.lab.laptop(operator).said().split("\n").filter((line) => line.includes(item)).flatMap((line) => /● \[(\w+)\]/.exec(line)?.[1] ?? []);
  }

  rang(operator: string, item: string): Promise<number> {
    return this.until(`${operator}'s laptop rings for ${item}`, async () => this.rings(operator, item) > 0);
  }

  /** How often an operator was told of it by mail; the answer to "is it over" is not counted. */
  mails(operator: string, item: string): number {
    return this.lab.outside.mail.mails.filter(({ to, subject }) => to.includes(`${operator}@example.org`) && subject.includes(item)).length;
  }

  mailed(operator: string, item: string): Promise<number> {
    return this.until(`a mail about ${item} has come to ${operator}`, async () => this.mails(operator, item) > 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lab[Symbol.asyncDispose]();
  }
}

/** What both agents must agree on: not how far each is with telling it outside. */
async function pageOf(agent: Station): Promise<string | undefined> {
  const { alarms } = (await agent.ask("/v1/alarms?all=1")) ?? {};
  if (alarms === undefined) return undefined;
  const lines = (alarms as readonly (Booked & { readonly severity: string; readonly text: string; readonly revision: number })[]).map(
    ({ id, aliases, condition, attention, severity, text, revision, ring, acknowledgement }) => JSON.stringify([id, aliases, condition, attention, severity, text, revision, ring, acknowledgement?.operator]),
  );
  return lines.sort().join("\n");
}

/** @param clock how far b's clock is wrong, as in "+1h" */
export async function aPair({ clock, ...wish }: Partial<LabPlan> & { readonly clock?: string } = {}): Promise<PairLab> {
  const whole: Partial<LabPlan> = { hosts: HOSTS, leg: "lan", joined: false, ...wish };
  const lab = await aLab(whole);
  try {
    const b = await paired(lab, clock);
    const pair = new PairLab(lab, b);
    await joinRelay(lab, b, planned(whole));
    await joinListeners(lab, planned(whole));
    await pair.until("the agents hear each other, and the laptops hear both", async () => (await hearBoth(pair.both)) && (await areGreen(lab, planned(whole))), 60_000);
    return pair;
  } catch (thrown) {
    await lab[Symbol.asyncDispose]();
    throw thrown;
  }
}

async function paired(lab: Lab, clock: string | undefined): Promise<Station> {
  const at = (name: string): string => join(lab.network.folder, name);
  mkdirSync(at("b-agent"), { recursive: true, mode: 0o700 });
  const b = new Station({ host: lab.host("node2"), state: at("b-agent"), binary: (await programs()).agent, label: "agent" });
  lab.others.push(b);
  writeFileSync(at("b.ask"), await b.command("pair", "ask", "--agent", "node2"));
  writeFileSync(at("b.grant"), await lab.agent.command("pair", "grant", "--file", at("b.ask"), "--passphrase-file", at("passphrase")), { mode: 0o600 });
  await b.command("pair", "accept", "--file", at("b.grant"));
  b.start(clock === undefined ? {} : { clock });
  await lab.until("b answers", async () => (await b.ask("/v1/alarms")) !== undefined);
  return b;
}

async function hearBoth(agents: readonly Station[]): Promise<boolean> {
  const answers = await Promise.all(agents.map((agent) => agent.ask("/v1/peers")));
  return answers.every((answer) => (answer?.["peers"] as readonly { readonly present: boolean }[] | undefined)?.some(({ present }) => present) === true);
}

async function areGreen(lab: Lab, { listeners }: LabPlan): Promise<boolean> {
  const answers = await Promise.all(listeners.map(({ operator }) => lab.laptop(operator).ask("/v1/status")));
  return answers.every((status) => status?.["green"] === true && (status["agents"] as readonly { readonly believed: boolean }[]).filter(({ believed }) => believed).length === 2);
}
