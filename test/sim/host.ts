/** One machine of the world: it runs one process at a time, which can die at any moment, sleep with its lid closed, or lose its power. */

import type { Ms } from "../../lib/base/units.ts";
import type { Agenda } from "./agenda.ts";
import { HostClock } from "./clock.ts";
import type { Disk } from "./disk.ts";

/** One life of a process. What it left behind, promises, timers and packets on their way to it, dies with it. */
export class Life {
  readonly host: Host;
  readonly number: number;
  over = false;

  constructor(host: Host, number: number) {
    this.host = host;
    this.number = number;
  }

  /** Runs only in this life, and while the host is awake: what comes due in its sleep waits for the waking. */
  guard(run: () => void): () => void {
    return () => {
      if (this.over) return;
      if (this.host.asleep) this.host.later(() => this.guard(run)());
      else run();
    };
  }
}

export class Host {
  readonly name: string;
  /** Its place among the hosts of the world. */
  readonly index: number;
  readonly clock: HostClock;
  readonly disk: Disk;
  readonly agenda: Agenda;
  /** Begins what runs here; set by the role. */
  start: (life: Life) => void = () => {};
  /** Hears of each end, after the disk has settled what was under way. */
  onDeath: () => void = () => {};
  life: Life | undefined;
  asleep = false;
  /** Told not to run. */
  stopped = false;
  /** How long the service manager waits before it starts a process again. */
  restartMs: Ms = 5000;
  /** Since when this process has run, in true time. */
  startedAt = 0;
  #lives = 0;
  /** How often it has lost its power, and whether it is without it now. */
  #outages = 0;
  #isDark = false;
  #later: (() => void)[] = [];

  constructor({ name, index, agenda, disk }: { readonly name: string; readonly index: number; readonly agenda: Agenda; readonly disk: Disk }) {
    this.name = name;
    this.index = index;
    this.agenda = agenda;
    this.disk = disk;
    this.clock = new HostClock(agenda, name);
  }

  get running(): boolean {
    return this.life !== undefined && !this.life.over;
  }

  get lives(): number {
    return this.#lives;
  }

  begin(): void {
    if (this.running || this.stopped || this.#isDark) return;
    this.#lives += 1;
    this.life = new Life(this, this.#lives);
    this.startedAt = this.agenda.now;
    this.start(this.life);
  }

  /** The process dies where it stands. The service manager starts it again unless the host is stopped. */
  kill(restartMs: Ms = this.restartMs): void {
    if (this.life === undefined || this.life.over) return;
    this.#die(this.life);
    this.agenda.after(restartMs, () => this.begin());
  }

  /** Power is lost and comes back: another boot. Without power it cannot be lost once more. */
  reboot(downMs: Ms): void {
    if (this.#isDark) return;
    if (this.life !== undefined && !this.life.over) this.#die(this.life);
    this.asleep = false;
    this.#later = [];
    this.#isDark = true;
    this.#outages += 1;
    const mine = this.#outages;
    this.agenda.after(downMs, () => {
      if (mine === this.#outages) this.#powerOn();
    });
  }

  stop(): void {
    this.stopped = true;
    if (this.life !== undefined && !this.life.over) this.#die(this.life);
  }

  /** It may run, and has its power. */
  resume(): void {
    this.stopped = false;
    if (this.#isDark) this.#powerOn();
    else this.begin();
  }

  sleep(): void {
    if (!this.#isDark) this.asleep = true;
  }

  wake(): void {
    if (!this.asleep) return;
    this.asleep = false;
    for (const run of this.#later.splice(0)) this.agenda.soon(run);
  }

  later(run: () => void): void {
    this.#later.push(run);
  }

  #powerOn(): void {
    if (!this.#isDark) return;
    this.#isDark = false;
    this.clock.reboot(20_000);
    this.begin();
  }

  #die(life: Life): void {
    life.over = true;
    this.disk.crash();
    this.onDeath();
  }
}
