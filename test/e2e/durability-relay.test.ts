/** What the relay answered is on its disk: its executable is killed while agents hand escalations over. */

import { expect, test } from "bun:test";
import { Prng } from "../../lib/base/prng.ts";
import { joinRelay, openRelayLink } from "../../lib/io/relay-link.ts";
import type { RelayAddress, RelayLink } from "../../lib/port/relay-link.ts";
import type { Escalation } from "../../lib/wire/relay-api.ts";
import { aJoiner } from "../support/a-relay-host.ts";
import { aRelayProcess } from "../support/a-relay-process.ts";
import { anEscalation } from "../support/an-escalation.ts";
import { built } from "../support/built.ts";
import { tempFolder } from "../support/temp-folder.ts";

const KILLS = 20;
const CONNECTIONS = 8;
const SEED = 20_261_125;
const LI = aJoiner(1);

test("A11: kill -9 of the relay at any moment loses no escalation that it took", async () => {
  using folder = tempFolder();
  await using relay = await aRelayProcess({ program: [await built("relay", folder.path)] });
  await relay.command("init");
  // Nobody listens there: deliveries stay open, and that is not what this is about.
  relay.configures("  mail: {host: 127.0.0.1, port: 9, security: none, from: bell@example.com}\n");
  const dice = new Prng(SEED);
  const taken: Escalation[] = [];
  let address: RelayAddress | undefined;
  let unanswered = 0;

  for (let life = 0; life < KILLS; life += 1) {
    const running = await relay.runs();
    if (address === undefined) {
      const { joinString } = JSON.parse((await relay.command("invite", "--json")).out) as { readonly joinString: string };
      const joined = await joinRelay(joinString, LI);
      if (!joined.ok) throw new Error(joined.fault.reason);
      address = joined.value;
    }
    const link = openRelayLink(address, LI);
    const load = Array.from({ length: CONNECTIONS }, (_, at) => handOver(link, (nth) => escalationAt(`${life}-${at}-${nth}`), taken));
    await Bun.sleep(20 + dice.fraction() * 80);
    running.kill("SIGKILL");
    // Each ends with the one that the kill left without an answer.
    unanswered += (await Promise.all(load)).length;
    link.close();
    await running.end();
  }

  const running = await relay.runs();
  if (address === undefined) throw new Error("no life has begun");
  const link = openRelayLink(address, LI);
  const lost: string[] = [];
  for (const escalation of taken) {
    // One that it knows cannot become another; one that it had lost would be taken as new.
    const answer = await link.ask({ kind: "submit", escalation: { ...escalation, text: "another" } });
    if (answer.kind !== "refused" || answer.status !== 422) lost.push(`${escalation.id}: ${JSON.stringify(answer)}`);
  }
  link.close();
  running.kill("SIGTERM");
  await running.end();
  console.log(`${KILLS} kills with ${unanswered} escalations on their way: ${taken.length} taken, ${lost.length} lost`);
  expect(lost).toEqual([]);
  expect(taken.length).toBeGreaterThan(KILLS);
  expect(unanswered).toBeGreaterThanOrEqual(KILLS);
}, 60_000);

/** Hands one over after the other until no answer comes. @returns that answer */
async function handOver(link: RelayLink, at: (nth: number) => Escalation, taken: Escalation[]): Promise<string> {
  for (let nth = 0; ; nth += 1) {
    const escalation = at(nth);
    const answer = await link.ask({ kind: "submit", escalation });
    if (answer.kind === "silent") return answer.reason;
    if (answer.kind !== "stored") throw new Error(`The relay answered ${JSON.stringify(answer)}`);
    taken.push(escalation);
  }
}

function escalationAt(name: string): Escalation {
  return anEscalation({ id: `e-${name}`, occurrence: `o-${name}`, via: ["mail"] });
}
