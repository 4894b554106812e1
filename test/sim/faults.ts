/** Each fault by its name: what it does to the world, again and again, until everything heals. */

import type { Prng } from "../../lib/base/prng.ts";
import { hours, type Ms, minutes, seconds } from "../../lib/base/units.ts";
import type { ChannelName } from "../../lib/alarm/policy.ts";
import { GOOD_MOOD } from "./channels.ts";
import type { Host } from "./host.ts";
import { FAIR } from "./lan.ts";
import { GOOD_LINE } from "./jump-host.ts";
import { revocationOf, settings } from "./cluster.ts";
import { type FaultName, pick } from "./plan.ts";
import type { Tables } from "./disk.ts";
import type { SourceKind } from "./sources.ts";
import type { World } from "./world.ts";
import { attack } from "./attacker.ts";

export type Blow = { readonly world: World; readonly dice: Prng; readonly strength: number };

/** Begins what the plan has drawn. */
export function begin(world: World): void {
  for (const [name, strength] of world.plan.faults) FAULTS[name]({ world, dice: world.plan.dice(`blows of ${name}`), strength });
}

/** Ends all of it: from now on the world is as it should be. */
export function heal(world: World): void {
  world.healedAt = world.agenda.now;
  world.lan.weather = { ...FAIR };
  world.lan.blocked.clear();
  world.lan.udpBlocked.clear();
  world.jumpHost.mood = { ...GOOD_LINE };
  world.outside.heal();
  world.sources.silent.clear();
  world.sources.calm = true;
  world.people.away.clear();
  world.people.habits = { ...world.people.habits, sleeps: false };
  for (const { nics } of world.lan.stations) for (const nic of nics) nic.up = true;
  for (const host of world.hosts) {
    Object.assign(host.disk, { full: false, fsyncBreaks: false, latency: () => 1, crashAt: () => undefined });
    host.clock.lateness = () => 0;
    if (host.clock.wallOffset !== 0) host.clock.step(-host.clock.wallOffset);
    host.wake();
    host.resume();
  }
}

