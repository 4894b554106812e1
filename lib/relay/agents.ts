/** Who may ask: agents that have joined, join strings that are still open, and the proof under each request. */

import { fromBase64, toBase64 } from "../base/bytes.ts";
import { Deadlines } from "../base/deadlines.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { BootId, Ms, Now } from "../base/units.ts";
import type { RelayQuestion, RelayRequest } from "../port/relay-door.ts";
import { peerIdOf } from "../trust/keys.ts";
import { Window } from "../trust/window.ts";
import { joinMac } from "../wire/join-string.ts";
import type { Heartbeat, JoinRequest } from "../wire/relay-api.ts";
import { readClaim, SIGNATURE_HEADERS, type verifyRequest } from "../wire/request-signature.ts";
import type { Draft } from "./draft.ts";
import { AGENTS_MOST, INVITES_MOST, INVITE_MS_MOST } from "./limits.ts";
import { momentAt, monoOf } from "./moment.ts";
import { type AgentRow, INVITE_PREFIX, type InviteRow, TABLES } from "./rows.ts";

/** Why a request is not believed: what the answer says. */
export type Disbelief = { readonly reason: string; readonly field: string; readonly expected: string };

export type JoinFault =
  | { readonly kind: "uninvited" }
  | { readonly kind: "tooMany" }
  | { readonly kind: "malformed"; readonly field: string; readonly expected: string };

export class Agents {
  readonly #draft: Draft;
  readonly #boot: BootId;
  readonly #verify: typeof verifyRequest;
  readonly #agents = new Map<string, AgentRow>();
  /** Requests of one agent may overtake each other, but none is taken twice. */
  readonly #windows = new Map<string, Window>();
  readonly #invites = new Map<string, InviteRow>();
  readonly #expiries = new Deadlines<string>();

  /** @param verify whether a signature fits; the simulator has a cheaper one */
  constructor(draft: Draft, boot: BootId, verify: typeof verifyRequest) {
    this.#draft = draft;
    this.#boot = boot;
    this.#verify = verify;
  }

  restore(agents: readonly AgentRow[], invites: readonly InviteRow[], now: Now): void {
    for (const row of agents) {
      this.#agents.set(row.id, row);
      this.#windows.set(row.id, new Window(BigInt(row.counter)));
    }
    for (const row of invites) {
      this.#invites.set(row.id, row);
      this.#expiries.set(row.id, monoOf(row.expires, now, { boot: this.#boot, mostMs: INVITE_MS_MOST }));
    }
  }

