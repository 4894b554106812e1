/** Laptops and nodes as they are found in rooms: without routes, with a wrong netmask, behind a firewall, on two LANs, on a bridge. */

import { describe, expect, test } from "bun:test";
import { aLab, missingForLab } from "./lab.ts";
import { JUMP, laptopOf, NODE, OUTSIDE, PEOPLE } from "./lab-files.ts";
import type { HostPlan } from "./network.ts";

const missing = missingForLab();

const SECOND_LAN: HostPlan = {
  name: "node1",
  cables: [...NODE.cables, { interface: "eth1", address: "10.11.132.11/24", to: { lan: 1 } }],
};
const ZHAO_ON_SECOND: HostPlan = { name: "laptop-zhao", cables: [{ interface: "eth0", address: "10.11.132.22/24", to: { lan: 1 } }] };
const ON_A_BRIDGE: HostPlan = { name: "node1", cables: NODE.cables.map((cable) => ({ ...cable, interface: "br-mgmt" })) };

/** What a laptop's firewall is where nobody has thought of Gapbell: answers come in, and nothing else. */
const STRICT = `counter refused {}
chain in { type filter hook input priority 0; policy drop; iif lo accept; ct state established,related accept; counter name refused; }`;

describe.skipIf(missing !== "")(`laptops and nodes${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("A14: no host of the room has a default route, and everything works", async () => {
    await using lab = await aLab();
    for (const host of ["node1", "laptop-li"]) expect(await lab.host(host).run(["ip", "route", "show", "default"])).toBe("");
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(`● [${alarm.short}]`));
    await alarm.becomes("seen", ({ timeline }) => timeline.some(({ body }) => body.kind === "seen"));
  }, 60_000);

  test.concurrent("A14: a laptop with a wrong netmask still rings, says that it is not answered, and people outside are told", async () => {
    await using lab = await aLab();
    const host = lab.host("laptop-li");
    await host.run(["ip", "addr", "flush", "dev", "eth0"]);
    await host.run(["ip", "addr", "add", "10.11.131.21/28", "broadcast", "10.11.131.31", "dev", "eth0"]);
    const laptop = lab.laptop("li");
    await laptop.restarts();
    const alarm = await lab.raises();
    await lab.until("li's laptop rings", () => laptop.said().includes(`● [${alarm.short}]`));
    await alarm.inPhase("escalated");
    expect(await alarm.mentions("receipt")).toEqual([]);
    await lab.until("it is said that the agent does not answer", () => laptop.said().includes("Agent node1 is heard but does not answer: alarms may arrive, acknowledgements may not"));
    expect(await laptop.command("status")).toContain("node1 10.11.131.11:11115: heard, but does not answer");
    expect(await laptop.command("ack", alarm.short).catch(String)).toContain("Not yet confirmed");

    await host.run(["ip", "addr", "add", "10.11.131.21/24", "broadcast", "10.11.131.255", "dev", "eth0"]);
    await alarm.becomes("taken, once the netmask is right", ({ attention }) => attention === "acknowledged");
  }, 120_000);

  test.concurrent("A14: a laptop behind a strict firewall joins, rings, gives receipts and acknowledges, all by unicast", async () => {
    await using lab = await aLab({ firewalls: { "laptop-li": STRICT } });
    const laptop = lab.laptop("li");
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => laptop.said().includes(`● [${alarm.short}]`));
    await alarm.becomes("on li's disk", ({ timeline }) => timeline.some(({ body }) => body.kind === "receipt"));
    await laptop.command("ack", alarm.short);
    await alarm.becomes("taken", ({ attention }) => attention === "acknowledged");
    expect(await lab.host("laptop-li").run(["nft", "list", "counter", "inet", "lab", "refused"])).toMatch(/packets [1-9]/);
  }, 60_000);

  test.concurrent("A14: an agent on two LANs rings on both", async () => {
    await using lab = await aLab({ hosts: [SECOND_LAN, laptopOf("li", "10.11.131.21/24"), ZHAO_ON_SECOND, JUMP, OUTSIDE] });
    const alarm = await lab.raises({ policy: "patient" });
    for (const operator of PEOPLE) await lab.until(`${operator}'s laptop shows it`, () => lab.laptop(operator).said().includes(alarm.short));
    await lab.laptop("zhao").command("ack", alarm.short);
    await alarm.becomes("taken", ({ attention }) => attention === "acknowledged");
    await lab.until("li reads that zhao has it", () => /by zhao/.test(lab.laptop("li").said()));
  }, 60_000);

  test.concurrent("A14: an agent whose only interface is called br-mgmt rings on it", async () => {
    await using lab = await aLab({ hosts: [ON_A_BRIDGE, laptopOf("li", "10.11.131.21/24"), laptopOf("zhao", "10.11.131.22/24"), JUMP, OUTSIDE] });
    const alarm = await lab.raises({ policy: "patient" });
    await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(`● [${alarm.short}]`));
  }, 60_000);
});
