/** Every line that people read of an alarm on the LAN and in a terminal, in their language. The words stand in `words.ts`. */

import type { WallMs } from "../base/units.ts";
import type { Acknowledgement } from "./alarm.ts";
import type { Language } from "./language.ts";
import type { Attention, Condition, Phase } from "./lifecycle.ts";
import { momentText } from "./moment.ts";
import { CHANNELS, type ChannelName } from "./policy.ts";
import type { Severity } from "./severity.ts";
import { WORDS } from "./words.ts";

/** What people see of an occurrence's id; any unique prefix names it. */
export const SHORT_ID_LENGTH = 6;

/** `critical`, 紧急. */
export function severityWord(severity: Severity, language: Language): string {
  return WORDS[language].severity[severity];
}

/** `[CRITICAL]`, [紧急]: how each line about an alarm begins. */
export function severityTag(severity: Severity, language: Language): string {
  return `[${severityWord(severity, language).toUpperCase()}]`;
}

export type Headline = {
  readonly severity: Severity;
  readonly module: string;
  readonly item: string;
  readonly text: string;
};

/** `[CRITICAL] osd/osd.12: text` on one line, whatever the source put into its text. */
export function headline({ severity, module, item, text }: Headline, language: Language): string {
  const told = oneLine(text);
  return `${severityTag(severity, language)} ${oneLine(module)}/${oneLine(item)}${told === "" ? "" : `: ${told}`}`;
}

/**
 * The whole of a popup or of a message: severity and item, then time and the code that takes it, and only then the
 * text, so that wherever it is cut a person still knows what to do (channels-and-standards §1.3).
 */
export function alarmLines(
  alarm: Headline & { readonly at: WallMs; readonly id: string },
  { language, timezone }: { readonly language: Language; readonly timezone: string },
): readonly string[] {
  const words = WORDS[language];
  const text = oneLine(alarm.text);
  return [
    headline({ ...alarm, text: "" }, language),
    words.raised(momentText(alarm.at, timezone)),
    words.take(alarm.id.slice(0, SHORT_ID_LENGTH)),
    ...(text === "" ? [] : [text]),
  ];
}

/** Many alarms in a few lines: how many, then the worst by name, then how many these are not. */
export function summaryLines(
  { open, worstCount, fresh, worst }: {
    readonly open: number;
    readonly worstCount: number;
    readonly fresh: number;
    readonly worst: readonly (Headline & { readonly id: string })[];
  },
  language: Language,
): readonly string[] {
  const words = WORDS[language];
  const [first] = worst;
  return [
    words.summary({
      open,
      worst: first === undefined ? undefined : { count: worstCount, severity: severityWord(first.severity, language) },
      // Where all are new, the number has been said.
      fresh: fresh < open ? fresh : 0,
    }),
    ...worst.map((alarm) => `[${alarm.id.slice(0, SHORT_ID_LENGTH)}] ${headline(alarm, language)}`),
    ...(open > worst.length ? [words.more(open - worst.length)] : []),
  ];
}

/** How an alarm stands, as a STATE packet or the agent's list tells it. */
export type Standing = {
  readonly condition: Condition;
  readonly attention: Attention;
  readonly phase: Phase;
  readonly sending: "pending" | "successful" | "failed";
  readonly by?: string | undefined;
  readonly way?: string | undefined;
  readonly comment?: string | undefined;
  /** Who took it was not among those told. */
  readonly stranger?: boolean | undefined;
  /** Why mail and WeChat failed. */
  readonly reason?: string | undefined;
};

/** One line: how it stands now. What the cluster says goes before what people did, and that before what we tried. */
export function stateLine(standing: Standing, language: Language): string {
  const { condition, attention, phase, sending, reason = "" } = standing;
  const words = WORDS[language];
  if (condition === "cleared") return clearedLine(standing, language);
  if (attention === "acknowledged")
    return joined([acknowledgedLine(standing, language), ...lost(condition, words.sourceLost)], language);
  if (attention === "shelved") return words.shelved;
  const way =
    phase === "fallback" || (sending === "failed" && phase !== "escalated")
      ? fallbackLine(reason, language)
      : phase === "escalated" || sending === "successful"
        ? words.toldOutside
        : phase === "probing" || phase === "escalating"
          ? words.trying
          : words.waiting;
  return joined([way, ...lost(condition, words.sourceLost)], language);
}

/** `Acknowledged by li, at the agent's console: comment`, and a word about somebody who was not told. */
export function acknowledgedLine(
  {
    by = "",
    way = "listener",
    comment = "",
    stranger = false,
  }: Pick<Standing, "by" | "way" | "comment" | "stranger">,
  language: Language,
): string {
  const words = WORDS[language];
  const name = oneLine(by);
  const said = oneLine(comment);
  const line = words.acknowledged(words.by[wayOf(way)](name)) + (said === "" ? "" : `${words.colon}${said}`);
  return joined([line, ...(stranger ? [words.stranger(name)] : [])], language);
}

/** Cleared; and whether anyone had taken it before. */
export function clearedLine(
  { attention, by = "", way = "listener" }: Pick<Standing, "attention" | "by" | "way">,
  language: Language,
): string {
  const words = WORDS[language];
  if (attention === "unacknowledged") return words.clearedUntaken;
  return by === "" ? words.cleared : words.clearedTaken(words.by[wayOf(way)](oneLine(by)));
}

/** The prompt that the LAN must see when nothing went out. */
export function fallbackLine(reason: string, language: Language): string {
  const words = WORDS[language];
  return words.sendingFailed(oneLine(reason) || words.noReason);
}

/** `Told outside by mail to li, zhao`. */
export function toldLine(
  { operators, channel }: { readonly operators: readonly string[]; readonly channel: ChannelName },
  language: Language,
): string {
  const words = WORDS[language];
  return words.told({ names: operators.map(oneLine).join(words.comma), channel: words.channel[channel] });
}

/** The channel's name for people; a word that is none of ours stays as it is. */
export function channelWord(channel: string, language: Language): string {
  const known = CHANNELS.find((name) => name === channel);
  return known === undefined ? oneLine(channel) : WORDS[language].channel[known];
}

/** Texts of sources and comments of people: nothing in them may break the line or move a terminal's cursor. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
}

function wayOf(way: string): Acknowledgement["way"] {
  return way === "console" || way === "robot" || way === "outside" ? way : "listener";
}

/** As the second sentence of a line. */
function lost(condition: Condition, words: string): readonly string[] {
  return condition === "stale" ? [words.charAt(0).toLowerCase() + words.slice(1)] : [];
}

function joined(sentences: readonly string[], language: Language): string {
  return sentences.join(WORDS[language].semicolon);
}
