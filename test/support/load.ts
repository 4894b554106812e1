/** Reports from many connections at once, each sent as soon as the one before is answered. */

import { connect, type Socket } from "node:net";

export type Answer = { readonly status: number; readonly body: string };

export type Load = {
  /** What was answered, by its mark. */
  readonly answers: ReadonlyMap<string, Answer>;
  /** Local ports of the connections whose request has been handed to the kernel and has no answer. */
  readonly waiting: () => readonly number[];
  /** Sends nothing more; resolves when everything sent is answered or its connection lost. */
  readonly stop: () => Promise<void>;
  /** Resolves when `most` reports have been answered, or all connections are lost. */
  readonly done: Promise<void>;
};

/** @param markAt the text that names the nth report, and under which its answer is found */
export function startLoad({
  port, connections, most = Number.POSITIVE_INFINITY, markAt, detail = "",
}: {
  readonly port: number;
  readonly connections: number;
  readonly most?: number;
  readonly markAt: (nth: number) => string;
  readonly detail?: string;
}): Load {
  const answers = new Map<string, Answer>();
  const waiting = new Map<Socket, string>();
  const ended = Promise.withResolvers<void>();
  let sent = 0;
  let open = connections;
  let stopped = false;

  const next = (socket: Socket): void => {
    if (stopped || sent >= most) return void socket.end();
    const mark = markAt(sent);
    sent += 1;
    waiting.set(socket, mark);
    socket.write(requestOf(mark, detail));
  };

  for (let i = 0; i < connections; i += 1) {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    socket.setNoDelay(true);
    socket.on("connect", () => next(socket));
    socket.on("data", (chunk) => {
      text += chunk.toString("utf8");
      const answer = answerIn(text);
      if (answer === undefined) return;
      text = "";
      answers.set(waiting.get(socket) ?? "", answer);
      waiting.delete(socket);
      next(socket);
    });
    socket.on("error", () => {});
    socket.on("close", () => {
      open -= 1;
      if (open === 0) ended.resolve();
    });
  }

  return {
    answers,
    waiting: () => [...waiting.keys()].filter(({ writableLength }) => writableLength === 0).map(({ localPort = 0 }) => localPort),
    stop: () => {
      stopped = true;
      return ended.promise;
    },
    done: ended.promise,
  };
}

function requestOf(mark: string, detail: string): string {
  const body = JSON.stringify({ condition: "raised", severity: "major", labels: { mark }, text: mark, ...(detail === "" ? {} : { detail }) });
  return `POST /v1/reports HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** @returns undefined until the answer is whole */
function answerIn(text: string): Answer | undefined {
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const length = Number(/^content-length: (\d+)$/im.exec(text.slice(0, end))?.[1] ?? 0);
  const body = text.slice(end + 4);
  return Buffer.byteLength(body) < length ? undefined : { status: Number(text.split(" ")[1]), body };
}
