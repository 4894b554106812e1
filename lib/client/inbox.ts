/**
 * The alarms that this listener knows: what the agents last said of each, what was put on the desk, and what is over.
 * An open occurrence is never forgotten; one that is over stays listed for a day. Writes nothing: it says which rows changed.
 */

import type { OccurrenceId } from "../alarm/alarm.ts";
import type { Severity } from "../alarm/severity.ts";
import { Deadlines } from "../base/deadlines.ts";
import { hours, type Ms, type Now, seconds, type WallMs } from "../base/units.ts";
import type { PeerId } from "../trust/keys.ts";
import type { Body } from "../wire/message.ts";
import type { OpenMark } from "../wire/open-set.ts";
import { aliasesOf, Names } from "./names.ts";
import { allOver, isOpen, markOf, overtaken, sameMark, whoElse, type Word, type Words } from "./words.ts";

export type AlarmItem = Body<"alarm">["alarms"][number];
export type StateItem = Body<"state">["states"][number];

/** How long, and how many, occurrences that are over stay listed. */
export const CLOSED_KEEP_MS: Ms = hours(24);
export const CLOSED_MOST = 2000;

/** Within so long a source that says nothing of when an alarm began has told every agent of it. */
export const TWIN_MS: Ms = seconds(30);

/** Where in an agent's speech something was said. */
export type Said = { readonly agent: PeerId; readonly epoch: bigint; readonly counter: bigint };

export type Inboxed = {
  readonly item: AlarmItem;
  /** What it was called before. */
  readonly aliases: readonly OccurrenceId[];
  readonly condition: StateItem["condition"];
  readonly attention: StateItem["attention"];
  readonly phase: StateItem["phase"];
  readonly sending: StateItem["sending"];
  readonly by: string;
  readonly way: string;
  readonly comment: string;
  /** Who took it was not among those told. */
  readonly stranger: boolean;
  /** When that became so, as the agent says. */
  readonly stateAt: WallMs;
  /** When this listener first heard of it. */
  readonly heardAt: WallMs;
  /** The highest ring that the desk was asked to ring for; 0 for none. */
  readonly rung: number;
  /** The highest ring that was put before a person. */
  readonly seen: number;
  /** The epoch of an agent not yet believed, under which the present ring was heard; "" where it is verified. */
  readonly unverified: string;
  /** The agent whose account this is; what another says of the same ring changes only its own word. */
  readonly said: Said;
  readonly words: Words;
  /** When it ended, on our own clock; undefined while it is open. */
  readonly closedAt: WallMs | undefined;
};

/** What became of one ALARM item. `older`: the agent has said something later since. */
export type Hearing = { readonly kind: "new" | "rung again" | "changed" | "same" | "older"; readonly now: Inboxed };

export type Found =
  | { readonly kind: "one"; readonly entry: Inboxed }
  | { readonly kind: "none" }
  | { readonly kind: "many"; readonly ids: readonly OccurrenceId[] };

export class Inbox {
  readonly #entries = new Map<OccurrenceId, Inboxed>();
  readonly #names = new Names();
  readonly #forget = new Deadlines<OccurrenceId>();
  readonly #changed = new Set<OccurrenceId>();
  /** For each agent, until one of them changes. */
  readonly #marks = new Map<PeerId, readonly OpenMark[]>();
  readonly #openCounts = new Map<PeerId, number>();
  #silent: ReadonlySet<PeerId> = new Set();

  restore(entries: Iterable<Inboxed>, now: Now): void {
    for (const entry of entries) this.#put(entry, now);
    this.#changed.clear();
  }

  /** By its id or another of its names. */
  get(id: OccurrenceId): Inboxed | undefined {
    return this.#entries.get(id) ?? this.#entries.get(this.#names.idOf(id) ?? "");
  }

  /** How many an agent calls open. */
  openCountOf(agent: PeerId): number {
    return this.#openCounts.get(agent) ?? 0;
  }

