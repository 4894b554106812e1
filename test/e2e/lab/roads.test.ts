/** Several roads, one alarm: laptops where broadcasts do not come, where addresses change, and where UDP is blocked altogether. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { aLab, type Lab, missingForLab } from "./lab.ts";
import { JUMP, laptopOf, NODE, OUTSIDE, ROUTER } from "./lab-files.ts";
import type { HostPlan } from "./network.ts";

const missing = missingForLab();
/** Two beacons, and the time of a busy machine. */
const BEACONS_MS = 60_000;
/** From HELLO to HELLO, and what a listener waits before it takes another road. */
const ROAD_MS = 90_000;
const SOON_MS = 15_000;

const LI_BEHIND_ROUTER: HostPlan = { name: "laptop-li", gateway: "10.11.140.1", cables: [{ interface: "eth0", address: "10.11.140.21/24", to: { lan: 1 } }] };
const ROUTED: readonly HostPlan[] = [{ ...NODE, gateway: "10.11.131.1" }, ROUTER, LI_BEHIND_ROUTER, laptopOf("zhao", "10.11.131.22/24"), JUMP, OUTSIDE];

const NO_BROADCAST = "chain in { type filter hook input priority 0; meta pkttype broadcast drop; }";

/** What comes or goes by UDP, but for the host's own. */
const NO_UDP = `chain in { type filter hook input priority 0; iif != lo meta l4proto udp drop; }
chain out { type filter hook output priority 0; oif != lo meta l4proto udp drop; }`;

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

