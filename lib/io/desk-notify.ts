/** The desktop as a desk, through `notify-send` where there is one; what it cannot do never holds the rest up. */

import type { Language } from "../alarm/language.ts";
import type { Desk } from "../port/desk.ts";
import type { Log } from "../port/log.ts";

/** Whether this host has a desktop to show on. */
export function hasNotify(): boolean {
  return Bun.which("notify-send") !== null && (process.env["DISPLAY"] ?? process.env["WAYLAND_DISPLAY"]) !== undefined;
}

export function openNotifyDesk({ language, log }: { readonly language: Language; readonly timezone: string; readonly log: Log }): Desk {
  return {
    show: async ({ alarm, clusterName, rings }) => {
      if (!rings) return false;
      const urgency = alarm.severity === "critical" || alarm.severity === "major" ? "critical" : "normal";
      const head = `[${alarm.severity.toUpperCase()}] ${alarm.module}/${alarm.item} — ${clusterName}`;
      const failed = language === "zh" ? "邮件/微信发送失败：" : "mail/WeChat sending failed: ";
      const body = alarm.why === "fallback" ? `${alarm.text}\n${failed}${alarm.reason ?? ""}` : alarm.text;
      const ran = Bun.spawn({ cmd: ["notify-send", "--app-name=Gapbell", `--urgency=${urgency}`, "--", head, body], stdin: "ignore", stdout: "ignore", stderr: "ignore" });
      const code = await ran.exited;
      if (code !== 0) log.write("warn", "desktop refused", { code });
      return code === 0;
    },
    update: () => {},
    hearing: () => {},
    close: () => {},
  };
}
