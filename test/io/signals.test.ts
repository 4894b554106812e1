import { expect, test } from "bun:test";
import { onSignals } from "../../lib/io/signals.ts";
import { aProcess } from "../support/a-process.ts";

test("SIGHUP reads again, SIGTERM ends in order, and once more at once", async () => {
  const child = aProcess(`
    import { onSignals } from "./lib/io/signals.ts";
    setInterval(() => {}, 1000);
    onSignals({ stop: (signal) => console.log("stop " + signal), stopNow: () => process.exit(75), reload: () => console.log("reload") });
    console.log("ready");`);
  expect(await child.nextLine()).toBe("ready");
  child.kill("SIGHUP");
  expect(await child.nextLine()).toBe("reload");
  child.kill("SIGTERM");
  expect(await child.nextLine()).toBe("stop SIGTERM");
  child.kill("SIGINT");
  expect(await child.end()).toEqual({ out: "", err: "", code: 75 });
});

test("the listeners can be taken away again", () => {
  const before = process.listenerCount("SIGHUP");
  const forget = onSignals({ stop: () => {}, stopNow: () => {}, reload: () => {} });
  expect(process.listenerCount("SIGHUP")).toBe(before + 1);
  forget();
  expect(process.listenerCount("SIGHUP")).toBe(before);
});