describe.skipIf(missing !== "")(`TCP${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("UDP is cut off: the alarm rings by TCP and is acknowledged; UDP comes back, and is taken again", async () => {
    await using lab = await aLab();
    const laptop = lab.laptop("li");
    lab.host("laptop-li").nft(NO_UDP);
    await lab.until("li's laptop takes TCP", async () => (await agentOf(lab, "li"))["road"] === "tcp", ROAD_MS);
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => laptop.said().includes(`● [${alarm.short}]`));
    await alarm.becomes("on li's disk", ({ timeline }) => timeline.some(({ body }) => body.kind === "receipt"));
    await laptop.command("ack", alarm.short);
    await alarm.becomes("taken", ({ attention }) => attention === "acknowledged");
    expect(await laptop.command("doctor").catch(String)).toContain("UDP is blocked between here and 10.11.131.11; alarms come by TCP");
    expect(await laptop.command("status")).toContain("heard by TCP, UDP is blocked between here and there");
    expect(await lab.agent.command("listeners")).toMatch(/ li .* 10\.11\.131\.21:\d+ TCP /m);

    lab.host("laptop-li").nft("");
    await lab.until("li's laptop takes UDP again", async () => (await agentOf(lab, "li"))["road"] === "udp", ROAD_MS);
    await lab.until("no connection is left", async () => (await lab.host("node1").run(["ss", "-Htn", "state", "established", "sport", "=", ":11115"])) === "");
    const second = await lab.raises({ policy: "patient", item: "osd.13" });
    await lab.until("li's laptop rings", () => laptop.said().includes(`● [${second.short}]`));
    expect(rings(laptop.said(), alarm.short)).toBe(1);
  }, 180_000);

  test.concurrent("a laptop on which UDP is blocked joins, rings and says goodbye, all by TCP", async () => {
    await using lab = await aLab({ firewalls: { "laptop-li": NO_UDP } });
    const laptop = lab.laptop("li");
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => laptop.said().includes(`● [${alarm.short}]`));
    await laptop.command("ack", alarm.short);
    await alarm.becomes("taken", ({ attention }) => attention === "acknowledged");
    await laptop.kill("SIGTERM");
    await lab.until("the agent knows that li has gone", async () => (await listenerOf(lab, "li"))["state"] === "away");
  }, 90_000);

  test.concurrent("the agent is killed and started again: a laptop on TCP is back, and what was raised rings once", async () => {
    await using lab = await aLab({ firewalls: { "laptop-li": NO_UDP } });
    const laptop = lab.laptop("li");
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => laptop.said().includes(`● [${alarm.short}]`));
    await lab.agent.restarts();
    await lab.until("the agent answers", async () => (await lab.agent.ask("/v1/alarms")) !== undefined);
    const second = await lab.raises({ policy: "patient", item: "osd.13" });
    await lab.until("li's laptop rings", () => laptop.said().includes(`● [${second.short}]`), ROAD_MS);
    expect(rings(laptop.said(), alarm.short)).toBe(1);
  }, 120_000);
});

describe.skipIf(missing !== "")(`what changes under a listener${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("a laptop with another address is reached there within seconds", async () => {
    await using lab = await aLab();
    const host = lab.host("laptop-li");
    await host.run(["ip", "addr", "flush", "dev", "eth0"]);
    await host.run(["ip", "addr", "add", "10.11.131.31/24", "broadcast", "+", "dev", "eth0"]);
    await lab.until("the agent knows the new address", async () => String((await listenerOf(lab, "li"))["address"]).startsWith("10.11.131.31:"), SOON_MS);
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(`● [${alarm.short}]`));
    await alarm.becomes("on li's disk", ({ timeline }) => timeline.some(({ body }) => body.kind === "receipt"));
  }, 90_000);

  test.concurrent("the agent's interface goes and comes back: it rings on it again, by broadcast", async () => {
    await using lab = await aLab();
    const node = lab.host("node1");
    await node.run(["ip", "addr", "flush", "dev", "eth0"]);
    await lab.until("the agent has seen it go", () => lab.agent.said("log").includes('"interface gone"'));
    await node.run(["ip", "addr", "add", "10.11.131.11/24", "broadcast", "+", "dev", "eth0"]);
    await lab.until("the agent sends by it again", async () => (await node.run(["ss", "-Huan", "src", "10.11.131.11"])) !== "");
    const alarm = await lab.raises({ policy: "patient" });
    // zhao does not answer for osd: no unicast is sent there.
    for (const operator of ["li", "zhao"]) await lab.until(`${operator}'s laptop shows it`, () => lab.laptop(operator).said().includes(alarm.short));
  }, 90_000);

  test.concurrent("another user's program on 11114 hears nothing that is meant for one listener, and keeps nothing from it", async () => {
    await using lab = await aLab();
    lab.host("laptop-li").start("thief", ["python3", "-c", THIEF]);
    await lab.until("the other program is bound", () => lab.host("laptop-li").said("thief").includes("bound"));
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(`● [${alarm.short}]`));
    await lab.laptop("li").command("ack", alarm.short);
    await alarm.becomes("taken", ({ attention }) => attention === "acknowledged");
    await lab.until("it has heard the broadcasts", () => /^6 broadcast$/m.test(lab.host("laptop-li").said("thief")));
    expect(lab.host("laptop-li").said("thief")).not.toContain("alone");
  }, 90_000);

  test.concurrent("a listener that was killed takes nothing from the one beside it: fifty of fifty arrive at once", async () => {
    await using lab = await aLab();
    await lab.laptop("zhao").kill("SIGKILL");
    const shorts: string[] = [];
    for (let number = 1; number <= 50; number += 1) {
      await lab.raises({ policy: "patient", module: "node", item: `node${number}` });
      shorts.push((await lab.raises({ policy: "patient", item: `osd.${number}` })).short);
    }
    await lab.until("li's laptop has rung for all", () => shorts.every((short) => lab.laptop("li").said().includes(`● [${short}]`)), SOON_MS);
  }, 120_000);
});

/** Prints the type of each datagram on 11114, and whether it was said to everybody (the header's first flag). */
const THIEF = `import os, socket
os.setuid(65534)
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("", 11114))
print("bound", flush=True)
while True:
    d = s.recv(2000)
    print(d[3], "broadcast" if d[4] & 1 else "alone", flush=True)
`;

function rings(said: string, short: string): number {
  return said.split(`● [${short}]`).length - 1;
}

async function listenerOf(lab: Lab, operator: string): Promise<Readonly<Record<string, unknown>>> {
  const { listeners = [] } = (await lab.agent.ask("/v1/listeners")) ?? {};
  return (listeners as readonly Readonly<Record<string, unknown>>[]).find((one) => one["operator"] === operator) ?? {};
}

/** What a laptop says of the agent. */
async function agentOf(lab: Lab, operator: string): Promise<Readonly<Record<string, unknown>>> {
  const { agents = [] } = (await lab.laptop(operator).ask("/v1/status")) ?? {};
  const [agent] = agents as readonly Readonly<Record<string, unknown>>[];
  return agent ?? {};
}
