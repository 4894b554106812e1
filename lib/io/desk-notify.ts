/** The desktop as a desk, through `notify-send` where there is one; what it cannot do never holds the rest up. */

import type { Desk } from "../port/desk.ts";

/** @returns undefined where this host has no desktop to show on */
export function notifyDesk(): Desk | undefined {
  const program = Bun.which("notify-send");
  if (program === null || (process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"]) === undefined) return undefined;
  return {
    show: async ({ alarm, clusterName, rings }) => {
      if (!rings) return false;
      const urgency = alarm.severity === "critical" || alarm.severity === "major" ? "critical" : "normal";
      const head = `[${alarm.severity.toUpperCase()}] ${alarm.module}/${alarm.item} — ${clusterName}`;
      const body = alarm.why === "fallback" ? `${alarm.text}\nmail/WeChat sending failed: ${alarm.reason ?? ""}` : alarm.text;
      const ran = Bun.spawn({ cmd: [program, "--app-name=Gapbell", `--urgency=${urgency}`, "--", head, body], stdin: "ignore", stdout: "ignore", stderr: "ignore" });
      return (await ran.exited) === 0;
    },
    update: () => {},
    hearing: () => {},
    close: () => {},
  };
}
