/**
 * The terminal as a desk. For eyes: what happens scrolls by, and below it stands a short list of what is open, with keys.
 * For a pipe: one plain line for each thing that happens.
 */

import type { Language } from "../alarm/language.ts";
import { momentText } from "../alarm/moment.ts";
import { rankOf, type Severity } from "../alarm/severity.ts";
import { fallbackLine, headline, oneLine, SHORT_ID_LENGTH, summaryLines } from "../alarm/wording.ts";
import type { WallMs } from "../base/units.ts";
import type { Desk, Hearing, Showing, Summary } from "../port/desk.ts";

/** Open alarms that the list shows; the others are counted. */
export const LISTED_MOST = 10;
/** On a narrower screen lines are cut to this all the same. */
const COLUMNS_LEAST = 40;

export type TerminalOptions = {
  readonly write: (text: string) => void;
  /** A terminal with a person before it: the bell, the list, keys. */
  readonly live: boolean;
  readonly colour: boolean;
  /** Whether what is written here counts as seen by a person. */
  readonly person: boolean;
  readonly columns: () => number;
  readonly wall: () => WallMs;
  readonly language: Language;
  readonly timezone: string;
  readonly operator: string;
  readonly clusterName: string;
  /** A person takes an alarm by a key. */
  readonly onTake: (id: string) => void;
  readonly onQuit: () => void;
};

export type TerminalDesk = Desk & {
  /** What was typed, as raw characters. */
  readonly key: (typed: string) => void;
  /** A line from elsewhere, which must not tear the list. */
  readonly note: (line: string) => void;
};

/** SGR codes (ECMA-48), the same as in the agent's lists. */
const COLOURS: Readonly<Record<Severity, number>> = { critical: 31, major: 35, indeterminate: 35, minor: 33, warning: 36 };
const BOLD = 1;
const DIM = 2;
const RED = 31;
const GREEN = 32;
const YELLOW = 33;
const BELL = "\u0007";

/** `onDrawn`: who waits to hear whether it has come among the visible ones. */
type Listed = { readonly showing: Showing; readonly mine: boolean; readonly order: number; line: string; onDrawn: ((seen: boolean) => void) | undefined };

export function openTerminalDesk(options: TerminalOptions): TerminalDesk {
  const desk = new Terminal(options);
  return {
    show: async (showing) => desk.show(showing), summarize: async (summary) => desk.summarize(summary), update: (update) => desk.update(update), hearing: (hearing) => desk.hear(hearing),
    key: (typed) => desk.key(typed), note: (line) => desk.say([oneLine(line)]), close: () => desk.close(),
  };
}

class Terminal {
  readonly #options: TerminalOptions;
  readonly #words: (typeof WORDS)[Language];
  readonly #open = new Map<string, Listed>();
  #selected: string | undefined;
  /** Undefined until something is known of the agent; "" where all is well. */
  #hearing: Hearing | undefined;
  #drawn = 0;
  #drawsSoon = false;
  #order = 0;
  #closed = false;

  constructor(options: TerminalOptions) {
    this.#options = options;
    this.#words = WORDS[options.language];
    this.say([]);
  }