  all(): IterableIterator<Inboxed> {
    return this.#entries.values();
  }

  open(): readonly Inboxed[] {
    return [...this.#entries.values()].filter(({ closedAt }) => closedAt === undefined);
  }

  /** What an agent's open set is compared with; the same list as long as nothing in it has changed. */
  marks(agent: PeerId): readonly OpenMark[] {
    let marks = this.#marks.get(agent);
    if (marks === undefined) this.#marks.set(agent, (marks = [...this.#entries].flatMap(([id, { words }]) => markOf(id, words[agent]))));
    return marks;
  }

  /** The alarm of which a name begins so; people type the first characters, in either case. */
  find(prefix: string): Found {
    const wanted = prefix.toUpperCase().replaceAll("-", "");
    const exact = this.get(wanted);
    if (exact !== undefined) return { kind: "one", entry: exact };
    const matches = wanted === "" ? [] : [...this.#entries.values()].flatMap((entry) => {
      const id = [entry.item.id, ...entry.aliases].find((name) => name.startsWith(wanted));
      return id === undefined ? [] : [{ id, entry }];
    });
    const [first] = matches;
    if (first === undefined) return { kind: "none" };
    return matches.length === 1 ? { kind: "one", entry: first.entry } : { kind: "many", ids: matches.map(({ id }) => id) };
  }

