import { minutes, type Ms } from "../../../lib/base/units.ts";
import { CATCH_UP_RATE } from "../../../lib/agent/catch-up.ts";
import { BURST_SECONDS } from "../../../lib/agent/push.ts";
import type { Invariant } from "../watch.ts";

/** What the rate grants in one go is a batch; where items are long it comes to two datagrams, and the odd one is said besides. */
const DATAGRAMS_A_BATCH = 2.5;
/** The relay is asked so often in a minute at most, besides once for each alarm that moves. */
const ASKED_A_MINUTE_MOST = 120;
/** When all is over, nobody is told anything any more. */
const QUIET_MS: Ms = minutes(30);

export const BOUNDED: Invariant = {
  name: "L2",
  sentence: "no effect repeats without bound",
  each: true,
  watch: (world, broken) => {
    /** Datagrams that the rate has not yet paid for: said to everybody, and to single listeners. */
    const debts = { group: { owed: 0, at: 0 }, pair: { owed: 0, at: 0 } };
    let minuteAt = 0;
    let asked = 0;
    let lastAlarmAt = 0;
    let lastMessageAt = 0;
    let lastSubmit = new Map<string, number>();
    return {
      said: ({ host, message, to }) => {
        if (host !== world.agent.host || (message.kind !== "alarm" && message.kind !== "state")) return;
        const { now } = world.agenda;
        if (message.kind === "alarm") lastAlarmAt = now;
        // What one listener lacks it gets beside the LAN's rate.
        const lacking = to.kind === "group" ? 0 : world.listeners.length;
        const perSecond = DATAGRAMS_A_BATCH * (world.plan.lanRate + lacking * CATCH_UP_RATE.perSecond);
        const atOnce = DATAGRAMS_A_BATCH * (world.plan.lanRate * BURST_SECONDS + lacking * CATCH_UP_RATE.burst);
        const debt = debts[to.kind === "group" ? "group" : "pair"];
        debt.owed = Math.max(0, debt.owed - ((now - debt.at) / 1000) * perSecond) + 1;
        debt.at = now;
        if (debt.owed > atOnce + 1) broken(`${Math.ceil(debt.owed)} datagrams with alarms at once, where the rate is ${world.plan.lanRate} a second`);
      },
      asked: (request) => {
        const { now } = world.agenda;
        if (now - minuteAt > minutes(1)) {
          minuteAt = now;
          asked = 0;
          lastSubmit = new Map();
        }
        if (request.kind === "submit") {
          const count = (lastSubmit.get(request.escalation.id) ?? 0) + 1;
          lastSubmit.set(request.escalation.id, count);
          if (count > 6) broken(`one escalation was submitted ${count} times within a minute`);
          return;
        }
        if (request.kind === "withdraw" || request.kind === "notice" || request.kind === "commit" || request.kind === "events") return;
        asked += 1;
        if (asked > ASKED_A_MINUTE_MOST) broken(`the relay was asked ${asked} times within a minute; the last was ${request.kind}`);
      },
      delivered: () => {
        lastMessageAt = world.agenda.now;
      },
      settled: (part) => {
        if (part !== "quiet") return;
        const { now } = world.agenda;
        if (now - lastAlarmAt < QUIET_MS && openCount() === 0) broken(`nothing is open, and the LAN was still told ${Math.round((now - lastAlarmAt) / 1000)} s ago`);
        if (now - lastMessageAt < QUIET_MS && openCount() === 0) broken(`nothing is open, and somebody was still written to ${Math.round((now - lastMessageAt) / 1000)} s ago`);
      },
    };

    function openCount(): number {
      let count = 0;
      for (const { life } of world.agent.alarms()) if (life.condition !== "cleared") count += 1;
      return count;
    }
  },
};
