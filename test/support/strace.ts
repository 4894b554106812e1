/** Reads what strace writes: which call said what to whom, and in which order calls began and ended. */

/** How strace must be started so that `parseStrace` understands it; the trace goes to `file`. */
export function straceWords(file: string): readonly string[] {
  const calls = [...READS, ...SENDS, "socket", "accept4", "fsync", "fdatasync"].join(",");
  // -y names each descriptor by its file or its socket's number, -xx writes bytes in hex, -v and -s cut nothing short.
  return ["strace", "-f", "-y", "-xx", "-v", "-s", "1048576", "--seccomp-bpf", "-o", file, "-e", `trace=${calls}`, "-e", "signal=none"];
}

export const READS = ["recvfrom", "recvmsg", "recvmmsg", "read", "readv"] as const;
export const SENDS = ["sendto", "sendmsg", "sendmmsg", "write", "writev"] as const;

export type Call = {
  readonly name: string;
  /** The file or socket that the first argument names: a path, or "socket:[74092]"; "" where it is none. */
  readonly on: string;
  /** The arguments as strace wrote them, without their bytes. */
  readonly words: string;
  /** What was read or written, one for each datagram of a batch; never an address. */
  readonly bytes: readonly Uint8Array[];
  readonly result: number;
  /** The file or socket that the result names. */
  readonly made: string;
  /** Moments in the order of the trace. A call that another thread interrupted ends later than it began. */
  readonly begun: number;
  readonly ended: number;
};

/** The calls that ended, in the order of their ends. Signals, exits and calls that a kill cut off are left out. */
export function parseStrace(trace: string): readonly Call[] {
  const calls: Call[] = [];
  const unfinished = new Map<string, { readonly text: string; readonly begun: number }>();
  for (const [moment, line] of trace.split("\n").entries()) {
    const [, thread = "", text = ""] = /^(\d+) +(.*)$/.exec(line) ?? [];
    const interrupted = /^(.*) <unfinished \.\.\.>$/.exec(text)?.[1];
    if (interrupted !== undefined) {
      unfinished.set(thread, { text: interrupted, begun: moment });
      continue;
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text)?.[1];
    const first = resumed === undefined ? undefined : unfinished.get(thread);
    if (resumed !== undefined) unfinished.delete(thread);
    const whole = resumed === undefined ? text : `${first?.text ?? ""}${resumed}`;
    const call = parseCall(whole, { begun: first?.begun ?? moment, ended: moment });
    if (call !== undefined) calls.push(call);
  }
  return calls;
}

function parseCall(text: string, moments: { readonly begun: number; readonly ended: number }): Call | undefined {
  const [, name = "", inside, result, made] = /^(\w+)\((.*)\) += (-?\d+|\?)(?:<([^>]*)>)?/.exec(text) ?? [];
  if (inside === undefined || result === undefined || result === "?") return undefined;
  const on = /^\d+<([^>]*)>/.exec(inside)?.[1] ?? "";
  return {
    name, on: asText(on), words: inside.replaceAll(QUOTED, '""'), bytes: bytesIn(name, inside),
    result: Number(result), made: asText(made ?? ""), ...moments,
  };
}

const QUOTED = /"((?:\\x[0-9a-f]{2})*)"(\.\.\.)?/g;
/** Calls that take a list of buffers, each after this word; the others take one, their first text. */
const VECTORS: ReadonlySet<string> = new Set(["sendmsg", "sendmmsg", "writev", "recvmsg", "recvmmsg", "readv"]);

function bytesIn(name: string, inside: string): readonly Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const match of inside.matchAll(QUOTED)) {
    const vector = VECTORS.has(name);
    if (vector && !inside.slice(0, match.index).endsWith("iov_base=")) continue;
    if (match[2] !== undefined) throw new Error(`strace cut the bytes of a ${name} short`);
    found.push(fromEscapes(match[1] ?? ""));
    if (!vector) break;
  }
  return found;
}

function fromEscapes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replaceAll("\\x", ""), "hex"));
}

/** Names of descriptors are escaped like bytes; those that are not stay as they are. */
function asText(name: string): string {
  return name.startsWith("\\x") ? Buffer.from(fromEscapes(name)).toString("utf8") : name;
}
