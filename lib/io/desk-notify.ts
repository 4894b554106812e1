/** Popups of the desktop by notify-send, where there is one. Whatever goes wrong here, the rest of the listener rings on. */

import type { Language } from "../alarm/language.ts";
import { isWorse, type Severity } from "../alarm/severity.ts";
import { alarmLines, fallbackLine, headline, oneLine, SHORT_ID_LENGTH, summaryLines } from "../alarm/wording.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { Desk, Showing, Summary } from "../port/desk.ts";
import type { Log } from "../port/log.ts";

/** Popups on the screen at the same time; the others are counted in one more. */
export const POPUPS_MOST = 8;
/** notify-send answers within milliseconds, or hangs on a dead bus. */
const SEND_MS_MOST: Ms = seconds(5);
/** How long "acknowledged by zhao" stays. */
const FAREWELL_MS: Ms = seconds(6);

/** What one popup says. `replaces`: the id that the desktop gave an earlier one. */
type Popup = {
  readonly summary: string;
  readonly body: string;
  readonly urgency: "low" | "critical";
  readonly replaces: string | undefined;
  readonly expireMs: Ms | undefined;
};

/** What stands on the screen of one alarm. `id`: the desktop's own; "" where it gave none. */
type Shown = { readonly id: string; readonly severity: Severity; readonly about: string };

const WORDS = {
  en: { more: (count: number) => `${count} more ${count === 1 ? "alarm" : "alarms"}: gapbell-client list`, none: "None of them is open any more", unverified: "Freshness not verified" },
  zh: { more: (count: number) => `另有 ${count} 条告警：gapbell-client list`, none: "这些告警均已结束", unverified: "尚未验证是否为最新消息" },
} as const;

/** Whether popups can be shown at all: the program is there, and a session to show them in. */
export function hasNotify(env: NodeJS.ProcessEnv = process.env): boolean {
  return (env["DBUS_SESSION_BUS_ADDRESS"] ?? "") !== "" && Bun.which("notify-send", { PATH: env["PATH"] ?? "" }) !== null;
}

