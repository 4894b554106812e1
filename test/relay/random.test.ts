import { expect, test } from "bun:test";
import { Prng } from "../../lib/base/prng.ts";
import { hours, minutes, seconds } from "../../lib/base/units.ts";
import type { CarrierReply } from "../../lib/port/carrier.ts";
import { ACCEPTED_MAIL, ACCEPTED_WECOM, aRelay, AGENT, type Call, LOST_ANSWER, REFUSED_CONNECTION, type RelayBench, someChannels, testAgent } from "../support/a-relay.ts";
import { anEscalation, aRecipient } from "../support/an-escalation.ts";

/** Seeds that once found something stay here, so that they are run for ever. */
const SEEDS = Array.from({ length: 150 }, (_, i) => i + 1);
const SECOND = testAgent(2);
const PEOPLE = [aRecipient(), aRecipient({ operator: "zhao", mail: "zhao@example.com", wecom: "zhao" }), aRecipient({ operator: "wang", mail: "wang@example.com", wecom: undefined })];

const WECOM_REPLIES: readonly CarrierReply[] = [0, 40014, 45009, 60111, 85002, -1, 93000, 77_777].map((errcode) => ({
  kind: "https", status: 200, headers: {}, body: JSON.stringify({ errcode, errmsg: "", msgid: "m" }),
}));
const MAIL_REPLIES: readonly CarrierReply[] = [
  ACCEPTED_MAIL, { kind: "smtp", code: 451, response: "451 greylisted", command: "rcpt" }, { kind: "smtp", code: 550, response: "550 unknown", command: "rcpt" },
  { kind: "smtp", code: 554, response: "554 spam", command: "data" },
];

for (const seed of SEEDS) {
  test(`whatever happens in story ${seed}, everything ends, and nobody is told twice unless it was unsure`, () => {
    const dice = new Prng(seed);
    const relay = aRelay({ channels: someChannels(), seed });
    relay.joins(SECOND);
    for (let step = 0; step < 120; step += 1) act(relay, dice);
    heal(relay);
    expect(relay.rows("deliveries")).toEqual([]);
    for (const { row } of relay.rows("escalations")) expect(row).not.toHaveProperty("body");
    expect(JSON.stringify([...relay.disk.values()].map((table) => [...table.values()]))).not.toContain("@example.com");
  });
}

function act(relay: RelayBench, dice: Prng): void {
  const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(dice.fraction() * values.length)] as Value;
  const id = `e${Math.floor(dice.fraction() * 4)}`;
  const by = dice.fraction() < 0.8 ? AGENT : SECOND;
  const recipients = by === AGENT ? PEOPLE.slice(0, 2) : PEOPLE.slice(Math.floor(dice.fraction() * 3));
  switch (Math.floor(dice.fraction() * 8)) {
    case 0: {
      const was = isWithdrawn(relay, id);
      relay.submits(anEscalation({ id, step: Number(id.slice(1)), recipients, expiresInMs: hours(2) }), by);
      if (was && !isWithdrawn(relay, id)) tellingsOf(relay).cameBack(id, relay.deliveries.filter((call) => isOvertaken(call, id)));
      return;
    }
    case 1:
      if (dice.fraction() < 0.4) relay.withdraws(id, by);
      return;
    case 2:
      if (dice.fraction() < 0.3) relay.notices(id, { kind: pick(["taken", "cleared"] as const) });
      return;
    case 3:
      relay.passes(pick([seconds(1), seconds(20), minutes(6), minutes(70)]));
      return;
    case 4:
      if (dice.fraction() < 0.3) relay.restart(dice.fraction() < 0.5 ? {} : { boot: `boot-${dice.uint32()}`, mono: seconds(30), wall: relay.now.wall + pick([0, hours(1), -hours(100_000)]) });
      return;
    case 5:
      relay.ask("commit", { body: { upTo: Math.floor(dice.fraction() * 20) } });
      return;
    default:
      for (const call of relay.deliveries.slice(0, 3)) answer(relay, call, dice.fraction() < 0.2 ? pick([LOST_ANSWER, REFUSED_CONNECTION]) : replyTo(call, pick));
  }
}

/** From here on every call is accepted, and time passes until the last escalation has expired. */
function heal(relay: RelayBench): void {
  for (let round = 0; round < 60; round += 1) {
    while (relay.deliveries.length > 0) for (const call of relay.deliveries) answer(relay, call, call.request.kind === "https" ? ACCEPTED_WECOM : ACCEPTED_MAIL);
    relay.passes(minutes(10));
  }
}

/** A person who was told is told again only where it was not certain, or after the alarm was withdrawn and came back. */
class Tellings {
  readonly #told = new Set<string>();
  readonly #overtaken = new WeakSet<Call>();

  accepted(id: string, call: Call): void {
    if (this.#overtaken.has(call)) return;
    expect(this.#told).not.toContain(id);
    this.#told.add(id);
  }

  /** @param underWay what is still on its way and no longer what would be sent now */
  cameBack(escalation: string, underWay: readonly Call[]): void {
    for (const call of underWay) this.#overtaken.add(call);
    for (const id of this.#told) if (id.startsWith(`${escalation}/`)) this.#told.delete(id);
  }
}

function isWithdrawn(relay: RelayBench, id: string): boolean {
  return relay.rows("escalations").some((one) => one.id === id && (one.row as { readonly withdrawn?: unknown }).withdrawn !== undefined);
}

/** The word of an end that is none any more, and a message to a group in which others are named now. */
function isOvertaken({ purpose }: Call, escalation: string): boolean {
  return purpose.kind === "delivery" && purpose.id.startsWith(`${escalation}/`) && (purpose.id.endsWith("/notice") || purpose.id.endsWith("/*"));
}

const TELLINGS = new WeakMap<RelayBench, Tellings>();

function tellingsOf(relay: RelayBench): Tellings {
  const held = TELLINGS.get(relay) ?? new Tellings();
  TELLINGS.set(relay, held);
  return held;
}

function answer(relay: RelayBench, call: Call, reply: CarrierReply): void {
  const isAccepted = reply.kind === "smtp" ? reply.code === 250 : reply.kind === "https" && reply.body.includes('"errcode":0,');
  if (isAccepted && call.purpose.kind === "delivery") tellingsOf(relay).accepted(call.purpose.id, call);
  relay.comesBack(reply, (one) => one === call);
}

function replyTo(call: Call, pick: <Value>(values: readonly Value[]) => Value): CarrierReply {
  return call.request.kind === "https" ? pick(WECOM_REPLIES) : pick(MAIL_REPLIES);
}