  /** Says who may connect: once after the start, and after every change. */
  announce(): void {
    const certificates = [...this.#agents.values(), ...this.#invites.values()].map(({ certificate }) => certificate);
    this.#draft.add({ kind: "accept", certificates });
  }

  get(id: string): AgentRow | undefined {
    return this.#agents.get(id);
  }

  get size(): number {
    return this.#agents.size;
  }

  /** Opens a join string. Fault: too many are open. */
  invite({ id, macKey, certificate, expiresInMs }: RelayQuestion & { kind: "invite" }, now: Now): Result<void, "tooMany"> {
    if (this.#invites.size >= INVITES_MOST) return fail("tooMany");
    const due = now.mono + expiresInMs;
    const row: InviteRow = { id, macKey, certificate, expires: momentAt(due, now, this.#boot) };
    this.#invites.set(id, row);
    this.#expiries.set(id, due);
    this.#draft.put(TABLES.meta, `${INVITE_PREFIX}${id}`, row);
    this.announce();
    return ok(undefined);
  }

  /** Takes in an agent by the MAC under an open join string, which is used up by it. */
  join({ mac, ...request }: JoinRequest, now: Now): Result<AgentRow, JoinFault> {
    const invite = [...this.#invites.values()].find(({ macKey }) => sameText(joinMac(request, fromBase64(macKey) ?? NO_KEY), mac));
    if (invite === undefined) return fail({ kind: "uninvited" });
    const ed = fromBase64(request.ed);
    if (ed?.length !== 32) return fail({ kind: "malformed", field: "ed", expected: "32 bytes as base64url" });
    const id = peerIdOf(ed);
    const known = this.#agents.get(id);
    if (known === undefined && this.#agents.size >= AGENTS_MOST) return fail({ kind: "tooMany" });
    const { cluster, clusterName, agent, certificate } = request;
    const row: AgentRow = {
      id, cluster, clusterName, agent, ed: toBase64(ed), certificate, joinedAt: now.wall,
      counter: known?.counter ?? "0", events: known?.events ?? 0,
    };
    this.#put(row);
    if (known === undefined) this.#windows.set(id, new Window(0n));
    this.#dropInvite(invite.id);
    this.announce();
    return ok(row);
  }

  /** Whether a request comes from an agent that has joined, unchanged and for the first time. */
  believe({ headers, parts }: RelayRequest): Result<{ readonly agent: AgentRow; readonly counter: bigint }, Disbelief> {
    const read = readClaim(headers);
    if (!read.ok) {
      const { fault } = read;
      return fail({
        reason: fault.kind === "missing" ? `Header "${fault.header}" is missing` : `Header "${fault.header}" is malformed`,
        field: fault.header, expected: fault.kind === "missing" ? "a signed request" : fault.expected,
      });
    }
    const { claim } = read.value;
    const agent = this.#agents.get(claim.key);
    const window = this.#windows.get(claim.key);
    if (agent === undefined || window === undefined) {
      return fail({ reason: "This key has not joined the relay", field: SIGNATURE_HEADERS.key, expected: "the key of an agent that has joined" });
    }
    if (!this.#verify(parts, read.value, fromBase64(agent.ed) ?? NO_KEY)) {
      return fail({ reason: "The signature does not fit the request", field: SIGNATURE_HEADERS.signature, expected: "the agent's signature over this very request" });
    }
    if (!window.check(claim.counter)) {
      return fail({ reason: "This request was made before", field: SIGNATURE_HEADERS.counter, expected: `above ${window.highest}` });
    }
    window.commit(claim.counter);
    return ok({ agent, counter: claim.counter });
  }

  /** Writes down how far an agent's counter has come, with a turn that commits anyway. */
  noteCounter(id: string): void {
    const row = this.#agents.get(id);
    const window = this.#windows.get(id);
    if (row !== undefined && window !== undefined) this.#put({ ...row, counter: String(window.highest) });
  }

  /** The number of the next event for this agent. */
  nextEvent(id: string): number | undefined {
    const row = this.#agents.get(id);
    if (row === undefined) return undefined;
    this.#put({ ...row, events: row.events + 1 });
    return row.events + 1;
  }

  /** The agent has heard of higher numbers than this relay remembers giving. @returns whether that is so; then it counts on from there */
  lift(id: string, after: number): boolean {
    const row = this.#agents.get(id);
    if (row === undefined || after <= row.events) return false;
    this.#put({ ...row, events: after });
    return true;
  }

  heard(id: string, said: Heartbeat, now: Now): void {
    const row = this.#agents.get(id);
    if (row !== undefined) this.#put({ ...row, heartbeat: { at: now.wall, said } });
  }

  /** Join strings whose time is over. */
  advance(now: Now): void {
    let dropped = false;
    for (let id = this.#expiries.takeDue(now.mono); id !== undefined; id = this.#expiries.takeDue(now.mono)) {
      this.#dropInvite(id);
      dropped = true;
    }
    if (dropped) this.announce();
  }

  next(): Ms | undefined {
    return this.#expiries.next();
  }

  #dropInvite(id: string): void {
    this.#invites.delete(id);
    this.#expiries.cancel(id);
    this.#draft.remove(TABLES.meta, `${INVITE_PREFIX}${id}`);
  }

  #put(row: AgentRow): void {
    this.#agents.set(row.id, row);
    this.#draft.put(TABLES.agents, row.id, row);
  }
}

const NO_KEY = new Uint8Array();

/** Takes as long for a MAC that is wrong at the first character as for one that is wrong at the last. */
function sameText(a: string, b: string): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= a.charCodeAt(i) ^ b.charCodeAt(i);
  return difference === 0;
}