const FAULTS: Readonly<Record<FaultName, (blow: Blow) => void>> = {
  "wall clock set": ({ world, dice, strength }) => often(world, dice, hours(6) / strength, () => {
    const host = anyHost(world, dice);
    const by = Math.round((dice.fraction() - 0.5) * pick(dice, [seconds(10), minutes(10), hours(5), hours(24 * 400)]));
    host.clock.step(by);
    world.strike("wall clock set", `${host.name} by ${by} ms`);
  }),
  "clocks drift": ({ world, dice, strength }) => {
    for (const host of world.hosts) host.clock.rate = 1 + (dice.fraction() - 0.5) * 4e-4 * strength;
    world.strike("clocks drift");
  },
  "late wake-ups": ({ world, dice, strength }) => {
    for (const host of world.hosts) {
      host.clock.lateness = () => {
        if (dice.fraction() >= 0.05 * strength) return dice.fraction() * 3;
        world.strike("late wake-ups", host.name);
        return dice.fraction() * 2000 * strength;
      };
    }
  },
  "hosts reboot": ({ world, dice, strength }) => often(world, dice, hours(10) / strength, () => {
    const host = anyHost(world, dice);
    world.strike("hosts reboot", host.name);
    // Without a battery its wall clock comes up somewhere in the past, until somebody sets it.
    if (dice.fraction() < 0.4) {
      const by = Math.round(dice.fraction() * hours(24 * 30));
      host.clock.step(-by);
      world.agenda.after(minutes(2) + dice.fraction() * minutes(20), () => {
        if (world.healedAt === undefined) host.clock.step(by);
      });
    }
    host.reboot(seconds(20) + dice.fraction() * minutes(10) * strength);
  }),
  "laptops sleep": ({ world, dice, strength }) => {
    for (const { host } of world.listeners) {
      often(world, dice, hours(3) / strength, () => {
        if (host.asleep) return;
        world.strike("laptops sleep", host.name);
        host.sleep();
        world.agenda.after(dice.fraction() * pick(dice, [minutes(1), minutes(20), hours(8)]), () => host.wake());
      });
    }
  },
  loss: ({ world, dice, strength }) => weather(world, dice, "loss", () => ({ loss: 0.6 * strength * dice.fraction() })),
  bursts: ({ world, dice, strength }) => weather(world, dice, "bursts", () => ({ burst: 0.05 * strength, burstMs: seconds(10) * strength })),
  duplicates: ({ world, dice, strength }) => weather(world, dice, "duplicates", () => ({ duplicate: 0.3 * strength })),
  delay: ({ world, dice, strength }) => weather(world, dice, "delay", () => ({ delayMs: pick(dice, [5, 200, 3000]) * strength })),
  truncation: ({ world, dice, strength }) => weather(world, dice, "truncation", () => ({ cut: 0.1 * strength })),
  forgery: ({ world, dice, strength }) => attack({ world, dice, strength }, "forgery"),
  replay: ({ world, dice, strength }) => attack({ world, dice, strength }, "replay"),
  "one-way partition": ({ world, dice, strength }) => often(world, dice, hours(2) / strength, () => {
    const { stations } = world.lan;
    const [one, other] = [anyOf(dice, stations), anyOf(dice, stations)];
    if (one === undefined || other === undefined || one === other) return;
    const way = `${one.host.index}>${other.host.index}`;
    world.strike("one-way partition", `${one.host.name} to ${other.host.name}`);
    world.lan.blocked.add(way);
    world.agenda.after(dice.fraction() * hours(1), () => world.lan.blocked.delete(way));
  }),
  "UDP blocked": ({ world, dice, strength }) => often(world, dice, hours(4) / strength, () => {
    const host = anyOf(dice, world.lan.stations)?.host;
    if (host === undefined) return;
    world.strike("UDP blocked", host.name);
    world.lan.udpBlocked.add(host.index);
    world.agenda.after(dice.fraction() * hours(2), () => world.lan.udpBlocked.delete(host.index));
  }),
  "agents apart": ({ world, dice, strength }) => often(world, dice, hours(3) / strength, () => {
    const [one, other] = world.agents;
    if (one === undefined || other === undefined) return;
    const ways = [`${one.host.index}>${other.host.index}`, `${other.host.index}>${one.host.index}`];
    world.strike("agents apart");
    for (const way of ways) world.lan.blocked.add(way);
    world.agenda.after(dice.fraction() * pick(dice, [minutes(3), minutes(30), hours(3)]), () => {
      for (const way of ways) world.lan.blocked.delete(way);
    });
  }),
  "an hour apart": ({ world }) => {
    const [, second] = world.agents;
    if (second === undefined) return;
    world.strike("an hour apart");
    second.host.clock.step(hours(1));
  },
  "interface gone": ({ world, dice, strength }) => often(world, dice, hours(4) / strength, () => {
    const nic = anyOf(dice, anyOf(dice, world.lan.stations)?.nics ?? []);
    if (nic === undefined) return;
    world.strike("interface gone", nic.address);
    nic.up = false;
    world.agenda.after(dice.fraction() * minutes(40), () => {
      nic.up = true;
    });
  }),
  "crash at a write": ({ world, dice, strength }) => {
    for (const host of world.hosts) {
      host.disk.crashAt = () => {
        if (world.healedAt !== undefined || dice.fraction() >= 0.01 * strength) return undefined;
        return dice.fraction() < 0.5 ? "before" : "after";
      };
      host.disk.onCrash = () => {
        world.strike("crash at a write", host.name);
        host.kill(seconds(1) + dice.fraction() * seconds(20));
      };
    }
  },
  crash: ({ world, dice, strength }) => often(world, dice, hours(4) / strength, () => {
    const host = anyHost(world, dice);
    world.strike("crash", host.name);
    host.kill(seconds(1) + dice.fraction() * pick(dice, [seconds(5), minutes(2), hours(1)]));
  }),
  "disk full": ({ world, dice, strength }) => often(world, dice, hours(12) / strength, () => {
    const { disk, name } = anyHost(world, dice);
    world.strike("disk full", name);
    disk.full = true;
    world.agenda.after(dice.fraction() * minutes(30), () => {
      disk.full = false;
    });
  }),
  "slow commit": ({ world, dice, strength }) => {
    for (const { disk } of world.hosts) {
      disk.latency = () => {
        if (dice.fraction() >= 0.05 * strength) return 1 + dice.fraction() * 5;
        world.strike("slow commit");
        return dice.fraction() * 1500 * strength;
      };
    }
  },
  "fsync error": ({ world, dice, strength }) => often(world, dice, hours(4) / strength, () => {
    const { disk, name } = anyHost(world, dice);
    world.strike("fsync error", name);
    disk.fsyncBreaks = true;
    // Mostly where it hurts: a source waits for the answer to what could not be written.
    disk.breaksOn = dice.fraction() < 0.7 ? "alarms" : undefined;
  }),
  "older file restored": ({ world, dice, strength }) => {
    const kept = new Map<Host, Tables>();
    often(world, dice, hours(8), () => {
      for (const host of world.hosts) kept.set(host, host.disk.snapshot());
    });
    often(world, dice, hours(20) / strength, () => {
      const host = anyOf(dice, world.hosts);
      const tables = host === undefined ? undefined : kept.get(host);
      if (host === undefined || tables === undefined) return;
      host.kill(seconds(30));
      host.disk.restore(tables);
      world.strike("older file restored", host.name);
      world.watchers.tell("restored", host);
    });
  },
  "relay refused": ({ world, dice, strength }) => line(world, dice, hours(3) / strength, "relay refused", { refused: true }),
  "relay half-open": ({ world, dice, strength }) => line(world, dice, hours(3) / strength, "relay half-open", { halfOpen: true }),
  "answer lost": ({ world, dice, strength }) => line(world, dice, hours(1) / strength, "answer lost", { loseAnswer: 0.5 }),
  "relay slow": ({ world, dice, strength }) => line(world, dice, hours(1) / strength, "relay slow", { slowMs: 8000 * strength }),
  "relay reboots": ({ world, dice, strength }) => often(world, dice, hours(4) / strength, () => {
    world.strike("relay reboots");
    world.relay.host.reboot(seconds(20) + dice.fraction() * minutes(5));
  }),
  "channel refuses": ({ world, dice, strength }) => mood(world, dice, "channel refuses", { refuse: 0.3 * strength }),
  greylisting: ({ world, dice, strength }) => mood(world, dice, "greylisting", { greylist: 0.6 * strength }),
  "outside answer lost": ({ world, dice, strength }) => mood(world, dice, "outside answer lost", { loseAnswer: 0.4 * strength }),
  "rate limit": ({ world, dice, strength }) => mood(world, dice, "rate limit", { throttle: 0.4 * strength }),
  "channel down": ({ world, dice, strength }) => mood(world, dice, "channel down", { down: true, slowMs: 3000 * strength }),
  "locked out": ({ world, dice }) => mood(world, dice, "locked out", { lockedOut: true }),
  "people asleep": ({ world }) => habits(world, "people asleep", { sleeps: true }),
  "people slow": ({ world, strength }) => habits(world, "people slow", { reactsMs: minutes(30) * strength, takes: 0.4 }),
  "twice acknowledged": ({ world, strength }) => habits(world, "twice acknowledged", { twice: 0.5 * strength }),
  "on leave": ({ world, dice, strength }) => often(world, dice, hours(10) / strength, () => {
    const { seat } = anyOf(dice, world.listeners) ?? { seat: { operator: "chief" } };
    world.strike("on leave", seat.operator);
    world.people.away.add(seat.operator);
    world.agenda.after(dice.fraction() * hours(10), () => world.people.away.delete(seat.operator));
  }),
  "programs quit": ({ world, dice, strength }) => often(world, dice, hours(4) / strength, () => {
    const listener = anyOf(dice, world.listeners);
    if (listener === undefined || !listener.host.running) return;
    world.strike("programs quit", listener.host.name);
    listener.quit();
  }),
  storms: ({ world, dice, strength }) => often(world, dice, hours(8) / strength, () => {
    world.strike("storms");
    world.sources.storm(Math.round(world.plan.resources * (0.3 + strength)));
  }),
  flapping: ({ world, strength }) => troubles(world, "flapping", { flaps: 0.5 * strength }),
  "silent sources": ({ world, dice, strength }) => often(world, dice, hours(4) / strength, () => {
    const kind = pick<SourceKind>(dice, ["prometheus", "alertmanager", "script"]);
    world.strike("silent sources", kind);
    world.sources.silent.add(kind);
    world.agenda.after(dice.fraction() * hours(1), () => world.sources.silent.delete(kind));
  }),
  "reported twice": ({ world, strength }) => troubles(world, "reported twice", { twice: 0.5 * strength }),
  "source clock wrong": ({ world, dice, strength }) => troubles(world, "source clock wrong", { skewMs: Math.round((dice.fraction() - 0.6) * hours(48) * strength) }),
  "keys grow old": ({ world, dice, strength }) => often(world, dice, hours(3) / strength, () => {
    if (world.agents.length > 1) return;
    const { disk } = world.agent.host;
    const group = disk.row("meta", "group");
    if (typeof group !== "object" || group === null) return;
    world.strike("keys grow old");
    // Months have passed at the next start, as far as the agent can tell.
    world.agent.host.kill(seconds(1));
    disk.put("meta", "group", { ...group, madeAt: 0 });
  }),
  "laptop stolen": ({ world, dice, strength }) => often(world, dice, hours(8) / strength, () => {
    const listener = anyOf(dice, world.listeners);
    // Agents of a pair do not tell each other of revocations and group keys.
    if (listener === undefined || world.agents.length > 1 || world.agent.hasRevoked(listener)) return;
    world.strike("laptop stolen", listener.host.name);
    world.agent.ask({ kind: "revoked", certificates: [revocationOf(listener)] }, () => {});
  }),
  "severity rises": ({ world, strength }) => troubles(world, "severity rises", { rises: 0.5 * strength }),
  "said again": ({ world, strength }) => troubles(world, "said again", { again: 0.5 * strength }),
  "rules change": ({ world, dice, strength }) => often(world, dice, hours(6) / strength, () => {
    world.strike("rules change");
    const changed = settings({ rate: world.plan.lanRate, quick: dice.fraction() < 0.5 });
    for (const agent of world.agents) agent.reload(changed);
  }),
};

