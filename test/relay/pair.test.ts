/** Two agents of one cluster before one relay: people are told once, and each agent hears everything. */

import { describe, expect, test } from "bun:test";
import { minutes, seconds } from "../../lib/base/units.ts";
import { ACCEPTED_MAIL, aRelay, isDelivery, REFUSED_CONNECTION, type RelayBench, testAgent } from "../support/a-relay.ts";
import { anEscalation } from "../support/an-escalation.ts";

const SECOND = testAgent(2);
const NO_SUCH_USER = { kind: "smtp", code: 550, response: "550 5.1.1 no such user", command: "rcpt" } as const;

/** Both have joined, each by a join string of its own. */
function aRelayOfTwo(): RelayBench {
  const relay = aRelay();
  relay.joins(SECOND);
  return relay;
}

function sent(relay: RelayBench, about: "alarm" | "notice" = "alarm"): number {
  return relay.carried.filter((call) => isDelivery(call) && (call.purpose.kind === "delivery" && call.purpose.id.endsWith("/notice")) === (about === "notice")).length;
}

describe("an escalation that both submit", () => {
  test("is one message and a verdict for each", () => {
    const relay = aRelayOfTwo();
    const first = relay.submits(anEscalation());
    expect(relay.submits(anEscalation(), SECOND)).toEqual(first);
    relay.comesBack(ACCEPTED_MAIL);
    expect(sent(relay)).toBe(1);
    expect(relay.verdicts()).toEqual(["mail accepted !"]);
    expect(relay.verdicts(SECOND)).toEqual(["mail accepted !"]);
  });

  test("is still one message where the relay died between the two", () => {
    const relay = aRelayOfTwo();
    relay.submits(anEscalation());
    relay.comesBack(ACCEPTED_MAIL);
    relay.restart();
    relay.submits(anEscalation(), SECOND);
    expect(sent(relay)).toBe(1);
    expect(relay.verdicts(SECOND)).toEqual(["mail accepted !"]);
  });

  test("what one agent has taken over the other may still hear", () => {
    const relay = aRelayOfTwo();
    relay.submits(anEscalation());
    relay.submits(anEscalation(), SECOND);
    relay.comesBack(ACCEPTED_MAIL);
    relay.ask("commit", { body: { upTo: 1 } });
    expect(relay.verdicts()).toEqual([]);
    expect(relay.verdicts(SECOND)).toEqual(["mail accepted !"]);
  });

  test("is withdrawn by either, and by both it is the same as by one", () => {
    const relay = aRelayOfTwo();
    relay.submits(anEscalation());
    relay.submits(anEscalation(), SECOND);
    relay.comesBack(REFUSED_CONNECTION);
    expect(relay.withdraws("e1", SECOND)?.status).toBe(200);
    expect(relay.withdraws("e1")?.status).toBe(200);
    relay.passes(minutes(30));
    expect(sent(relay)).toBe(1);
    expect(relay.verdicts(SECOND)).toEqual(relay.verdicts());
  });

  test("those told hear once how it ended, whoever of the two says so first", () => {
    const relay = aRelayOfTwo();
    relay.submits(anEscalation());
    relay.submits(anEscalation(), SECOND);
    relay.comesBack(ACCEPTED_MAIL);
    expect(relay.notices("e1", {}, SECOND)?.body).toMatchObject({ told: 1 });
    expect(relay.notices("e1")?.body).toMatchObject({ told: 0 });
    relay.comesBack(ACCEPTED_MAIL);
    expect(sent(relay, "notice")).toBe(1);
  });
});

describe("an escalation that the second submits late", () => {
  test("is not sent where it was just withdrawn: the acknowledgement is on its way to it as well", () => {
    const relay = aRelayOfTwo();
    relay.submits(anEscalation());
    relay.comesBack(REFUSED_CONNECTION);
    relay.withdraws("e1");
    relay.passes(seconds(5));
    expect(relay.submits(anEscalation(), SECOND)?.status).toBe(202);
    relay.passes(minutes(10));
    expect(sent(relay)).toBe(1);
  });

  test("is sent where the first is long done with it: the alarm is back, and the first may be dead", () => {
    const relay = aRelayOfTwo();
    relay.submits(anEscalation());
    relay.comesBack(ACCEPTED_MAIL);
    relay.notices("e1");
    relay.comesBack(ACCEPTED_MAIL);
    relay.passes(minutes(2));
    relay.submits(anEscalation(), SECOND);
    relay.comesBack(ACCEPTED_MAIL);
    expect(sent(relay)).toBe(2);
    expect(relay.verdicts(SECOND)).toEqual(["mail accepted !"]);
  });

  test("is tried again where it had reached nobody: the second has no verdict yet", () => {
    const relay = aRelayOfTwo();
    relay.submits(anEscalation());
    relay.comesBack(NO_SUCH_USER);
    relay.passes(minutes(2));
    relay.submits(anEscalation(), SECOND);
    relay.comesBack(NO_SUCH_USER);
    expect(relay.verdicts(SECOND)).toEqual(["mail refused !"]);
  });
});