/** @param command the program; tests give a stand-in */
export function openNotifyDesk({ language, timezone, log, command = "notify-send" }: {
  readonly language: Language;
  readonly timezone: string;
  readonly log: Log;
  readonly command?: string;
}): Desk {
  const popups = new Map<string, Shown>();
  const surplus = new Set<string>();
  /** Alarms that wait to be shown: in a flood only the last of them says how many there are. */
  let waiting = 0;
  let surplusId: string | undefined;
  /** Alarms that a summary has counted, and its popup, which goes with the last of them. */
  const counted = new Set<string>();
  let summaryId: string | undefined;
  /** Versions before 0.7.9 cannot tell an id: then nothing can be replaced. */
  let tellsIds = true;
  let turn: Promise<unknown> = Promise.resolve();

  /** One after the other, so that a popup is never replaced before its id is known. */
  const inTurn = <Value>(act: () => Promise<Value>): Promise<Value> => {
    const done = turn.then(act, act);
    turn = done;
    return done;
  };

  const send = async (popup: Popup): Promise<{ readonly shown: boolean; readonly id: string }> => {
    const first = await spawn(command, argumentsOf(popup, tellsIds));
    if (first.code === 0) return { shown: true, id: first.out.trim() };
    if (tellsIds && first.code !== undefined) {
      const again = await spawn(command, argumentsOf(popup, false));
      if (again.code === 0) {
        tellsIds = false;
        return { shown: true, id: "" };
      }
    }
    log.write("warn", "popup not shown", { code: first.code });
    return { shown: false, id: "" };
  };

  const show = async (showing: Showing): Promise<boolean> => {
    const { alarm, rings, was = "" } = showing;
    const before = popups.get(was);
    if (before !== undefined) {
      popups.delete(was);
      popups.set(alarm.id, before);
    }
    surplus.delete(was);
    const own = popups.get(alarm.id);
    if (showing.listed !== undefined) {
      if (alarm.quiet !== true) counted.add(alarm.id);
      return false;
    }
    if (!rings && own === undefined) return false;
    const full = own === undefined && popups.size >= POPUPS_MOST;
    const lesser = full ? lesserOf(popups, alarm.severity) : undefined;
    if (full && lesser === undefined) {
      surplus.add(alarm.id);
      if (waiting > 0) return false;
      const { id } = await send({ ...still(WORDS[language].more(surplus.size)), replaces: surplusId });
      surplusId = id === "" ? undefined : id;
      // It is counted there and not named: nobody has seen it.
      return false;
    }
    const held = own ?? (lesser === undefined ? undefined : popups.get(lesser));
    if (lesser !== undefined) {
      popups.delete(lesser);
      surplus.add(lesser);
    }
    const about = `${showing.clusterName}: ${headline({ ...alarm, text: "" }, language)}`;
    const [, ...more] = alarmLines(alarm, { language, timezone });
    const { shown, id } = await send({
      summary: about,
      body: [
        ...(alarm.why === "fallback" ? [fallbackLine(alarm.reason ?? "", language)] : []), ...more,
        ...(showing.unverified ? [WORDS[language].unverified] : []),
      ].join("\n"),
      urgency: "critical", replaces: held?.id === "" ? undefined : held?.id, expireMs: undefined,
    });
    surplus.delete(alarm.id);
    if (shown) popups.set(alarm.id, { id, severity: alarm.severity, about });
    return shown && rings;
  };

  const summarize = async (summary: Summary): Promise<boolean> => {
    const [head = "", ...lines] = summaryLines(summary, language);
    const { shown, id } = await send({ ...still(`${summary.clusterName}: ${head}`), body: lines.join("\n"), replaces: summaryId });
    if (shown) summaryId = id === "" ? undefined : id;
    return shown;
  };

  const farewell = async ({ id, line, gone }: { readonly id: string; readonly line: string; readonly gone: boolean }): Promise<void> => {
    if (gone) surplus.delete(id);
    if (gone && counted.delete(id) && counted.size === 0 && summaryId !== undefined) {
      await send({ ...still(WORDS[language].none), urgency: "low", replaces: summaryId, expireMs: FAREWELL_MS });
      summaryId = undefined;
    }
    const held = popups.get(id);
    if (held === undefined || !gone) return;
    popups.delete(id);
    // There is no word for closing one: it becomes a short farewell.
    if (held.id !== "") await send({ summary: held.about, body: `${line}\n${id.slice(0, SHORT_ID_LENGTH)}`, urgency: "low", replaces: held.id, expireMs: FAREWELL_MS });
  };

  return {
    show: (showing) => {
      waiting += 1;
      return inTurn(() => {
        waiting -= 1;
        return show(showing);
      });
    },
    summarize: (summary) => inTurn(() => summarize(summary)),
    update: (update) => void inTurn(() => farewell(update)),
    hearing: ({ line, rings }) => {
      if (line !== "") void inTurn(() => send(rings ? still(line) : { ...still(line), urgency: "low", expireMs: FAREWELL_MS }));
    },
    close: () => {},
  };
}

/** The last of the least grave popups that a graver alarm may take the place of. */
function lesserOf(popups: ReadonlyMap<string, Shown>, than: Severity): string | undefined {
  let least: { readonly id: string; readonly severity: Severity } | undefined;
  for (const [id, { severity }] of popups) {
    if (isWorse(than, severity) && (least === undefined || !isWorse(severity, least.severity))) least = { id, severity };
  }
  return least?.id;
}

function still(summary: string): Popup {
  return { summary, body: "", urgency: "critical", replaces: undefined, expireMs: undefined };
}

function argumentsOf({ summary, body, urgency, replaces, expireMs }: Popup, tellsIds: boolean): readonly string[] {
  return [
    "--app-name=gapbell", `--urgency=${urgency}`, ...(expireMs === undefined ? [] : [`--expire-time=${expireMs}`]),
    ...(tellsIds ? ["--print-id"] : []), ...(tellsIds && replaces !== undefined ? [`--replace-id=${replaces}`] : []),
    "--", oneLine(summary), escapeMarkup(body),
  ];
}

/** Most desktops read the body as markup (Desktop Notifications 1.2, "body-markup"). */
function escapeMarkup(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** @returns an undefined code where the program could not be started or had to be ended */
async function spawn(command: string, args: readonly string[]): Promise<{ readonly code: number | undefined; readonly out: string }> {
  try {
    const child = Bun.spawn([command, ...args], { stdin: "ignore", stdout: "pipe", stderr: "ignore" });
    const late = setTimeout(() => child.kill("SIGKILL"), SEND_MS_MOST);
    const [out, code] = await Promise.all([new Response(child.stdout).text(), child.exited]);
    clearTimeout(late);
    return { code: child.signalCode === null ? code : undefined, out };
  } catch {
    return { code: undefined, out: "" };
  }
}
