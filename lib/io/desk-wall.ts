/**
 * Lines on every terminal of this host by wall(1): for hosts where people come and go by SSH and nobody has a desktop.
 * Whether anybody reads them is not known here: `person` says what the operator has said of the seat.
 */

import type { Language } from "../alarm/language.ts";
import { alarmLines, fallbackLine, headline, oneLine, SHORT_ID_LENGTH, summaryLines } from "../alarm/wording.ts";
import { type Ms, seconds } from "../base/units.ts";
import type { Desk, Showing } from "../port/desk.ts";
import type { Log } from "../port/log.ts";

/** Of alarms that come at once, the worst come first: so many are written out, the rest are counted. */
export const WALLS_MOST = 8;
/** wall gives up on a terminal that hangs by itself (its -t, 300 s): we do not wait so long. */
const WALL_MS_MOST: Ms = seconds(10);

const WORDS = {
  en: { more: (count: number) => `${count} more alarms: gapbell-client list`, unverified: "Freshness not verified" },
  zh: { more: (count: number) => `另有 ${count} 条告警：gapbell-client list`, unverified: "尚未验证是否为最新消息" },
} as const;

export function hasWall(env: NodeJS.ProcessEnv = process.env): boolean {
  return Bun.which("wall", { PATH: env["PATH"] ?? "" }) !== null;
}

/** @param person somebody is said to look at a terminal of this host @param command the program; tests give a stand-in */
export function openWallDesk({ language, timezone, person, log, command = "wall" }: {
  readonly language: Language;
  readonly timezone: string;
  readonly person: boolean;
  readonly log: Log;
  readonly command?: string;
}): Desk {
  /** Alarms that are on the terminals: their end is told there as well. */
  const written = new Set<string>();
  let waiting = 0;
  let uncounted = 0;
  let turn: Promise<unknown> = Promise.resolve();

  /** One after the other, so that lines do not run into each other. */
  const inTurn = <Value>(act: () => Promise<Value>): Promise<Value> => {
    const done = turn.then(act, act);
    turn = done;
    return done;
  };

  const write = async (lines: readonly string[]): Promise<boolean> => {
    const code = await wall(command, lines);
    if (code !== 0) log.write("warn", "not written to the terminals", { code });
    return code === 0;
  };

  const show = async ({ alarm, clusterName, unverified }: Showing): Promise<boolean> => {
    const [, ...rest] = alarmLines(alarm, { language, timezone });
    const shown = await write([
      `${clusterName}: ${headline({ ...alarm, text: "" }, language)}`,
      ...(alarm.why === "fallback" ? [fallbackLine(alarm.reason ?? "", language)] : []), ...rest,
      ...(unverified ? [WORDS[language].unverified] : []),
    ]);
    if (shown) written.add(alarm.id);
    waiting -= 1;
    if (waiting === 0 && uncounted > 0) await write([WORDS[language].more(uncounted)]);
    if (waiting === 0) uncounted = 0;
    return shown && person;
  };

  return {
    show: (showing) => {
      if (!showing.rings) return Promise.resolve(false);
      if (waiting >= WALLS_MOST) {
        uncounted += 1;
        return Promise.resolve(false);
      }
      waiting += 1;
      return inTurn(() => show(showing));
    },
    summarize: ({ clusterName, ...summary }) => inTurn(async () => {
      const [head = "", ...lines] = summaryLines(summary, language);
      const shown = await write([`${clusterName}: ${head}`, ...lines]);
      if (shown) for (const { id } of summary.worst) written.add(id);
      return shown && person;
    }),
    update: ({ id, line, gone }) => {
      if (gone && written.delete(id)) void inTurn(() => write([`[${id.slice(0, SHORT_ID_LENGTH)}] ${oneLine(line)}`]));
    },
    hearing: ({ line, rings }) => {
      if (rings && line !== "") void inTurn(() => write(line.split("\n").map(oneLine)));
    },
    close: () => {},
  };
}

/** @returns its exit code; undefined where it could not be started or had to be ended */
async function wall(command: string, lines: readonly string[]): Promise<number | undefined> {
  try {
    const child = Bun.spawn([command], { stdin: new TextEncoder().encode(`${lines.join("\n")}\n`), stdout: "ignore", stderr: "ignore" });
    const late = setTimeout(() => child.kill("SIGKILL"), WALL_MS_MOST);
    const code = await child.exited;
    clearTimeout(late);
    return child.signalCode === null ? code : undefined;
  } catch {
    return undefined;
  }
}
