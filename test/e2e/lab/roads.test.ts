/** Several roads, one alarm: laptops where broadcasts do not come, where addresses change, and where UDP is blocked altogether. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "bun:test";
import { aLab, type Lab, missingForLab } from "./lab.ts";
import { JUMP, laptopOf, NODE, OUTSIDE, ROUTER } from "./lab-files.ts";
import type { HostPlan } from "./network.ts";

const missing = missingForLab();
/** Two beacons, and the time of a busy machine. */
const BEACONS_MS = 60_000;

const LI_BEHIND_ROUTER: HostPlan = { name: "laptop-li", gateway: "10.11.140.1", cables: [{ interface: "eth0", address: "10.11.140.21/24", to: { lan: 1 } }] };
const ROUTED: readonly HostPlan[] = [{ ...NODE, gateway: "10.11.131.1" }, ROUTER, LI_BEHIND_ROUTER, laptopOf("zhao", "10.11.131.22/24"), JUMP, OUTSIDE];

const NO_BROADCAST = "chain in { type filter hook input priority 0; meta pkttype broadcast drop; }";

describe.skipIf(missing !== "")(`roads${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("a laptop on another subnet that the agent names as a peer hears what is broadcast, and acknowledges", async () => {
    await using lab = await aLab({ hosts: ROUTED, agentLines: "peers: [10.11.140.21]\n" });
    await lab.until("li's laptop hears broadcasts", async () => typeof (await agentOf(lab, "li"))["broadcastAt"] === "number", BEACONS_MS);
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(`● [${alarm.short}]`));
    await lab.laptop("li").command("ack", alarm.short);
    await alarm.becomes("taken", ({ attention }) => attention === "acknowledged");
  }, 90_000);

  test.concurrent("a laptop on another subnet finds an agent that has moved by the address in its client.yaml", async () => {
    await using lab = await aLab({ hosts: ROUTED });
    const [node, laptop] = [lab.host("node1"), lab.laptop("li")];
    await laptop.kill();
    await node.run(["ip", "addr", "flush", "dev", "eth0"]);
    await node.run(["ip", "addr", "add", "10.11.131.12/24", "broadcast", "+", "dev", "eth0"]);
    await node.run(["ip", "route", "replace", "default", "via", "10.11.131.1"]);
    writeFileSync(join(laptop.state, "client.yaml"), "language: en\nagents: [10.11.131.12]\n");
    laptop.start();
    await lab.until("li's laptop knows where the agent is", async () => (await agentOf(lab, "li"))["address"] === "10.11.131.12:11115" && (await laptop.ask("/v1/status"))?.["green"] === true);
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => laptop.said().includes(`● [${alarm.short}]`));
    await laptop.command("ack", alarm.short);
    await alarm.becomes("taken", ({ attention }) => attention === "acknowledged");
  }, 90_000);

  test.concurrent("where the network carries no broadcast, multicast brings alarms at once", async () => {
    const lines = "lan: {multicast: 239.255.11.114}\n";
    const firewalls = { node1: NO_BROADCAST, "laptop-li": NO_BROADCAST, "laptop-zhao": NO_BROADCAST };
    await using lab = await aLab({ firewalls, agentLines: lines, clientLines: lines });
    await lab.until("li's laptop hears what is said to everybody", async () => typeof (await agentOf(lab, "li"))["broadcastAt"] === "number", BEACONS_MS);
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(`● [${alarm.short}]`));
    // zhao does not answer for osd: no unicast is sent there.
    await lab.until("zhao's laptop lists it", () => lab.laptop("zhao").said().includes(alarm.short));
  }, 120_000);
});

/** What a laptop says of the agent. */
async function agentOf(lab: Lab, operator: string): Promise<Readonly<Record<string, unknown>>> {
  const { agents = [] } = (await lab.laptop(operator).ask("/v1/status")) ?? {};
  const [agent] = agents as readonly Readonly<Record<string, unknown>>[];
  return agent ?? {};
}