  show(showing: Showing): boolean | Promise<boolean> {
    const { alarm, rings, unverified, listed, was = "" } = showing;
    const { language, operator, person, live } = this.#options;
    const before = this.#open.get(was);
    if (before !== undefined) {
      this.#open.delete(was);
      this.#open.set(alarm.id, before);
      if (this.#selected === was) this.#selected = alarm.id;
    }
    const held = this.#open.get(alarm.id);
    const mine = alarm.to.includes(operator);
    this.#list(showing, held, mine);
    if (listed !== undefined && live) return this.#awaitDrawn(alarm.id);
    if (held !== undefined && !rings && sameWords(held.showing, showing)) {
      this.say([]);
      return person;
    }
    const marks = [
      ...(unverified ? [this.#words.unverified] : []),
      ...(alarm.why === "fallback" ? [fallbackLine(alarm.reason ?? "", language)] : []),
      ...(mine ? [] : [this.#words.listed(alarm.to.map(oneLine).join(", "))]),
    ];
    const standing = listed === undefined || listed === "" ? "" : ` (${listed})`;
    const line = `${this.#clock()} ${rings ? "●" : " "} [${short(alarm.id)}] ${headline(alarm, language)}${standing}`;
    this.say([this.#paint(line, rings ? COLOURS[alarm.severity] : DIM), ...marks.map((mark) => this.#paint(`${" ".repeat(11)}${mark}`, rings ? BOLD : DIM))], rings);
    return person;
  }

  summarize(summary: Summary): boolean {
    const [head = "", ...lines] = summaryLines(summary, this.#options.language);
    const colour = COLOURS[summary.worst[0]?.severity ?? "warning"];
    this.say([this.#paint(`${this.#clock()} ● ${head}`, colour), ...lines.map((line) => `${" ".repeat(11)}${line}`)], true);
    return this.#options.person;
  }

  update({ id, line, gone }: { readonly id: string; readonly line: string; readonly gone: boolean }): void {
    const held = this.#open.get(id);
    if (gone) this.#unlist(id);
    else if (held !== undefined) held.line = line;
    const about = held === undefined ? "" : ` ${oneLine(held.showing.alarm.module)}/${oneLine(held.showing.alarm.item)}:`;
    this.say(line === "" ? [] : [this.#paint(`${this.#clock()}   [${short(id)}]${about} ${oneLine(line)}`, gone ? GREEN : YELLOW)]);
  }

  hear(hearing: Hearing): void {
    const before = this.#hearing;
    this.#hearing = hearing;
    const { line, rings, heard = false } = hearing;
    const { clusterName } = this.#options;
    if (line !== "") return this.say(line.split("\n").map((one) => this.#paint(`${this.#clock()} ${rings ? "!" : " "} ${oneLine(one)}`, rings ? RED : heard ? YELLOW : DIM)), rings);
    const again = before !== undefined && before.line !== "";
    this.say([this.#paint(`${this.#clock()}   ${again ? this.#words.heardAgain(clusterName) : this.#words.heard(clusterName)}`, GREEN)], again);
  }

  key(typed: string): void {
    if (typed === "q" || typed === "\u0003" || typed === "\u0004") return this.#options.onQuit();
    if (typed === "\u001b[A" || typed === "k") return this.#move(-1);
    if (typed === "\u001b[B" || typed === "j") return this.#move(1);
    const taken = this.#selected;
    if (typed !== "a" || taken === undefined || !this.#open.has(taken)) return;
    this.say([`${this.#clock()}   [${short(taken)}] ${this.#words.taking}`]);
    this.#options.onTake(taken);
  }

  /** Writes lines above the list. */
  say(lines: readonly string[], bell = false): void {
    if (this.#closed) return;
    const { live, write } = this.#options;
    const text = lines.map((line) => `${line}\n`).join("");
    if (live) write(`${this.#erase()}${bell ? BELL : ""}${text}${this.#draw()}`);
    else if (text !== "") write(text);
  }

  close(): void {
    if (this.#options.live && !this.#closed) this.#options.write(this.#erase());
    this.#closed = true;
  }

  /** What somebody has taken is told of, and awaits nobody. */
  #list(showing: Showing, held: Listed | undefined, mine: boolean): void {
    const { alarm, rings } = showing;
    if (alarm.quiet === true) return this.#unlist(alarm.id);
    this.#order += 1;
    held?.onDrawn?.(false);
    this.#open.set(alarm.id, { showing, mine, line: showing.listed ?? held?.line ?? "", order: rings || held === undefined ? this.#order : held.order, onDrawn: undefined });
    const before = this.#selected === undefined ? undefined : this.#open.get(this.#selected);
    if (before === undefined || (rings && !before.mine)) this.#selected = alarm.id;
  }

  /** One of many put into the list at once: drawn with the others, and seen as soon as the list has room for it. */
  #awaitDrawn(id: string): boolean | Promise<boolean> {
    const listed = this.#open.get(id);
    if (listed === undefined) return false;
    if (!this.#drawsSoon) queueMicrotask(() => this.say([]));
    this.#drawsSoon = true;
    return new Promise((resolve) => {
      listed.onDrawn = resolve;
    });
  }

  #unlist(id: string): void {
    this.#open.get(id)?.onDrawn?.(false);
    this.#open.delete(id);
    if (this.#selected === id) this.#selected = this.#first()[0]?.showing.alarm.id;
  }

  /** Those that the list has room for: for this operator first, then the worst, then the newest. One look at each, also in a flood. */
  #first(): readonly Listed[] {
    const best: Listed[] = [];
    for (const listed of this.#open.values()) {
      const last = best.at(-1);
      if (best.length === LISTED_MOST && last !== undefined && !goesBefore(listed, last)) continue;
      const at = best.findIndex((one) => goesBefore(listed, one));
      best.splice(at < 0 ? best.length : at, 0, listed);
      if (best.length > LISTED_MOST) best.pop();
    }
    return best;
  }

  #move(by: number): void {
    const alarms = this.#first();
    const at = alarms.findIndex(({ showing }) => showing.alarm.id === this.#selected);
    this.#selected = alarms[Math.min(alarms.length - 1, Math.max(0, at + by))]?.showing.alarm.id ?? this.#selected;
    this.say([]);
  }

  #erase(): string {
    const up = this.#drawn === 0 ? "" : `\u001b[${this.#drawn}A\r\u001b[J`;
    this.#drawn = 0;
    return up;
  }

  #draw(): string {
    const columns = Math.max(COLUMNS_LEAST, this.#options.columns()) - 1;
    const alarms = this.#first();
    const more = this.#open.size - alarms.length;
    const lines = [
      this.#paint("─".repeat(columns), DIM),
      this.#paint(cut(this.#heading(), columns), this.#headingColour()),
      ...alarms.map((listed) => this.#row(listed, columns)),
      ...(more > 0 ? [this.#words.more(more)] : []),
      this.#paint(cut(alarms.length === 0 ? this.#words.idle : this.#words.keys, columns), DIM),
    ];
    this.#drawn = lines.length;
    this.#drawsSoon = false;
    for (const listed of alarms) {
      listed.onDrawn?.(this.#options.person);
      listed.onDrawn = undefined;
    }
    return lines.map((line) => `${line}\n`).join("");
  }

  #heading(): string {
    if (this.#hearing === undefined) return this.#words.seeking;
    const { line } = this.#hearing;
    return line === "" ? this.#words.heard(this.#options.clusterName) : (line.split("\n")[0] ?? "");
  }

  /** Grey where the host has left the LAN; yellow where one of several agents is not heard. */
  #headingColour(): number {
    if (this.#hearing === undefined || this.#hearing.rings) return RED;
    return this.#hearing.line === "" ? GREEN : this.#hearing.heard === true ? YELLOW : DIM;
  }

  #row({ showing: { alarm }, line }: Listed, columns: number): string {
    const chosen = alarm.id === this.#selected;
    const text = `${chosen ? ">" : " "} ${short(alarm.id)}  ${headline(alarm, this.#options.language)}${line === "" ? "" : ` (${line})`}`;
    return this.#paint(cut(text, columns), chosen ? BOLD : COLOURS[alarm.severity]);
  }

  #paint(text: string, code: number): string {
    return this.#options.colour ? `\u001b[${code}m${text}\u001b[0m` : text;
  }

  #clock(): string {
    return momentText(this.#options.wall(), this.#options.timezone).slice(11, 19);
  }
}

function goesBefore(a: Listed, b: Listed): boolean {
  if (a.mine !== b.mine) return a.mine;
  const worse = rankOf(a.showing.alarm.severity) - rankOf(b.showing.alarm.severity);
  return worse === 0 ? a.order > b.order : worse < 0;
}

function short(id: string): string {
  return id.slice(0, SHORT_ID_LENGTH);
}

function sameWords({ alarm: a, unverified: before }: Showing, { alarm: b, unverified: after }: Showing): boolean {
  return before === after && a.severity === b.severity && a.module === b.module && a.item === b.item && a.text === b.text && a.reason === b.reason && a.to.join() === b.to.join();
}

/** Cut to a number of columns; a Chinese character takes two. */
function cut(text: string, columns: number): string {
  if (Bun.stringWidth(text) <= columns) return text;
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += Bun.stringWidth(character);
    if (width > columns - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

const WORDS = {
  en: {
    seeking: "Looking for the agent", heard: (cluster: string) => `Listening to ${cluster}`, heardAgain: (cluster: string) => `Listening to ${cluster} again`,
    more: (count: number) => `  and ${count} more: gapbell-client list`, keys: "a acknowledge   up/down select   q quit", idle: "No open alarm   q quit",
    unverified: "Freshness not verified", listed: (names: string) => `For ${names === "" ? "nobody" : names}: listed only`, taking: "Acknowledging …",
  },
  zh: {
    seeking: "正在寻找代理", heard: (cluster: string) => `正在监听 ${cluster}`, heardAgain: (cluster: string) => `已恢复监听 ${cluster}`,
    more: (count: number) => `  另有 ${count} 条：gapbell-client list`, keys: "a 确认   上/下 选择   q 退出", idle: "没有未清除的告警   q 退出",
    unverified: "尚未验证是否为最新消息", listed: (names: string) => `负责人：${names === "" ? "无" : names}（仅列出）`, taking: "正在确认……",
  },
} as const;
