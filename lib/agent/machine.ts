/** The agent: everything that reaches it goes in by `handle`, everything that it wants comes out by `takeTurn`. */

import { earliest } from "../base/earliest.ts";
import { Prng } from "../base/prng.ts";
import { Tally } from "../base/tally.ts";
import type { Ms, Now, WallMs } from "../base/units.ts";
import { labelsRead } from "../classify/classify.ts";
import { canonicalRules, rulesDigest } from "../classify/rule.ts";
import type { Listener } from "../duty/presence.ts";
import type { Machine } from "../port/drive.ts";
import type { RelayAddress } from "../port/relay-link.ts";
import { readVoice } from "../trust/voice.ts";
import { ITEMS_MOST } from "../wire/constants.ts";
import type { MessageKind } from "../wire/message.ts";
import { fit, fitAlarm, fitState, FRAME_BYTES } from "../wire/page.ts";
import { admit, admitOwn, classifyAnew, lookForSomebody, openOwn } from "./admit.ts";
import { fallDue, hearNews, probe } from "./advance.ts";
import { answer, answerLooked } from "./answer.ts";
import { Approvals } from "./approvals.ts";
import { Book } from "./book.ts";
import { CatchUp } from "./catch-up.ts";
import { Coverage, watchCoverage } from "./coverage.ts";
import { Draft } from "./draft.ts";
import { fallSilent } from "./ends.ts";
import { type News, WayOut } from "./escalate.ts";
import { Evidence } from "./evidence.ts";
import { Floor } from "../trust/floor.ts";
import { Group, type HeldGroup } from "./group.ts";
import { beaconPlaces, greetPeers } from "./greet-peers.ts";
import { beacon, faceOf, hear, type Invites, lookEverywhere } from "./hear.ts";
import { Listeners, type Member } from "./listeners.ts";
import { type Note, Notes } from "./notes.ts";
import { lookAtPeers, PeerWatch } from "./peer-watch.ts";
import { peeredIn, Peers, type PeerRow, peerRow } from "./peers.ts";
import type { AgentSelf, Parts } from "./parts.ts";
import type { Pursuit } from "./pursuits.ts";
import { type Push, Pusher } from "./push.ts";
import type { Batch } from "./push-queue.ts";
import type { Alarm } from "../alarm/alarm.ts";
import { wantsPerson } from "../alarm/lifecycle.ts";
import { beginGroup, rekey } from "./rekey.ts";
import { type Granted, importGranted } from "./sharing.ts";
import { SlowClocks } from "./slow-clocks.ts";
import { saySync } from "./sync.ts";
import { SyncLog } from "./sync-log.ts";
import { type AgentEvent, type AgentSettings, type AgentTurn, type Audience, STORE_FAILED_EXIT_MS } from "./turn.ts";
import { inOrder, itemOf, stateOf } from "./views.ts";

/** What an earlier life of this agent left in the store, re-anchored to the present boot. */
export type Remembered = {
  readonly alarms: readonly Alarm[];
  readonly pushes: readonly Push[];
  readonly members: readonly Member[];
  readonly presence: readonly Listener[];
  /** Other agents of the cluster, each by its voice certificate. */
  readonly peers: readonly PeerRow[];
  /** The highest serial of the voices of agents that are gone; 0 where none is. */
  readonly voices: number;
  readonly invites: Invites;
  /** Of the grant by which this agent was let in, until it is taken in. */
  readonly granted: Granted | undefined;
  readonly pursuits: readonly Pursuit[];
  readonly notes: readonly Note[];
  /** Since when each operator is in the roster. */
  readonly known: ReadonlyMap<string, WallMs>;
  readonly relay: RelayAddress | undefined;
  /** Undefined where no process has stored it yet. */
  readonly group: HeldGroup | undefined;
  /** Certificate of the security floor, where it was raised. */
  readonly floor: string | undefined;
  readonly events: number;
  /** Rows that cannot be used. */
  readonly unfit: readonly Unfit[];
};

/** A stored row that does not fit. `about`: what it seems to have been about, or "". */
export type Unfit = { readonly table: string; readonly id: string; readonly row: unknown; readonly reason: string; readonly about: string };
/** So many are named in the alarm about them; all are in the log. */
const UNFIT_NAMED_MOST = 3;

