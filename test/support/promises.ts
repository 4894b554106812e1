/** Holds a trace of system calls against the promise: nothing is said before it is on disk. */

import { type Call, READS, SENDS } from "./strace.ts";

export type Promises = {
  /** Successes over HTTP to requests that bring something. */
  readonly successes: number;
  /** Datagrams that tell of something that a request brought. */
  readonly datagrams: number;
  /** Syncs of the log. */
  readonly syncs: number;
  /** What was said too early, one sentence each. */
  readonly broken: readonly string[];
};

/**
 * Every success, and every datagram about what a request brought, must follow a whole sync of the log that began after
 * the request had been read.
 *
 * @param log the end of the path of the log
 * @param mark finds the words in a request by which its content is known again
 * @param told the words in a datagram; [] for one that tells of no request
 */
export function promisesOf(
  calls: readonly Call[],
  { log, mark, told }: { readonly log: string; readonly mark: RegExp; readonly told: (datagram: Uint8Array) => readonly string[] },
): Promises {
  const syncs = calls.filter(({ name, on, result }) => (name === "fsync" || name === "fdatasync") && on.endsWith(log) && result === 0);
  const synced = (after: number, before: number): boolean => syncs.some(({ begun, ended }) => begun > after && ended < before);
  const datagramSockets = new Set(calls.flatMap(({ name, words, made }) => (name === "socket" && words.includes("SOCK_DGRAM") ? [made] : [])));
  const asked = new Map<string, { readonly brings: boolean; readonly read: number }>();
  const readAt = new Map<string, number>();
  const broken: string[] = [];
  let successes = 0;
  let datagrams = 0;

  // In the order of their beginnings: an answer is given when its call begins.
  for (const call of [...calls].sort((a, b) => a.begun - b.begun)) {
    if (!call.on.startsWith("socket:")) continue;
    const texts = call.bytes.map((bytes) => Buffer.from(bytes).toString("latin1"));
    if (isOneOf(READS, call.name) && !datagramSockets.has(call.on)) {
      const text = texts.join("");
      if (text === "") continue;
      const method = /^([A-Z]+) \//.exec(text)?.[1];
      const brings = method === undefined ? (asked.get(call.on)?.brings ?? false) : method !== "GET" && method !== "HEAD";
      asked.set(call.on, { brings, read: call.ended });
      for (const [word] of text.matchAll(mark)) if (!readAt.has(word)) readAt.set(word, call.ended);
    } else if (isOneOf(SENDS, call.name) && datagramSockets.has(call.on)) {
      for (const bytes of call.bytes) {
        const words = told(bytes);
        if (words.length > 0) datagrams += 1;
        for (const word of words) {
          const read = readAt.get(word);
          if (read === undefined) broken.push(`A datagram tells of "${word}", which no request has brought`);
          else if (!synced(read, call.begun)) broken.push(`A datagram tells of "${word}" before it was on disk`);
        }
      }
    } else if (isOneOf(SENDS, call.name) && /^HTTP\/1\.1 2/.test(texts[0] ?? "")) {
      const request = asked.get(call.on);
      if (request === undefined || !request.brings) continue;
      successes += 1;
      if (!synced(request.read, call.begun)) broken.push(`A request on ${call.on} was answered before it was on disk`);
    }
  }
  return { successes, datagrams, syncs: syncs.length, broken };
}

function isOneOf(names: readonly string[], name: string): boolean {
  return names.includes(name);
}
