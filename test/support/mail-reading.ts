/** Reads a mail as a person's mail program would show it: decoded headers and text. Enough for what Gapbell sends. */

export type Mail = {
  /** Names in lower case; unfolded and decoded. */
  readonly headers: Readonly<Record<string, string>>;
  readonly subject: string;
  readonly text: string;
};

export function readMail(raw: Uint8Array): Mail {
  const whole = Buffer.from(raw).toString("latin1");
  const end = whole.indexOf("\r\n\r\n");
  const lines = whole.slice(0, end).replace(/\r\n[ \t]+/g, " ").split("\r\n");
  const headers = Object.fromEntries(
    lines.map((one) => {
      const colon = one.indexOf(":");
      return [one.slice(0, colon).toLowerCase(), decodeWords(one.slice(colon + 1).trim())];
    }),
  );
  const text = decodeBody(whole.slice(end + 4), headers["content-transfer-encoding"] ?? "7bit");
  return { headers, subject: headers["subject"] ?? "", text: text.replace(/\r\n/g, "\n").trimEnd() };
}

/** RFC 2047; the blank between two encoded words is not part of the text. */
function decodeWords(text: string): string {
  return text
    .replace(/\?=\s+=\?/g, "?==?")
    .replace(/((?:=\?utf-8\?[bq]\?[^?]*\?=)+)/gi, (words) => {
      const parts = [...words.matchAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi)].map(([, way = "", body = ""]) =>
        way.toLowerCase() === "b" ? Buffer.from(body, "base64") : quoted(body.replaceAll("_", " ")),
      );
      return Buffer.concat(parts).toString("utf8");
    });
}

function decodeBody(body: string, encoding: string): string {
  if (encoding.toLowerCase() === "base64") return Buffer.from(body, "base64").toString("utf8");
  if (encoding.toLowerCase() === "quoted-printable") return quoted(body.replace(/=\r\n/g, "")).toString("utf8");
  return Buffer.from(body, "latin1").toString("utf8");
}

function quoted(text: string): Buffer {
  return Buffer.from(text.replace(/=([0-9A-F]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), "latin1");
}
