/** The broadcast domains of the world, and everything that can happen to a datagram on its way. */

import type { Prng } from "../../lib/base/prng.ts";
import type { Ms } from "../../lib/base/units.ts";
import type { Address } from "../../lib/port/lan.ts";
import { DATAGRAM_BYTES_MOST, PORT_AGENT } from "../../lib/wire/constants.ts";
import type { Agenda } from "./agenda.ts";
import type { Host } from "./host.ts";

/** How a datagram came about, which nobody in the world can see. */
export type Origin = "genuine" | "cut" | "forged" | "replayed";
export type Wire = { readonly bytes: Uint8Array; readonly from: Address; readonly origin: Origin };

export type Side = "agent" | "client";
export type Nic = { readonly subnet: number; readonly address: string; up: boolean };

/** Where a host meets the LAN. */
export type Station = {
  readonly host: Host;
  readonly side: Side;
  readonly nics: readonly Nic[];
  /** The port of its unicast socket; a listener has another one in each life. */
  port: number;
  /** What the present life does with a datagram. */
  receive: (wire: Wire) => void;
  /** Hears of a TCP connection that has ended, or could not be made. */
  broken: (to: Address) => void;
};

/** Shares are of datagrams; times are in milliseconds. */
export type Weather = {
  loss: number;
  /** How often a burst of loss begins at a receiver, and for how long most of what comes is lost. */
  burst: number;
  burstMs: Ms;
  duplicate: number;
  /** Mean of what is added to the way of one datagram; more than the time between two of them reorders. */
  delayMs: Ms;
  cut: number;
};

export const FAIR: Weather = { loss: 0, burst: 0, burstMs: 0, duplicate: 0, delayMs: 0, cut: 0 };

/** Datagrams of one sender that an attacker keeps: more than a receiver's window. */
const RECORDED_MOST = 1200;
const LOST_IN_BURST = 0.85;

export class LocalNet {
  readonly #agenda: Agenda;
  readonly #dice: Prng;
  readonly stations: Station[] = [];
  weather: Weather = { ...FAIR };
  /** `from>to` by index of the hosts: one way only. */
  readonly blocked = new Set<string>();
  /** Hosts, by their index, between which and everybody else no UDP passes. */
  readonly udpBlocked = new Set<number>();
  readonly #burstUntil = new Map<Station, number>();
  /** What an attacker has heard, by the sender's host, oldest first. */
  readonly #recorded = new Map<Host, Wire[]>();
  recording = false;
  delivered = 0;
  lost = 0;

  constructor(agenda: Agenda, dice: Prng) {
    this.#agenda = agenda;
    this.#dice = dice;
  }

  /** @param side who has a socket on the port that it goes to */
  broadcast(from: Station, bytes: Uint8Array, side: Side = from.side === "agent" ? "client" : "agent"): void {
    for (const nic of from.nics) {
      if (!nic.up) continue;
      const wire: Wire = { bytes, from: { host: nic.address, port: from.port }, origin: "genuine" };
      this.#record(from.host, wire);
      for (const to of this.stations) {
        if (to.side === side && to !== from && to.nics.some(({ subnet }) => subnet === nic.subnet)) this.#carry(from, to, wire);
      }
    }
  }

  send(from: Station, bytes: Uint8Array, to: Address): void {
    const target = this.stations.find(({ nics, port }) => port === to.port && nics.some(({ address }) => address === to.host));
    const subnet = target?.nics.find(({ address }) => address === to.host)?.subnet;
    const nic = from.nics.find((one) => one.subnet === subnet) ?? from.nics[0];
    if (nic === undefined || !nic.up) return;
    const wire: Wire = { bytes, from: { host: nic.address, port: from.port }, origin: "genuine" };
    this.#record(from.host, wire);
    if (target !== undefined) this.#carry(from, target, wire);
  }

  /** Puts a datagram on the LAN that nobody of the world has sent. */
  inject(to: Station, wire: Wire): void {
    this.#agenda.soon(() => this.#arrive(to, wire));
  }

  recorded(host: Host): readonly Wire[] {
    return this.#recorded.get(host) ?? [];
  }

  #record(host: Host, wire: Wire): void {
    if (!this.recording) return;
    let row = this.#recorded.get(host);
    if (row === undefined) this.#recorded.set(host, (row = []));
    row.push(wire);
    if (row.length > 2 * RECORDED_MOST) row.splice(0, row.length - RECORDED_MOST);
  }

  #carry(from: Station, to: Station, wire: Wire): void {
    const { loss, duplicate, cut } = this.weather;
    if (this.udpBlocked.has(from.host.index) || this.udpBlocked.has(to.host.index)) return this.#lose();
    if (this.blocked.size > 0 && this.blocked.has(`${from.host.index}>${to.host.index}`)) return this.#lose();
    if ((loss > 0 && this.#dice.fraction() < loss) || this.#inBurst(to)) return this.#lose();
    const whole = cut > 0 && this.#dice.fraction() < cut
      ? { ...wire, bytes: wire.bytes.subarray(0, Math.floor(this.#dice.fraction() * wire.bytes.length)), origin: "cut" as const }
      : wire;
    this.#agenda.after(this.#way(), () => this.#arrive(to, whole));
    if (duplicate > 0 && this.#dice.fraction() < duplicate) this.#agenda.after(this.#way(), () => this.#arrive(to, whole));
  }

  #way(): Ms {
    const { delayMs } = this.weather;
    const base = 0.2 + 0.3 * this.#dice.fraction();
    return delayMs === 0 ? base : base - Math.log(1 - this.#dice.fraction()) * delayMs;
  }

  #inBurst(to: Station): boolean {
    const { burst, burstMs } = this.weather;
    if (burst === 0) return false;
    if ((this.#burstUntil.get(to) ?? 0) > this.#agenda.now) return this.#dice.fraction() < LOST_IN_BURST;
    if (this.#dice.fraction() < burst) this.#burstUntil.set(to, this.#agenda.now + burstMs);
    return false;
  }

  #arrive(to: Station, wire: Wire): void {
    const { host, nics } = to;
    // A host that sleeps has its interface down; what comes meanwhile is gone.
    if (!host.running || host.asleep || !nics.some(({ up }) => up) || wire.bytes.length > 2 * DATAGRAM_BYTES_MOST) return this.#lose();
    this.delivered += 1;
    to.receive(wire);
  }

  #lose(): void {
    this.lost += 1;
  }
}

/** A listener's sockets: it hears broadcasts on the one, and speaks and hears what is for it alone on the other. */
export const CLIENT_PORT_FIRST = 40_000;
export const AGENT_UNICAST_PORT = PORT_AGENT;
