/** A socket beside the listeners of a host: it gets every broadcast, and notes it. */

import { createSocket } from "node:dgram";
import { once } from "node:events";

export type Tap = Disposable & {
  readonly port: number;
  /** In the order of their arrival; moments of `performance.now`. */
  readonly heard: readonly { readonly at: number; readonly bytes: Uint8Array }[];
  /** Says something to whoever sends; undefined says nothing. */
  readonly answer: (how: (bytes: Uint8Array) => string | undefined) => void;
};

const RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024;

/** @param port 0 for whatever is free */
export async function openTap(port: number): Promise<Tap> {
  const socket = createSocket({ type: "udp4", reuseAddr: true });
  const heard: { readonly at: number; readonly bytes: Uint8Array }[] = [];
  let answered = (_: Uint8Array): string | undefined => undefined;
  socket.on("message", (datagram, { address, port: from }) => {
    const bytes = new Uint8Array(datagram);
    heard.push({ at: performance.now(), bytes });
    const answer = answered(bytes);
    if (answer !== undefined) socket.send(answer, from, address);
  });
  const listening = once(socket, "listening");
  socket.bind(port);
  await listening;
  socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
  return { heard, port: socket.address().port, answer: (how) => void (answered = how), [Symbol.dispose]: () => socket.close() };
}