/** The alarm about a way out that has been broken for long. */
const WAY_OUT = { name: "GapbellWayOut", severity: "major" } as const;

/** What a listener says that must be written before it is answered. */
const CHANGING: readonly MessageKind[] = ["ack", "join", "commit", "sync"];

/** What agents tell each other takes so small a part of the LAN's rate, and never less than so many datagrams a second. */
const SYNC_SHARE = 4;
const SYNC_RATE_LEAST = 5;

/** EX_IOERR: the disk is not what it was. */
const EXIT_STORE_FAILED = 74;

export class Agent implements Machine<AgentEvent, AgentTurn> {
  readonly #parts: Parts;
  readonly #invites: Invites;
  #settings: AgentSettings;
  /** From when on nothing is durable any more. */
  #failedAt: Ms | undefined;
  #failure = "";
  #exiting = false;
  #events: number;
  #unfit: readonly Unfit[];
  #granted: Granted | undefined;
  #now: Now;

  /** @param seed of the jitter; any 32-bit integer */
  constructor({ self, settings, remembered, seed, now }: {
    readonly self: AgentSelf; readonly settings: AgentSettings; readonly remembered: Remembered; readonly seed: number; readonly now: Now;
  }) {
    const dice = new Prng(seed);
    const book = new Book();
    const voiced = readVoice(self.voiceCertificate, self.clusterKey);
    const voiceSerial = voiced.ok ? voiced.value.serial : 0;
    const listeners = new Listeners({ dice, challengeKey: self.secrets.challengeKey, voiceSerial, at: now.mono });
    const wayOut = new WayOut({ key: self.secrets.escalationKey, dice });
    const push = new Pusher({
      dice, rate: settings.lanRate, at: now.mono,
      view: { alarm: (id) => book.get(id), present: (operators) => listeners.present(operators, this.#now.mono) },
    });
    this.#now = now;
    this.#settings = settings;
    this.#invites = remembered.invites;
    this.#events = remembered.events;
    this.#unfit = remembered.unfit;
    this.#granted = remembered.granted;
    const current = (): AgentSettings => this.#settings;
    this.#parts = {
      self, face: faceOf(self), group: new Group({ held: remembered.group ?? { keys: [self.group], madeAt: now.wall }, secret: self.keySecret, voiceSerial, dice, now }), floor: new Floor(), draft: new Draft(), book, push, catchUp: new CatchUp(now.mono), wayOut, listeners, invites: remembered.invites, voiceSerial,
      peers: new Peers({ dice, challengeKey: self.secrets.challengeKey, epoch: self.epoch }), watch: new PeerWatch(),
      sync: new SyncLog({ book, rate: Math.max(SYNC_RATE_LEAST, settings.lanRate / SYNC_SHARE), at: now.mono }),
      evidence: new Evidence(now.mono),
      approvals: new Approvals({ nonceKey: self.secrets.challengeKey, epoch: self.epoch, at: now.mono }), notes: new Notes(), coverage: new Coverage(now.mono), slowClocks: new SlowClocks(), refusals: new Tally(),
      get settings() { return current(); },
    };
    this.#restore(remembered, now);
  }

  handle(event: AgentEvent, now: Now): void {
    this.#now = now;
    const parts = this.#parts;
    switch (event.kind) {
      case "started":
        return this.#resume(now);
      case "tick":
        break;
      case "reported":
        parts.draft.answer(event.ticket, this.#failedAt === undefined ? admit(parts, event, now) : this.#unable());
        break;
      case "asked":
        if (this.#failedAt === undefined) answer(parts, this.#invites, event, now);
        else parts.draft.answer(event.ticket, this.#unable());
        break;
      case "heard":
        // Whoever takes an alarm or joins now would be forgotten: without an answer he tries again, after our restart.
        if (this.#failedAt !== undefined && CHANGING.includes(event.packet.message.kind)) break;
        hear(parts, this.#invites, event, now);
        break;
      case "linked":
        this.#news(parts.wayOut.answered(event.request, event.answer, now), now);
        answerLooked(parts);
        break;
      case "reloaded":
        // Listeners repeat the classification by rules that they must fetch first: they are told of others at once.
        if (digestOf(event.settings) !== digestOf(this.#settings)) parts.listeners.hastenBeacon(now.mono);
        this.#settings = event.settings;
        classifyAnew(parts, now);
        break;
      case "storeFailed":
        return this.#storeFailed(event.reason, now);
    }
    this.#tick(now);
  }

  takeTurn(): AgentTurn | undefined {
    const { draft, wayOut, book, sync } = this.#parts;
    const changed = this.#failedAt === undefined ? book.takeChanged() : [];
    for (const alarm of changed) sync.note(alarm);
    const read = labelsRead(this.#parts.settings.rules);
    this.#speak(read);
    if (this.#failedAt === undefined) saySync(this.#parts, read, this.#now);
    for (const request of wayOut.takeRequests()) draft.add({ kind: "link", request });
    this.#write(changed);
    return draft.take();
  }

  nextWakeup(): Ms | undefined {
    const { book, push, catchUp, wayOut, listeners, peers, sync, watch, coverage, group } = this.#parts;
    const exit = this.#failedAt === undefined || this.#exiting ? undefined : this.#failedAt + STORE_FAILED_EXIT_MS;
    const writes = this.#failedAt === undefined;
    const heard = writes ? peers.present(this.#now.mono).map(({ peer }) => peer.id) : [];
    const waits = [push.next(this.#now.mono), catchUp.next(this.#now.mono), wayOut.next(), listeners.next(), peers.next(), watch.next(), sync.next(heard, this.#now.mono), coverage.next()];
    return earliest(book.next(), ...waits, writes ? group.next() : undefined, exit);
  }

  /** Everything that has fallen due. */
  #tick(now: Now): void {
    const parts = this.#parts;
    const { book, push, wayOut, listeners, draft, peers } = parts;
    push.pace(parts.settings.lanRate / (1 + peers.present(now.mono).length), now.mono);
    for (let alarm = book.takeStale(now); alarm !== undefined; alarm = book.takeStale(now)) fallSilent(parts, alarm, now);
    let lapsed = false;
    for (let id = listeners.takeLapsed(now.mono); id !== undefined; id = listeners.takeLapsed(now.mono)) {
      draft.log("listener lost", { listener: id });
      lapsed = true;
    }
    if (lapsed) lookEverywhere(parts, now);
    for (let alarm = book.takeDue(now); alarm !== undefined; alarm = book.takeDue(now)) fallDue(parts, alarm, now);
    for (let id = push.takeRealert(now.mono); id !== undefined; id = push.takeRealert(now.mono)) this.#alertAgain(id, now);
    wayOut.tick(now, book.openCount);
    watchCoverage(parts, now);
    if (this.#failedAt === undefined) rekey(parts, now);
    const challenge = listeners.takeBeacon(now.mono);
    if (challenge !== undefined) {
      const said = { kind: "say", message: { kind: "beacon", body: beacon(parts, challenge, now) }, repeat: false, deflate: false } as const;
      draft.add({ ...said, to: { kind: "everyone" } });
      for (const to of beaconPlaces(parts)) draft.add({ ...said, to });
    }
    greetPeers(parts, now);
    lookAtPeers(parts, now);
    for (let alarm = book.takeForgotten(now); alarm !== undefined; alarm = book.takeForgotten(now)) this.#forget(alarm);
    if (this.#failedAt !== undefined && !this.#exiting && now.mono >= this.#failedAt + STORE_FAILED_EXIT_MS) {
      this.#exiting = true;
      draft.add({ kind: "exit", code: EXIT_STORE_FAILED, reason: this.#failure });
    }
  }

  /** Nobody has taken it: the popup comes back. */
  #alertAgain(id: string, now: Now): void {
    const { book, push, draft } = this.#parts;
    const alarm = book.get(id);
    if (alarm === undefined || !wantsPerson(alarm.life)) return;
    const again = { ...alarm, life: { ...alarm.life, ring: alarm.life.ring + 1 } };
    const before = push.get(id);
    book.put(again, now);
    draft.remember(id, now.wall, { kind: "pushed", why: "re-alert", ring: again.life.ring, reason: before?.reason ?? "" });
    // A failed way out stays what the alarm says, however often it comes back.
    push.ring(again, before?.why === "fallback" ? { why: "fallback", reason: before.reason } : { why: "re-alert", reason: "" }, now.mono);
  }

  #news(news: readonly News[], now: Now): void {
    for (const one of news) {
      hearNews(this.#parts, one, now);
      if (one.kind === "wayOut") {
        admitOwn(this.#parts, {
          ...WAY_OUT, condition: one.broken ? "raised" : "cleared",
          text: one.broken ? `No mail or WeChat can be sent: ${one.reason}` : "Mail and WeChat can be sent again",
        }, now);
      }
    }
  }

  /** Datagrams for what may leave now. */
  #speak(read: ReadonlySet<string>): void {
    const { push, book, draft } = this.#parts;
    const several = this.#parts.peers.size > 0;
    const batches = [...push.takeBatches(this.#now.mono), ...this.#caughtUp()];
    const urgent = ({ kind, ids }: Batch): boolean => kind === "alarm" && ids.some((id) => book.get(id)?.life.severity === "critical");
    for (const batch of [...batches.filter(urgent), ...batches.filter((one) => !urgent(one))]) {
      const to = this.#audience(batch);
      if (to === undefined) continue;
      // Some are told of under another name that they know.
      const aliases = new Map(batch.ids.flatMap((id) => {
        const alarm = book.get(id);
        return alarm === undefined ? [] : [[alarm, id] as const];
      }));
      const alarms = inOrder(aliases.keys());
      const options = { frame: FRAME_BYTES, deflate: batch.flood, most: ITEMS_MOST };
      const { repeat, flood: deflate } = batch;
      if (batch.kind === "state") {
        for (const states of fit(alarms.map((alarm) => fitState(stateOf(alarm, aliases.get(alarm)))), options)) draft.add({ kind: "say", message: { kind: "state", body: { states: [...states] } }, to, repeat, deflate });
        continue;
      }
      const open = alarms.filter(({ life }) => life.condition !== "cleared");
      const items = open.map((alarm) => fitAlarm(itemOf(alarm, { push: push.get(alarm.id), read, nonceKey: this.#parts.self.secrets.nonceKey, several })));
      for (const group of fit(items, options)) draft.add({ kind: "say", message: { kind: "alarm", body: { alarms: [...group] } }, to, repeat, deflate });
    }
  }

  /** What listeners have asked for and may have now; pieces of lists are said at once. */
  #caughtUp(): readonly Batch[] {
    const { catchUp, draft } = this.#parts;
    return catchUp.take(this.#now.mono).flatMap((portion): readonly Batch[] => {
      const { listener: audience, kind } = portion;
      if (kind !== "data") return [{ audience, kind, ids: portion.ids, flood: portion.flood, repeat: true }];
      const to = this.#audience({ audience });
      if (to !== undefined) draft.add({ kind: "say", message: { kind, body: portion.piece }, to, repeat: false, deflate: false });
      return [];
    });
  }

  #audience({ audience }: Pick<Batch, "audience">): Audience | undefined {
    if (audience === "everyone") return { kind: "everyone" };
    const listener = this.#parts.listeners.get(audience);
    return listener === undefined ? undefined : { kind: "listener", peer: audience, address: listener.address };
  }

  /** Rows of everything that changed. */
  #write(changed: readonly Alarm[]): void {
    const { draft, push, wayOut, listeners, peers, coverage, self } = this.#parts;
    if (this.#failedAt !== undefined) return;
    const clocks = { boot: self.boot, ...this.#now };
    for (const alarm of changed) draft.put("alarms", alarm.id, { alarm, clocks });
    for (const one of push.takeChanged()) draft.put("pushes", one.id, one);
    for (const pursuit of wayOut.takeChanged()) draft.put("escalations", pursuit.id, pursuit);
    for (const listener of listeners.takeChanged()) draft.put("presence", listener.id, listener);
    for (const peered of peers.takeChanged()) draft.put("peers", peered.peer.id, peerRow(peered));
    const known = coverage.takeChanged();
    if (known !== undefined) draft.put("meta", "known", known);
    if (wayOut.view.events !== this.#events) {
      this.#events = wayOut.view.events;
      draft.put("meta", "events", this.#events);
    }
  }

  #forget({ id, aliases }: Alarm): void {
    const { draft, push, wayOut, sync, evidence } = this.#parts;
    push.forget(id);
    sync.forget(id);
    evidence.forget(id);
    draft.remove("alarms", id);
    draft.remove("pushes", id);
    for (const name of [id, ...aliases.map((alias) => alias.id)]) draft.forget(name);
    for (const escalation of wayOut.forget(id)) draft.remove("escalations", escalation);
  }

  #storeFailed(reason: string, now: Now): void {
    if (this.#failedAt !== undefined) return;
    this.#failedAt = now.mono;
    this.#failure = reason;
    admitOwn(this.#parts, { name: "GapbellStore", severity: "critical", condition: "raised", text: `The agent cannot write to its disk: ${reason}` }, now);
    this.#parts.draft.log("store failed", { reason });
  }

  #unable(): { readonly status: number; readonly body: unknown } {
    return { status: 503, body: { error: `Nothing can be stored: ${this.#failure}` } };
  }

  #restore({ alarms, pushes, members, presence, peers: peered, voices, pursuits, notes: noted, known, relay, events, floor }: Remembered, now: Now): void {
    const { book, push, listeners, peers, watch, wayOut, notes, coverage, self } = this.#parts;
    if (floor !== undefined) this.#parts.floor.raise(floor, self.clusterKey);
    notes.restore(noted);
    coverage.restore(known);
    for (const alarm of alarms) book.put(alarm, now);
    book.takeChanged();
    listeners.restore(members, presence, now);
    wayOut.restore({ pursuits, events, brokenTold: openOwn(this.#parts, WAY_OUT) !== undefined });
    peers.restore(peeredIn(peered, self), voices);
    for (const { peer } of peers.all()) watch.expect(peer.id, now.mono);
    if (relay !== undefined) wayOut.use(relay, now);
    for (const one of pushes) {
      const alarm = book.get(one.id);
      if (alarm !== undefined) push.resume(one, alarm, now.mono);
    }
    push.takeChanged();
    // Where what was said of an alarm is lost, it is said again.
    for (const alarm of book.open()) {
      if (wantsPerson(alarm.life) && push.get(alarm.id) === undefined) push.ring(alarm, { why: "new", reason: "" }, now.mono);
    }
  }

  /** What cannot be used stays in the database, and a person is told: it may have been an alarm. */
  #setAside(now: Now): void {
    const { draft } = this.#parts;
    const unfit = this.#unfit;
    if (unfit.length === 0) return;
    this.#unfit = [];
    for (const { table, id, row, reason } of unfit) {
      draft.put("quarantine", `${table}/${id}`, row);
      draft.remove(table, id);
      draft.log("row set aside", { table, id, reason });
    }
    const named = unfit.slice(0, UNFIT_NAMED_MOST).map(({ table, id, about }) => `${table}/${id.slice(0, 26)}${about === "" ? "" : ` (${about})`}`);
    const more = unfit.length > named.length ? `, and ${unfit.length - named.length} more` : "";
    admitOwn(this.#parts, {
      name: "GapbellStoredRows", severity: "critical", condition: "raised", again: true,
      text: `Stored rows cannot be used after a restart and are kept aside: ${named.join(", ")}${more}`,
    }, now);
  }

  /** After a start: who was probing probes again, and who waits for nobody at home is looked at. */
  #resume(now: Now): void {
    this.#setAside(now);
    beginGroup(this.#parts);
    if (this.#granted !== undefined) importGranted(this.#parts, this.#granted);
    this.#granted = undefined;
    for (const alarm of [...this.#parts.book.open()]) {
      if (alarm.life.phase === "probing") probe(this.#parts, alarm, now);
      lookForSomebody(this.#parts, alarm, now);
    }
    this.#tick(now);
  }
}

function digestOf({ rules }: AgentSettings): string {
  return rulesDigest(canonicalRules(rules));
}
