/** Bytes and the spellings they take in JSON, on paper and in file names. */

const UTF8_OUT = new TextEncoder();
const UTF8_IN = new TextDecoder("utf-8", { fatal: true, ignoreBOM: false });

export function utf8(text: string): Uint8Array {
  return UTF8_OUT.encode(text);
}

/** Strict UTF-8. @returns undefined where the bytes are not valid UTF-8 */
export function fromUtf8(bytes: Uint8Array): string | undefined {
  try {
    return UTF8_IN.decode(bytes);
  } catch {
    return undefined;
  }
}

/** Length of a text in UTF-8 bytes. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i += 1) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

export function toHex(bytes: Uint8Array): string {
  return bytes.toHex();
}

export function toBase64(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** base64url without padding. @returns undefined where a character is foreign or the length impossible */
export function fromBase64(text: string): Uint8Array | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  return Uint8Array.fromBase64(text, { alphabet: "base64url" });
}

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** Crockford's base 32: no I, L, O, U, so that people can read it to each other. 16 bytes make 26 characters. */
export function toCrockford(bytes: Uint8Array): string {
  let text = "";
  let bits = 0;
  let held = 0;
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += CROCKFORD[(held >>> bits) & 31];
    }
  }
  return bits > 0 ? text + CROCKFORD[(held << (5 - bits)) & 31] : text;
}

/** Takes lower case, I and L for 1, O for 0, and hyphens. @returns undefined where a character is foreign */
export function fromCrockford(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let length = 0;
  let bits = 0;
  let held = 0;
  for (let at = 0; at < text.length; at += 1) {
    const value = CROCKFORD_VALUE.get(text.charCodeAt(at));
    if (value === undefined) return undefined;
    if (value === HYPHEN) continue;
    held = ((held << 5) | value) & 0xfff;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length] = (held >>> bits) & 255;
    length += 1;
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}

/** Stands between characters and says nothing. */
const HYPHEN = -1;
const CROCKFORD_VALUE = new Map<number, number>(
  [...[...CROCKFORD].map((character, value): [string, number] => [character, value]), ["O", 0] as const, ["I", 1] as const, ["L", 1] as const, ["-", HYPHEN] as const]
    .flatMap(([character, value]) => [[character.charCodeAt(0), value], [character.toLowerCase().charCodeAt(0), value]]),
);
