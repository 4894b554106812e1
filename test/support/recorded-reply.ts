/** Replies of real providers as they come over the wire, from `test/golden/channel`, and what each must be judged as. */

import mail from "../golden/channel/mail.json" with { type: "json" };
import wecom from "../golden/channel/wecom.json" with { type: "json" };
import robot from "../golden/channel/wecom-robot.json" with { type: "json" };

export type Recorded = {
  readonly name: string;
  /** `full`: a first attempt; `plain`, `renewed`: that flag of the dispatch is set. */
  readonly form: string;
  /** Every byte of the reply. */
  readonly raw: string;
  readonly want: string;
  /** Null where the outcome has no such field. */
  readonly afterMs: number | null;
  /** What the reason must hold; "" where there is none. */
  readonly reason: string;
};

export const RECORDED_WECOM: readonly (Recorded & { readonly call: string })[] = wecom;
export const RECORDED_ROBOT: readonly (Recorded & { readonly call: string })[] = robot;
export const RECORDED_MAIL: readonly (Recorded & { readonly command: string | null })[] = mail;

/** Header names in lower case, as the carrier gives them. */
export type HttpReply = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };

export function httpReplyOf(raw: string): HttpReply {
  const end = raw.indexOf("\r\n\r\n");
  const [start = "", ...lines] = raw.slice(0, end).split("\r\n");
  const pairs = lines.map((one) => {
    const colon = one.indexOf(":");
    return [one.slice(0, colon).toLowerCase(), one.slice(colon + 1).trim()];
  });
  return { status: Number(start.split(" ")[1]), headers: Object.fromEntries(pairs), body: raw.slice(end + 4) };
}

/** The recorded body that carries this errcode, or undefined where none was recorded. */
export function recordedBody(call: string, errcode: number): string | undefined {
  const rows = call === "webhook" ? RECORDED_ROBOT : RECORDED_WECOM;
  return rows
    .filter((row) => row.call === call)
    .map(({ raw }) => httpReplyOf(raw).body)
    .find((body) => new RegExp(`"errcode":${errcode}[,}]`).test(body));
}
