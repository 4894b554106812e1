/** The listener's local interface: a few routes over its unix socket, and the lines that scripts follow. */

import type { ClientQuestion, TapLine } from "../port/client-door.ts";
import { COMMENT_CHARACTERS_MOST } from "../port/client-door.ts";
import type { Reply } from "../port/tickets.ts";

/** Scripts that follow at once; more are refused. */
export const TAPS_MOST = 64;

/** Those who follow the lines. */
export class Taps {
  readonly #open = new Set<(line: string) => void>();

  tell(line: TapLine): void {
    const text = `${JSON.stringify(line)}\n`;
    for (const write of this.#open) write(text);
  }

  /** @returns undefined where too many follow already */
  follow(): ReadableStream<string> | undefined {
    if (this.#open.size >= TAPS_MOST) return undefined;
    let write: (line: string) => void = () => {};
    return new ReadableStream<string>({
      start: (controller) => {
        write = (line) => controller.enqueue(line);
        this.#open.add(write);
        // Said at once, so that whoever waits for the head of the answer has it.
        write("\n");
      },
      cancel: () => void this.#open.delete(write),
    });
  }
}

export function clientRoutes({ ask, taps, drops }: {
  readonly ask: (question: ClientQuestion) => Promise<Reply>; readonly taps: Taps; readonly drops: () => Readonly<Record<string, number>>;
}): (request: Request) => Promise<Response> {
  const reply = async (question: ClientQuestion): Promise<Response> => {
    const { status, body } = await ask(question);
    return Response.json(question.kind === "status" && typeof body === "object" ? { ...body, dropped: drops() } : body, { status });
  };
  return async (request) => {
    const { pathname, searchParams } = new URL(request.url);
    const ack = /^\/v1\/alarms\/([^/]+)\/ack$/.exec(pathname)?.[1];
    if (request.method === "GET" && pathname === "/v1/alarms") return reply({ kind: "list", all: searchParams.get("all") === "1" });
    if (request.method === "GET" && pathname === "/v1/status") return reply({ kind: "status" });
    if (request.method === "GET" && pathname === "/v1/tap") {
      const stream = taps.follow();
      return stream === undefined ? Response.json({ error: `More than ${TAPS_MOST} listen already` }, { status: 503 }) : new Response(stream);
    }
    if (request.method === "POST" && ack !== undefined) {
      const body: unknown = await request.json().catch(() => ({}));
      const field = typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
      const comment = typeof field["comment"] === "string" ? field["comment"].slice(0, COMMENT_CHARACTERS_MOST) : "";
      return reply({ kind: "ack", id: decodeURIComponent(ack), comment, robot: field["robot"] === true });
    }
    return Response.json({ error: `There is no ${request.method} ${pathname}` }, { status: 404 });
  };
}