/** Again and again, in the mean after `everyMs`, until the world heals. */
export function often(world: World, dice: Prng, everyMs: Ms, strike: () => void): void {
  const next = (): void => world.agenda.after(-Math.log(1 - dice.fraction()) * everyMs, () => {
    if (world.healedAt !== undefined) return;
    strike();
    next();
  });
  next();
}

/** Spells of bad weather, half of the time. */
function weather(world: World, dice: Prng, name: FaultName, bad: () => Partial<World["lan"]["weather"]>): void {
  often(world, dice, hours(1), () => {
    const fair = dice.fraction() < 0.5;
    const drawn = bad();
    world.lan.weather = fair ? { ...world.lan.weather, ...Object.fromEntries(Object.keys(drawn).map((key) => [key, 0])) } : { ...world.lan.weather, ...drawn };
    if (!fair) world.strike(name);
  });
}

function line(world: World, dice: Prng, everyMs: Ms, name: FaultName, bad: Partial<World["jumpHost"]["mood"]>): void {
  const good = Object.fromEntries(Object.keys(bad).map((key) => [key, GOOD_LINE[key as keyof typeof GOOD_LINE]]));
  often(world, dice, everyMs, () => {
    world.strike(name);
    Object.assign(world.jumpHost.mood, bad);
    world.agenda.after(dice.fraction() * pick(dice, [minutes(2), minutes(15), hours(1)]), () => Object.assign(world.jumpHost.mood, good));
  });
}

