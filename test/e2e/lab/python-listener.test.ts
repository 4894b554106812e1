/** The listener that was written from `docs/protocol.md` alone, on a laptop of its own that has no route. */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { LISTENER_PY, missingPython, python } from "../../support/python.ts";
import { aLab, missingForLab } from "./lab.ts";
import { SEATED } from "./lab-files.ts";

const missing = [missingForLab(), missingPython].filter((one) => one !== "").join(", ");

describe.skipIf(missing !== "")(`a listener in Python${missing === "" ? "" : ` (skipped: ${missing})`}`, () => {
  test.concurrent("joins, finds the agent by broadcast, shows what the other laptop takes, and acknowledges as a robot", async () => {
    await using lab = await aLab({ listeners: [{ operator: "li", host: "laptop-li", words: SEATED }] });
    const [laptop, invite, state] = [lab.host("laptop-zhao"), join(lab.network.folder, "zhao.gapbell"), join(lab.network.folder, "zhao-python")];
    const listener = [python ?? "python3", LISTENER_PY, "--state", state];
    await lab.agent.command("invite", "--operator", "zhao", "--passphrase-file", join(lab.network.folder, "passphrase"), "--file", invite);
    expect(await laptop.run([...listener, "join", invite])).toBe("Joined lab\n");
    const seated = laptop.start("python", [...listener, "run", "--seat", "person"]);
    const said = (text: string) => lab.until(`zhao reads "${text}"`, () => laptop.said("python").includes(text));
    await lab.until("the agent hears zhao", async () => JSON.stringify(await lab.agent.ask("/v1/listeners")).includes('"build":"listener.py"'));

    const alarm = await lab.raises({ module: "node", item: "stor-03", severity: "major", text: "stor-03 is down", policy: "patient" });
    await said(`● [${alarm.short}] MAJOR node/stor-03: stor-03 is down`);
    await alarm.becomes("seen by zhao", ({ timeline }) => timeline.some(({ body }) => body.kind === "seen" && body.operator === "zhao"));
    await lab.laptop("li").command("ack", alarm.short, "--comment", "on my way");
    await said("(taken by li: on my way)");
    await seated.kill("SIGTERM");
    await said("Goodbye");

    laptop.start("robot", [...listener, "run", "--ack-all", "the script has it"]);
    await lab.until("the agent hears the robot", async () => JSON.stringify(await lab.agent.ask("/v1/listeners")).includes('"seat":"robot"'));
    const next = await lab.raises({ module: "node", item: "stor-04", severity: "major", text: "stor-04 is down", policy: "patient" });
    await next.becomes("acknowledged by a robot", ({ timeline }) => timeline.some(({ body }) => body.kind === "acknowledged" && body.operator === "zhao" && body.way === "robot"));
  }, 60_000);
});