  /**
   * Takes one alarm as an agent said it.
   *
   * @param verified whether the packet is of the agent's present epoch
   */
  hear(item: AlarmItem, { said, verified }: { readonly said: Said; readonly verified: boolean }, now: Now): Hearing {
    const held = this.#entries.get(item.id);
    const { agent } = said;
    const word = wordOf(said, { ...item, taken: item.quiet === true }, true);
    if (held === undefined) {
      // It was said before the alarm had another name, or by an agent that does not know of that yet.
      const renamed = this.get(item.id);
      if (renamed !== undefined && overtaken(renamed.words[agent], said)) return { kind: "older", now: renamed };
      const entry: Inboxed = {
        item, aliases: [], ...ASIDE, condition: item.condition, attention: item.quiet === true ? "acknowledged" : "unacknowledged",
        stateAt: item.at, heardAt: now.wall, rung: Math.min((renamed ?? this.#rungAs(item, agent, now))?.rung ?? 0, item.ring), seen: 0, unverified: verified ? "" : String(said.epoch), said, words: { [agent]: word }, closedAt: undefined,
      };
      this.#put(entry, now);
      return { kind: "new", now: entry };
    }
    const own = held.said.agent === agent;
    const again = item.ring > held.item.ring;
    const reopened = held.closedAt !== undefined;
    // One that takes the place of an agent which is not heard may know of fewer rings. So may one agent in another life, from an
    // older file: what it says now is what counts.
    const heir = verified && !own && this.#silent.has(held.said.agent) && !this.#silent.has(agent);
    const fewer = item.ring < held.item.ring && verified && (own ? said.epoch !== held.said.epoch : heir || reopened);
    if (overtaken(held.words[agent], said)) return this.#late(held, item, { verified }, now);
    if (own && item.ring < held.item.ring && !fewer) return { kind: "older", now: held };
    // What cannot be told from a recording never overrules what was verified, unless it rings anew.
    if (!verified && !again && held.unverified === "") return { kind: "older", now: held };
    const words = { ...held.words, [agent]: word };
    if (!own && !again && !reopened && !heir && held.unverified === "") return this.#noted({ ...held, words }, now);
    const taken = item.quiet === true;
    const same = own && !again && !fewer && !reopened && sameItem(held.item, item) && taken === (held.attention !== "unacknowledged") && held.unverified === (verified ? "" : String(said.epoch));
    const entry: Inboxed = {
      ...held, item, said, words, condition: item.condition, unverified: verified ? "" : String(said.epoch), closedAt: undefined,
      ...(taken ? { attention: held.attention === "unacknowledged" ? "acknowledged" : held.attention } : { attention: "unacknowledged", ...NOBODY }),
      ...(reopened ? { phase: "waiting", sending: "pending" } : {}),
      // Its next ring must be heard; and this one, where it was thought to be over.
      ...(fewer ? { rung: Math.min(held.rung, reopened ? item.ring - 1 : item.ring), seen: Math.min(held.seen, item.ring) } : {}),
    };
    if (same) return this.#noted(entry, now);
    this.#put(entry, now);
    return { kind: again ? "rung again" : reopened ? "new" : "changed", now: entry };
  }

  /** The same open alarm under names that other agents have given it. */
  twins({ item: { id, key } }: Inboxed): readonly Inboxed[] {
    return key === undefined ? [] : this.open().filter(({ item }) => item.key === key && item.id !== id);
  }

  /** Takes what an agent says of an alarm's state. @returns before and after, or undefined where that is nothing new or nothing known */
  learn(state: StateItem, said: Said, now: Now): { readonly before: Inboxed; readonly after: Inboxed } | undefined {
    const before = this.#entries.get(state.id);
    if (before === undefined || overtaken(before.words[said.agent], said)) return undefined;
    const own = before.said.agent === said.agent;
    if (own && state.ring < before.item.ring) return undefined;
    const over = state.condition === "cleared";
    const words = { ...before.words, [said.agent]: wordOf(said, { ...state, taken: state.attention !== "unacknowledged" }, !over) };
    const open = isOpen(words, this.#silent);
    const takes = !over && before.attention === "unacknowledged" && state.attention !== "unacknowledged" && state.ring >= before.item.ring;
    const heir = this.#silent.has(before.said.agent) && !this.#silent.has(said.agent) && state.ring >= before.item.ring;
    // What one agent has seen end, and another calls open, is open.
    if ((over && open) || !(own || takes || heir || open !== (before.closedAt === undefined))) {
      this.#noted(spokenFor({ ...before, words }, this.#silent), now);
      return undefined;
    }
    const after: Inboxed = {
      ...before, said, words, condition: state.condition, attention: state.attention, phase: state.phase, sending: state.sending,
      by: state.by ?? "", way: state.way ?? "", comment: state.comment ?? "", stranger: state.stranger === true, stateAt: state.at,
      ...(over ? { words: allOver(words), closedAt: before.closedAt ?? now.wall } : { closedAt: undefined }),
    };
    if (sameState(before, after)) {
      this.#noted(after, now);
      return undefined;
    }
    this.#put(after, now);
    return { before, after };
  }

  /** It goes on under another name. What was rung and seen under either has been. @returns how it stands, and whether it was known by that name already */
  rename({ from, to }: { readonly from: OccurrenceId; readonly to: OccurrenceId }, now: Now): { readonly entry: Inboxed; readonly known: boolean } | undefined {
    const held = this.#entries.get(from);
    const other = this.#entries.get(to);
    if (held === undefined || from === to) {
      // Only others were shown it under that name: in a mail, or on another screen.
      if (other !== undefined && !other.aliases.includes(from) && from !== to) this.#put({ ...other, aliases: aliasesOf([...other.aliases, from], to) }, now);
      return undefined;
    }
    this.#count(held.words, -1);
    for (const agent of Object.keys(held.words)) this.#marks.delete(agent);
    this.#entries.delete(from);
    this.#changed.delete(from);
    this.#forget.cancel(from);
    this.#names.drop(held);
    const aliases = aliasesOf([...(other?.aliases ?? []), ...held.aliases, from], to);
    const entry = other === undefined
      ? { ...held, item: { ...held.item, id: to }, aliases }
      : { ...other, aliases, rung: Math.max(other.rung, held.rung), seen: Math.max(other.seen, held.seen) };
    this.#put(entry, now);
    return { entry, known: other !== undefined };
  }

  /** Agents are heard again, or are not any more. @returns what is over by that: only they had called it open */
  hush(silent: ReadonlySet<PeerId>, now: Now): readonly Inboxed[] {
    this.#silent = silent;
    return this.open().flatMap((entry) => (isOpen(entry.words, silent) ? [] : [this.#end(entry, now)]));
  }

  /** An agent has left the cluster: nothing rests on its word. @returns what that has ended */
  dismiss(agent: PeerId, now: Now): readonly Inboxed[] {
    this.#marks.delete(agent);
    return [...this.#entries.values()].flatMap((entry) => {
      const { [agent]: gone, ...words } = entry.words;
      if (gone === undefined) return [];
      if (entry.closedAt === undefined && !isOpen(words, this.#silent)) return [this.#end({ ...entry, words }, now)];
      this.#put(spokenFor({ ...entry, words }, this.#silent), now);
      return [];
    });
  }

  /** Changes what only this listener knows of an alarm. */
  note(id: OccurrenceId, changes: Partial<Pick<Inboxed, "rung" | "seen" | "unverified" | "attention" | "by" | "way" | "said">>, now: Now): Inboxed | undefined {
    const held = this.#entries.get(id);
    if (held === undefined) return undefined;
    const said = changes.said === undefined ? undefined : held.words[changes.said.agent];
    const words = changes.said === undefined || said === undefined ? held.words : { ...held.words, [changes.said.agent]: { ...said, epoch: changes.said.epoch, counter: changes.said.counter } };
    const entry = { ...held, ...changes, words };
    this.#put(entry, now);
    return entry;
  }

  /**
   * What an agent's complete list does not name is open no more.
   *
   * @param before the place in the agent's speech at which the list began: what was said later is not judged by it
   * @returns those that are over now
   */
  closeAllBut(listed: ReadonlySet<OccurrenceId>, before: Said, now: Now): readonly Inboxed[] {
    return [...this.#entries.values()].flatMap((entry) => {
      const { item, words, closedAt } = entry;
      const word = words[before.agent];
      if (word?.open !== true || overtaken(word, before) || listed.has(item.id)) return [];
      const left = { ...entry, words: { ...words, [before.agent]: { ...word, epoch: before.epoch, counter: before.counter, open: false } } };
      if (closedAt === undefined && !isOpen(left.words, this.#silent)) return [this.#end({ ...left, said: before }, now)];
      this.#put(spokenFor(left, this.#silent), now);
      return [];
    });
  }

  /** The entries changed since the last call. */
  takeChanged(): readonly Inboxed[] {
    if (this.#changed.size === 0) return [];
    const changed = [...this.#changed].flatMap((id) => this.#entries.get(id) ?? []);
    this.#changed.clear();
    return changed;
  }

  /** One that has been listed long enough after its end; it is out of the inbox already. */
  takeForgotten(now: Ms): OccurrenceId | undefined {
    const id = this.#forget.takeDue(this.#forget.size > CLOSED_MOST ? Number.POSITIVE_INFINITY : now);
    if (id === undefined) return undefined;
    const held = this.#entries.get(id);
    if (held !== undefined) this.#names.drop(held);
    // What is over is in nobody's open set.
    this.#entries.delete(id);
    this.#changed.delete(id);
    return id;
  }

  next(): Ms | undefined {
    return this.#forget.next();
  }

  /** The same alarm under a name that another agent has just given it, and that waits for a person. One agent's second name is of a second occurrence. */
  #rungAs({ key }: AlarmItem, agent: PeerId, now: Now): Inboxed | undefined {
    const twin = this.#entries.get(this.#names.ofKey(key) ?? "");
    if (twin === undefined || twin.closedAt !== undefined || twin.attention !== "unacknowledged" || twin.words[agent] !== undefined) return undefined;
    return Math.abs(now.wall - twin.heardAt) <= TWIN_MS ? twin : undefined;
  }

  #end(entry: Inboxed, now: Now): Inboxed {
    const ended: Inboxed = { ...entry, words: allOver(entry.words), condition: "cleared", closedAt: now.wall };
    this.#put(ended, now);
    return ended;
  }

  /** A state that was said later has come first. How the alarm stands is known better, but not its ring, nor what it says now. */
  #late(held: Inboxed, item: AlarmItem, { verified }: { readonly verified: boolean }, now: Now): Hearing {
    if (!verified || item.ring <= held.item.ring || held.closedAt !== undefined) return { kind: "older", now: held };
    const entry = { ...held, item };
    this.#put(entry, now);
    return { kind: "rung again", now: entry };
  }

  /** Only the place in an agent's speech has moved, or what it alone calls open: the first is not worth a write of its own. */
  #noted(entry: Inboxed, now: Now): Hearing {
    const held = this.#entries.get(entry.item.id);
    const agents = Object.keys(entry.words);
    if (agents.every((agent) => sameMark(held?.words[agent], entry.words[agent]))) this.#hold(entry);
    else this.#put(entry, now);
    return { kind: "same", now: entry };
  }

  #hold(entry: Inboxed): void {
    const { id } = entry.item;
    const before = this.#entries.get(id);
    this.#count(before?.words, -1);
    this.#count(entry.words, 1);
    for (const agent of this.#marks.keys()) if (!sameMark(before?.words[agent], entry.words[agent])) this.#marks.delete(agent);
    if (before !== undefined && before.aliases !== entry.aliases) this.#names.drop(before);
    this.#names.put(entry);
    this.#entries.set(id, entry);
  }

  #count(words: Words | undefined, by: 1 | -1): void {
    for (const [agent, { open }] of Object.entries(words ?? {})) if (open) this.#openCounts.set(agent, this.openCountOf(agent) + by);
  }

  #put(entry: Inboxed, now: Now): void {
    const { id } = entry.item;
    this.#hold(entry);
    this.#changed.add(id);
    if (entry.closedAt === undefined) this.#forget.cancel(id);
    else if (this.#forget.dueOf(id) === undefined) {
      const left = Math.min(CLOSED_KEEP_MS, Math.max(0, entry.closedAt + CLOSED_KEEP_MS - now.wall));
      this.#forget.set(id, now.mono + left);
    }
  }
}

const NOBODY = { by: "", way: "", comment: "", stranger: false } as const;
const ASIDE = { phase: "waiting", sending: "pending", ...NOBODY } as const;

/** An open alarm that its agent calls open no more is from now on in the account of one that does. */
function spokenFor(entry: Inboxed, silent: ReadonlySet<PeerId>): Inboxed {
  const { words, said, closedAt } = entry;
  const agent = closedAt === undefined && words[said.agent]?.open !== true ? whoElse(words, said.agent, silent) : undefined;
  const word = agent === undefined ? undefined : words[agent];
  return agent === undefined || word === undefined ? entry : { ...entry, said: { agent, epoch: word.epoch, counter: word.counter } };
}

function wordOf({ epoch, counter }: Said, { revision, ring, taken }: Pick<Word, "revision" | "ring" | "taken">, open: boolean): Word {
  return { epoch, counter, revision, ring, taken, open };
}

/** Why it was said, and whether somebody has it, is not what it says. */
function sameItem(a: AlarmItem, b: AlarmItem): boolean {
  const [one, other] = [a, b].map(({ why: _, quiet: __, ...item }) => JSON.stringify(item));
  return one === other;
}

function sameState(a: Inboxed, b: Inboxed): boolean {
  return a.condition === b.condition && a.attention === b.attention && a.phase === b.phase && a.sending === b.sending &&
    a.by === b.by && a.comment === b.comment && a.stranger === b.stranger && (a.closedAt === undefined) === (b.closedAt === undefined);
}

/** As the one order of alarms wants it. */
export function orderOf({ item }: Inboxed): { readonly severity: Severity; readonly at: number; readonly module: string; readonly item: string; readonly id: string } {
  return { severity: item.severity, at: item.at, module: item.module, item: item.item, id: item.id };
}
