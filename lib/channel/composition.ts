/** What a person outside reads: subject and text of an alarm or of a notice about it, in that person's language and time. */

import { momentText } from "../alarm/moment.ts";
import { SHORT_ID_LENGTH } from "../alarm/wording.ts";
import type { Escalation, Recipient } from "../wire/relay-api.ts";
import { clean, fit, line } from "./budget.ts";
import type { Dispatch } from "./channel.ts";
import { PHRASES, type Phrases } from "./phrases.ts";

export type Composition = {
  /** One line, ≤ `SUBJECT_BYTES_MOST`; the same for every message about one occurrence but for `[OK]` on a clear. */
  readonly subject: string;
  /** Lines joined by "\n". Severity, item, cluster, time and id stand in the first 200 bytes, so that a cut leaves them. */
  readonly text: string;
};

/** Bytes of UTF-8; a header line of 998 characters holds it however it is encoded (RFC 5322 §2.1.1). */
export const SUBJECT_BYTES_MOST = 180;

const ITEM_BYTES_MOST = 72;
const CLUSTER_BYTES_MOST = 48;

/** Fields that must not leave the room are absent in the escalation, and leave no empty line here. */
export function compositionOf(dispatch: Dispatch): Composition {
  const { escalation, about, recipients, plain } = dispatch;
  const { language, timezone } = readerOf(recipients);
  const phrases = PHRASES[language];
  const time = (at: number): string => momentText(at, timezone);
  const subject = subjectOf(dispatch, phrases);
  const head = [headlineOf(dispatch, phrases), occasionOf(dispatch, phrases, time)];
  if (about.kind !== "alarm") return { subject, text: joined([...head, plain ? undefined : escalation.text]) };
  const acknowledge = phrases.acknowledge(shortId(escalation));
  const whole = plain ? [phrases.withheld, "", acknowledge] : bodyOf(escalation, { phrases, time, acknowledge });
  return { subject, text: joined([...head, ...whole]) };
}

/** A group reads one text: in the language that most of its people read, at the first such person's time. */
function readerOf(recipients: Dispatch["recipients"]): Recipient {
  const chinese = recipients.filter(({ language }) => language === "zh");
  const english = recipients.filter(({ language }) => language === "en");
  const most = chinese.length === english.length ? recipients : chinese.length > english.length ? chinese : english;
  return most[0] ?? recipients[0];
}

function shortId({ occurrence }: Escalation): string {
  return occurrence.slice(0, SHORT_ID_LENGTH);
}

function subjectOf({ escalation, about, plain }: Dispatch, phrases: Phrases): string {
  const start = about.kind === "cleared" ? phrases.cleared : phrases.tag[escalation.severity];
  const end = ` — ${placeOf(escalation)}`;
  const thing = plain ? phrases.alarm : thingOf(escalation, phrases);
  const told = plain || escalation.text === undefined ? "" : `: ${line(escalation.text)}`;
  const room = SUBJECT_BYTES_MOST - Buffer.byteLength(start + end) - 1;
  return `${start} ${fit(`${thing}${told}`, room)}${end}`;
}

/** The first line of the text: all that a phone shows before it is opened. */
function headlineOf({ escalation, about, plain }: Dispatch, phrases: Phrases): string {
  const start = about.kind === "cleared" ? phrases.cleared : phrases.tag[escalation.severity];
  return `${start} ${plain ? phrases.alarm : thingOf(escalation, phrases)} — ${placeOf(escalation)}`;
}

function thingOf({ item, module }: Escalation, phrases: Phrases): string {
  return fit(line(item ?? module ?? phrases.alarm), ITEM_BYTES_MOST);
}

function placeOf(escalation: Escalation): string {
  return `${fit(line(escalation.clusterName), CLUSTER_BYTES_MOST)} #${shortId(escalation)}`;
}

/**
 * Why this message comes now. A reminder and a new revision say so in words: WeCom drops a request that is identical to
 * an earlier one, and a person must see that it is not the same message again.
 */
function occasionOf({ escalation, about, resent }: Dispatch, phrases: Phrases, time: (at: number) => string): string | undefined {
  const { generatedAt, raisedAt, step, revision, attempt = 1 } = escalation;
  const mark = resent ? [phrases.resent] : [];
  switch (about.kind) {
    case "taken":
      return [phrases.takenBy(line(about.by), time(about.at)), ...mark].join(" ");
    case "cleared":
      return [phrases.clearedAt(time(about.at)), ...mark].join(" ");
    case "alarm": {
      const at = raisedAt || generatedAt;
      const when = at > 0 ? [time(at)] : [];
      const again = step > 0 ? [phrases.reminder(step + 1)] : [];
      const changed = revision > 1 ? [phrases.changed(revision)] : [];
      const anew = attempt > 1 ? [phrases.anew(attempt)] : [];
      return joined([[...when, ...mark].join(" ") || undefined, ...again, ...changed, ...anew]) || undefined;
    }
  }
}

/** The source's own detail comes last: it is the longest, and a cut takes from the end. */
function bodyOf(
  escalation: Escalation,
  { phrases, time, acknowledge }: { readonly phrases: Phrases; readonly time: (at: number) => string; readonly acknowledge: string },
): readonly (string | undefined)[] {
  const { text, module, item, detail, reason, generatedAt, raisedAt } = escalation;
  const cutItem = item !== undefined && thingOf(escalation, phrases) !== line(item);
  return [
    text === undefined ? undefined : line(text),
    "",
    module === undefined ? undefined : `${phrases.module}: ${line(module)}`,
    cutItem ? `${phrases.item}: ${line(item)}` : undefined,
    generatedAt > 0 && raisedAt > 0 && generatedAt !== raisedAt ? `${phrases.generated}: ${time(generatedAt)}` : undefined,
    reason === undefined || reason === "" ? undefined : `${phrases.why}: ${line(reason)}`,
    "",
    acknowledge,
    "",
    detail === undefined ? undefined : clean(detail).trim(),
  ];
}

/** An empty string is a wanted blank line, undefined is nothing; blanks do not double and do not end the text. */
function joined(lines: readonly (string | undefined)[]): string {
  return lines
    .filter((one) => one !== undefined)
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}
