/**
 * Keeps the way to the relay open: one SSH session at a time through the first way that works, made anew when it breaks.
 * What travels through it, and whether that is tried again, is not its affair.
 */

import { backoff } from "../base/backoff.ts";
import type { Prng } from "../base/prng.ts";
import { fail, ok, type Result } from "../base/result.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { Log } from "../port/log.ts";
import { placeOfHop, type SshWay } from "../wire/ssh-way.ts";
import { type Line, openSession, SESSION_LIMITS, type SessionLimits, type SshCredentials, type SshSession, type Target } from "./ssh-session.ts";
import { type TunnelFault, tunnelSentence, type TunnelStage } from "./tunnel-fault.ts";

export const RECONNECT = { firstMs: seconds(1), mostMs: seconds(60) } as const;
/** sshd lets a connection run 10 commands at a time (MaxSessions); forwarded ports it does not count. */
export const LINES_MOST = { stdio: 8, forward: 64 } as const;

export type TunnelSetup = {
  /** In the order in which they are tried. */
  readonly ways: readonly SshWay[];
  /** The relay as seen from the last jump host. */
  readonly target: Target;
  /** Asked before each attempt, so that a key or known_hosts that was put right is used at once. */
  readonly credentials: () => Promise<Result<SshCredentials, TunnelFault>>;
  readonly dice: Prng;
  readonly log: Log;
  /** Shorter in tests only. */
  readonly limits?: SessionLimits;
};

export class Tunnel {
  readonly #setup: TunnelSetup;
  #session: SshSession | undefined;
  #connecting: Promise<Result<SshSession, TunnelFault>> | undefined;
  #lastFault: { readonly fault: TunnelFault; readonly at: Ms } | undefined;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  #linesMost: number = LINES_MOST.forward;
  #lines = 0;
  readonly #waiting: (() => void)[] = [];
  /** What is being waited for, and since when. */
  #stage: { readonly place: string; readonly stage: TunnelStage; readonly since: Ms } | undefined;

  constructor(setup: TunnelSetup) {
    this.#setup = setup;
  }

  /** A line to the relay, which the caller destroys. Gives up when `cut` says so; never rejects. */
  async open(cut: AbortSignal): Promise<Result<Line, TunnelFault>> {
    const opened = this.#open(cut);
    const abandoned = Promise.withResolvers<undefined>();
    const abandon = (): void => abandoned.resolve(undefined);
    cut.addEventListener("abort", abandon, { once: true });
    const first = await Promise.race([opened, abandoned.promise]);
    cut.removeEventListener("abort", abandon);
    return first ?? fail(this.#impatience());
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#retry);
    this.#session?.end();
  }

  async #open(cut: AbortSignal): Promise<Result<Line, TunnelFault>> {
    const session = await this.#up();
    if (!session.ok) return session;
    while (this.#lines >= this.#linesMost) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    // Whoever has given up meanwhile leaves the place to the next.
    if (cut.aborted) {
      this.#waiting.shift()?.();
      return fail({ kind: "noWay", faults: [] });
    }
    this.#lines += 1;
    const line = await session.value.open();
    if (!line.ok) {
      this.#freed();
      return line;
    }
    line.value.socket.once("close", () => this.#freed());
    // Nobody waits for it any more.
    if (cut.aborted) line.value.socket.destroy();
    return line;
  }

  /** Why somebody who gives up now has no line. */
  #impatience(): TunnelFault {
    if (this.#stage === undefined) return this.#lastFault?.fault ?? { kind: "noAnswer", place: placeOfWay(this.#setup.ways), stage: "channel", withinMs: seconds(10) };
    const { place, stage, since } = this.#stage;
    return { kind: "noAnswer", place, stage, withinMs: seconds(Math.round((performance.now() - since) / 1000)) };
  }

  #freed(): void {
    this.#lines -= 1;
    this.#waiting.shift()?.();
  }

  /**
   * The session, or why there is none. Who needs it now does not wait for the next attempt to fall due, but makes one,
   * unless one has failed within the last second.
   */
  async #up(): Promise<Result<SshSession, TunnelFault>> {
    if (this.#session !== undefined) return ok(this.#session);
    if (this.#connecting === undefined && this.#lastFault !== undefined && performance.now() - this.#lastFault.at < RECONNECT.firstMs) {
      return fail(this.#lastFault.fault);
    }
    return this.#connect();
  }

  #connect(): Promise<Result<SshSession, TunnelFault>> {
    clearTimeout(this.#retry);
    this.#connecting ??= this.#tryWays().then((result) => {
      this.#connecting = undefined;
      this.#stage = undefined;
      if (result.ok) this.#keep(result.value);
      else this.#failed(result.fault);
      return result;
    });
    return this.#connecting;
  }

  async #tryWays(): Promise<Result<SshSession, TunnelFault>> {
    const { ways, target, credentials, limits = SESSION_LIMITS } = this.#setup;
    const ready = await credentials();
    if (!ready.ok) return ready;
    const faults: TunnelFault[] = [];
    for (const [at, way] of ways.entries()) {
      const session = await openSession(way, ready.value, {
        target, limits,
        onStage: (place, stage) => {
          this.#stage = { place, stage, since: performance.now() };
        },
      });
      if (session.ok && !this.#closed) {
        this.#linesMost = LINES_MOST[way.mode];
        this.#setup.log.write("info", "tunnel up", { way: at + 1, mode: way.mode });
        return session;
      }
      if (session.ok) session.value.end();
      else faults.push(session.fault);
      if (this.#closed) break;
    }
    const [only] = faults;
    return fail(faults.length === 1 && only !== undefined ? only : { kind: "noWay", faults });
  }

  #keep(session: SshSession): void {
    this.#session = session;
    this.#failures = 0;
    this.#lastFault = undefined;
    void session.lost.then((fault) => {
      this.#session = undefined;
      if (!this.#closed) this.#failed(fault);
    });
  }

  #failed(fault: TunnelFault): void {
    if (this.#closed) return;
    this.#lastFault = { fault, at: performance.now() };
    this.#setup.log.write("warn", "tunnel down", { kind: fault.kind, reason: tunnelSentence(fault) });
    this.#retry = setTimeout(() => void this.#connect(), backoff(this.#failures, RECONNECT, this.#setup.dice));
    this.#failures += 1;
  }
}

function placeOfWay(ways: readonly SshWay[]): string {
  const last = ways[0]?.hops.at(-1);
  return last === undefined ? "" : placeOfHop(last);
}