function mood(world: World, dice: Prng, name: FaultName, bad: Partial<World["outside"]["moods"]["mail"]>): void {
  const good = Object.fromEntries(Object.keys(bad).map((key) => [key, GOOD_MOOD[key as keyof typeof GOOD_MOOD]]));
  often(world, dice, hours(3), () => {
    const channel = pick<ChannelName>(dice, ["mail", "wecom", "wecom-robot"]);
    world.strike(name, channel);
    Object.assign(world.outside.moods[channel], bad);
    world.agenda.after(dice.fraction() * hours(2), () => Object.assign(world.outside.moods[channel], good));
  });
}

function habits(world: World, name: FaultName, set: Partial<World["people"]["habits"]>): void {
  world.people.habits = { ...world.people.habits, ...set };
  world.strike(name);
}

function troubles(world: World, name: FaultName, set: Partial<World["sources"]["habits"]>): void {
  world.sources.habits = { ...world.sources.habits, ...set };
  world.strike(name);
}

function anyHost(world: World, dice: Prng): Host {
  // An agent is where most can break.
  const agent = (): Host => (anyOf(dice, world.agents) ?? world.agent).host;
  return dice.fraction() < 0.5 ? (world.agents.length > 1 ? agent() : world.agent.host) : (anyOf(dice, world.hosts) ?? world.agent.host);
}


/** @returns undefined where there is none */
function anyOf<Value>(dice: Prng, values: readonly Value[]): Value | undefined {
  return values[dice.uint32() % Math.max(1, values.length)];
}
