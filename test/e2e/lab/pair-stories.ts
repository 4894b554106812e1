/** What happens to two agents, each story in a lab of its own, and what was measured while it happened. */

import { aPair, type PairLab } from "./lab-pair.ts";
import type { Station } from "./lab.ts";

/** @param told mails to li about the alarm · rings: of li's laptop · Ms: from what happened last until it was so */
export type Measured = { readonly told: number; readonly rings: number; readonly ms: Readonly<Record<string, number>> };

const ITEM = "osd.12";

/** A source that reaches only one agent; and another that reaches only the other one. */
export async function oneHears(): Promise<readonly Measured[]> {
  await using pair = await aPair();
  const measured: Measured[] = [];
  for (const [item, [hears, other]] of [["osd.1", pair.both], ["osd.2", [pair.b, pair.a]]] as const) {
    await pair.raises([hears], { item, policy: "patient" });
    const known = await pair.has(other, item, ({ condition }) => condition === "raised");
    await pair.rang("li", item);
    await pair.equal();
    measured.push({ told: pair.mails("li", item), rings: pair.rings("li", item), ms: { known } });
  }
  return measured;
}

/** One of the agents is killed with an open alarm that nobody has taken, and comes back when the other has told it outside and heard of another. */
export async function killed(which: "a" | "b"): Promise<Measured> {
  await using pair = await aPair();
  const [victim, other] = which === "a" ? [pair.a, pair.b] : [pair.b, pair.a];
  await pair.raises([victim], { item: ITEM });
  await pair.has(other, ITEM, ({ condition }) => condition === "raised");
  await victim.kill();
  const mailed = await pair.mailed("li", ITEM);
  await pair.raises([other], { item: "missed", policy: "patient" });
  victim.start();
  await pair.until("it answers", async () => (await victim.ask("/v1/alarms")) !== undefined);
  const equal = await pair.equal();
  // Its own deadline has passed as well: what it does about that is over when it knows that somebody was told.
  await pair.has(victim, ITEM, isTold);
  await nothingElseGoesOut(pair, [victim]);
  return { told: pair.mails("li", ITEM), rings: pair.rings("li", ITEM), ms: { mailed, equal } };
}

/**
 * The two cannot hear each other; laptops and jump host hear both, and each agent hears of alarms that the other does not.
 *
 * @param when the alarm is raised: at one of them before the partition; at both during it, by a source that says when it
 * began, so that both give it one name, or by one that does not say so
 */
export async function partitioned(when: "before" | "during" | "during, without a time"): Promise<Measured> {
  await using pair = await aPair();
  const reported = { item: ITEM, ...(when === "during" ? { generatedAt: new Date().toISOString() } : {}) };
  if (when === "before") {
    await pair.raises([pair.a], reported);
    await pair.equal();
  }
  await pair.apart(["node1", "node2"]);
  // One after the other, so that the names which they give it by their clocks are not the same by chance.
  for (const agent of when === "before" ? [] : pair.both) await pair.raises([agent], reported);
  for (const agent of pair.both) await pair.raises([agent], { item: `only.${agent.host.name}`, policy: "patient" });
  const mailed = await pair.mailed("li", ITEM);
  for (const agent of pair.both) await pair.has(agent, ITEM, isTold);
  await pair.apart();
  const equal = await pair.equal();
  await nothingElseGoesOut(pair, pair.both);
  return { told: pair.mails("li", ITEM), rings: pair.rings("li", ITEM), ms: { mailed, equal } };
}

/** li's laptop hears only a, zhao's only b, and the two agents do not hear each other: li takes the alarm. */
export async function takenApart(): Promise<Measured> {
  await using pair = await aPair();
  await pair.raises([pair.a], { item: ITEM, policy: "patient" });
  await pair.equal();
  for (const operator of ["li", "zhao"]) await pair.rang(operator, ITEM);
  await pair.apart(["node1", "node2"], ["laptop-li", "node2"], ["laptop-zhao", "node1"]);
  await pair.lab.laptop("li").command("ack", pair.shown("li", ITEM)[0] ?? "");
  await pair.has(pair.a, ITEM, isTaken);
  if ((await pair.booked(pair.b, ITEM))?.attention !== "unacknowledged") throw new Error("The partition is none");
  await pair.apart();
  const [taken, dropped, equal] = await Promise.all([
    pair.has(pair.b, ITEM, isTaken),
    pair.until("zhao's laptop drops it", async () => pair.lab.laptop("zhao").said().includes("Acknowledged by li")),
    pair.equal(),
  ]);
  return { told: pair.mails("li", ITEM), rings: pair.rings("li", ITEM), ms: { taken, dropped, equal } };
}

/**
 * b's clock is wrong by an hour, and the source says nothing of when it began: the agents name it differently, until they agree.
 * li takes it by the name that has just rung.
 */
export async function clocksApart(clock: "+1h" | "-1h", reaches: "a" | "b" | "both"): Promise<Measured> {
  await using pair = await aPair({ clock });
  await pair.raises(reaches === "both" ? pair.both : [pair[reaches]], { item: ITEM, policy: "patient" });
  await pair.rang("li", ITEM);
  await pair.lab.laptop("li").command("ack", pair.shown("li", ITEM)[0] ?? "");
  const [taken, equal] = await Promise.all([
    Promise.all(pair.both.map((agent) => pair.has(agent, ITEM, isTaken))),
    pair.equal(),
  ]);
  return { told: pair.mails("li", ITEM), rings: pair.rings("li", ITEM), ms: { taken: Math.max(...taken), equal } };
}

const isTaken = ({ attention }: { readonly attention: string }): boolean => attention === "acknowledged";
const isTold = ({ phase, sending }: { readonly phase: string; readonly sending: string }): boolean => phase === "escalated" && sending === "successful";

/** What an agent hands over goes in the order of its deadlines: when a later alarm has gone out, nothing of the earlier ones is owed. */
async function nothingElseGoesOut(pair: PairLab, agents: readonly Station[]): Promise<void> {
  await Promise.all(agents.map(async (agent) => {
    const item = `after.${agent.host.name}`;
    await pair.raises([agent], { item });
    await pair.mailed("li", item);
  }));
}
