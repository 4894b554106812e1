/** TCP between listeners and agent: what is said on a connection arrives once and in order, and whatever stands in its way breaks it. */

import type { Address } from "../../lib/port/lan.ts";
import type { Agenda } from "./agenda.ts";
import type { Life } from "./host.ts";
import { AGENT_UNICAST_PORT, type LocalNet, type Station } from "./lan.ts";

/** A connection ends with either process. */
type Line = { readonly listener: Station; readonly agent: Station; readonly lives: readonly (Life | undefined)[]; readonly port: number; proven: boolean };

const WAY_MS = 1;
/** What gets no answer is given up. */
const GIVEN_UP_MS = 5000;
const PORT_FIRST = 50_000;

export class Streams {
  readonly #agenda: Agenda;
  readonly #lan: LocalNet;
  readonly #lines = new Map<number, Line>();
  #dialled = 0;

  constructor(agenda: Agenda, lan: LocalNet) {
    this.#agenda = agenda;
    this.#lan = lan;
  }

  /** A listener says something, and connects first where it must; or an agent does, where there is a connection. */
  send(from: Station, bytes: Uint8Array, to: Address): void {
    const line = from.side === "agent" ? this.#lines.get(to.port) : (this.#lineOf(from) ?? this.#dial(from, to));
    if (line !== undefined) this.#carry(line, from, bytes);
    else if (from.side === "client") this.#agenda.after(GIVEN_UP_MS, () => from.broken(to));
  }

  /** What an agent says to everybody goes to those who have proven themselves. */
  broadcast(from: Station, bytes: Uint8Array): void {
    for (const line of [...this.#lines.values()]) if (line.agent === from && line.proven) this.#carry(line, from, bytes);
  }

  prove(port: number): void {
    const line = this.#lines.get(port);
    if (line !== undefined) line.proven = true;
  }

  hangUp(listener: Station): void {
    const line = this.#lineOf(listener);
    if (line !== undefined) this.#lines.delete(line.port);
  }

  #lineOf(listener: Station): Line | undefined {
    return [...this.#lines.values()].find((line) => line.listener === listener);
  }

  #dial(listener: Station, to: Address): Line | undefined {
    const agent = this.#lan.stations.find(({ side, nics }) => side === "agent" && nics.some(({ address }) => address === to.host));
    if (agent === undefined || !this.#isOpen(listener, agent)) return undefined;
    this.#dialled += 1;
    const line = { listener, agent, lives: [listener.host.life, agent.host.life], port: PORT_FIRST + (this.#dialled % 10_000), proven: false };
    this.#lines.set(line.port, line);
    return line;
  }

  #carry(line: Line, from: Station, bytes: Uint8Array): void {
    const to = from === line.agent ? line.listener : line.agent;
    if (!this.#holds(line)) return this.#break(line);
    if (!this.#isOpen(line.listener, line.agent)) {
      this.#agenda.after(GIVEN_UP_MS, () => this.#break(line));
      return;
    }
    const host = from.nics.find(({ up }) => up)?.address ?? "";
    const address: Address = { host, port: from === line.agent ? AGENT_UNICAST_PORT : line.port, road: "tcp" };
    this.#agenda.after(WAY_MS, () => {
      if (this.#holds(line) && !to.host.asleep) to.receive({ bytes, from: address, origin: "genuine" });
    });
  }

  #holds({ listener, agent, lives }: Line): boolean {
    return listener.host.running && agent.host.running && listener.host.life === lives[0] && agent.host.life === lives[1];
  }

  /** Both ways: TCP that is not acknowledged carries nothing. */
  #isOpen(one: Station, other: Station): boolean {
    const [a, b] = [one.host, other.host];
    const awake = [one, other].every(({ host, nics }) => host.running && !host.asleep && nics.some(({ up }) => up));
    return awake && !this.#lan.blocked.has(`${a.index}>${b.index}`) && !this.#lan.blocked.has(`${b.index}>${a.index}`);
  }

  #break(line: Line): void {
    if (this.#lines.get(line.port) !== line) return;
    this.#lines.delete(line.port);
    const { listener, agent } = line;
    for (const { address: host } of agent.nics) this.#agenda.soon(() => listener.broken({ host, port: AGENT_UNICAST_PORT, road: "tcp" }));
  }
}
