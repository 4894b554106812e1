/** A listener on the jump host, beside the relay: who sits there hears, at a terminal or by wall. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { aLab, type Lab, missingForLab } from "./lab.ts";
import { JUMP, laptopOf, NODE, OUTSIDE, SEATED } from "./lab-files.ts";

const missing = missingForLab(["script", "wall", "utmpdump"]);
const HOSTS = [NODE, laptopOf("li", "10.11.131.21/24"), JUMP, OUTSIDE];
const LI = { operator: "li", host: "laptop-li", words: SEATED };

describe.skipIf(missing !== "")(`a listener on the jump host${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("rings at its terminal, and a key there acknowledges", async () => {
    await using lab = await aLab({ hosts: HOSTS, listeners: [LI, { operator: "zhao", host: "jump1", words: [] }] });
    const jump = lab.host("jump1");
    const zhao = lab.laptop("zhao");
    await zhao.kill("SIGTERM");
    const keys = join(lab.network.folder, "keys");
    await jump.run(["mkfifo", keys]);
    jump.start("terminal", ["sh", "-c", `exec script -qefc '${zhao.by("run").replace(/^ip netns exec \S+ /, "")}' /dev/null <>${keys}`]);
    await lab.until("the listener runs at the terminal", async () => (await zhao.ask("/v1/status")) !== undefined);

    const alarm = await lab.raises({ module: "node", item: "node-3", text: "fan 2 stands still", policy: "patient" });
    await lab.until("the terminal rings", () => /\u0007.*fan 2 stands still/s.test(jump.said("terminal")));
    await lab.until("it is known to be seen", async () => (await alarm.mentions("seen")).some(({ operator }) => operator === "zhao"));
    writeFileSync(keys, "a");
    await alarm.becomes("taken", ({ attention }) => attention === "acknowledged");
    expect(await alarm.mentions("acknowledged")).toMatchObject([{ operator: "zhao" }]);
  }, 60_000);

  test.concurrent("writes to every terminal of the host by wall, where it has none of its own", async () => {
    await using lab = await aLab({ hosts: HOSTS, listeners: [LI, { operator: "zhao", host: "jump1", words: ["--seat", "person", "--desk", "wall"] }] });
    const jump = lab.host("jump1");
    jump.start("somebody", ["sh", "-c", `sleep infinity | script -qefc 'tty; exec sleep infinity' /dev/null`]);
    await lab.until("somebody has a terminal", () => /\/dev\/pts\/\d+/.test(jump.said("somebody")));
    await zhaoAmong(lab, /\/dev\/(pts\/\d+)/.exec(jump.said("somebody"))?.[1] ?? "");

    const alarm = await lab.raises({ module: "node", item: "node-3", text: "fan 2 stands still", policy: "patient" });
    await lab.until("it is written there", () => jump.said("somebody").includes("fan 2 stands still"));
    expect(jump.said("somebody")).toMatch(/Broadcast message from .*lab: \[CRITICAL\] node\/node-3/s);
    await lab.until("it is known to be seen", async () => (await alarm.mentions("seen")).some(({ operator }) => operator === "zhao"));
    await lab.laptop("li").command("ack", alarm.short);
    await lab.until("its end is written there as well", () => /\[\S+\] .*Acknowledged by li/.test(jump.said("somebody")));
  }, 60_000);
});

/** Starts zhao's listener anew on a host where somebody is logged in at this terminal, as utmp(5) tells. */
async function zhaoAmong(lab: Lab, terminal: string): Promise<void> {
  const zhao = lab.laptop("zhao");
  const [text, utmp] = [join(lab.network.folder, "logins"), join(lab.network.folder, "utmp")];
  writeFileSync(text, `[7] [${String(zhao.host.name.length).padStart(5, "0")}] [${terminal.slice(-4).padEnd(4)}] [zhao    ] [${terminal.padEnd(12)}] [${"".padEnd(20)}] [0.0.0.0        ] [2026-01-01T00:00:00,000000+00:00]\n`);
  await zhao.host.run(["sh", "-c", `utmpdump -r -o ${utmp} ${text}`]);
  await zhao.kill("SIGTERM");
  zhao.start({ under: ["sh", "-c", `mount -t tmpfs none /run && cp ${utmp} /run/utmp && exec "$@"`, "sh"] });
  await lab.until("the listener runs", async () => (await zhao.ask("/v1/status")) !== undefined);
}
