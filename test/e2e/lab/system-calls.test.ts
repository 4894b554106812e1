/** What the agent's broadcasts are to the kernel, and where they go. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "bun:test";
import { aLab, type Lab, missingForLab } from "./lab.ts";

const missing = missingForLab(["strace"]);

describe.skipIf(missing !== "")(`system calls of the agent${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("it asks for SO_BROADCAST and sends to port 11114 of the broadcast address", async () => {
    await using lab = await aLab();
    const trace = await traced(lab);
    expect(trace).toMatch(/setsockopt\(\d+(<[^>]*>)?, SOL_SOCKET, SO_BROADCAST, \[1\], 4\) += 0/);
    expect(datagramsTo("255.255.255.255", trace)).toBeGreaterThan(0);
  }, 90_000);

  test.concurrent("where the kernel refuses the limited broadcast, it sends to that of the subnet", async () => {
    await using lab = await aLab();
    lab.host("node1").nft("chain out { type filter hook output priority 0; ip daddr 255.255.255.255 reject; }");
    expect(datagramsTo("10.11.131.255", await traced(lab))).toBeGreaterThan(0);
  }, 90_000);
});

/** Starts the agent anew under strace, lets one alarm ring on li's laptop, and reads the trace. */
async function traced(lab: Lab): Promise<string> {
  const file = join(lab.network.folder, "trace");
  await lab.agent.kill();
  lab.agent.start({ under: ["strace", "-f", "--seccomp-bpf", "-e", "trace=setsockopt,sendto,sendmsg,sendmmsg", "-e", "signal=none", "-o", file] });
  await lab.until("the agent answers", async () => (await lab.agent.ask("/v1/alarms")) !== undefined);
  const alarm = await lab.raises({ policy: "patient" });
  await lab.until("li's laptop rings", () => lab.laptop("li").said().includes(`[${alarm.short}]`));
  return readFileSync(file, "utf8");
}

function datagramsTo(address: string, trace: string): number {
  const to = `sin_port=htons(11114), sin_addr=inet_addr("${address}")`;
  return trace.split("\n").filter((line) => /\bsend(to|msg|mmsg)\(/.test(line) && line.includes(to)).length;
}
