/** The lines that scripts hear from the running listener: one JSON object each, to every tap that is open. */

import { jsonLine } from "../base/json-line.ts";
import type { TapLine } from "../port/client-door.ts";

/** More taps than this at once are refused: each is a program that somebody has started. */
export const TAPS_MOST = 64;
/** Lines that wait for a slow reader; one that lags further is cut off, so that the listener never waits for it. */
export const TAP_LINES_WAITING_MOST = 10_000;

export type Taps = {
  readonly tell: (line: TapLine) => void;
  /** Opens one more. @returns undefined where there are too many */
  readonly open: () => ReadableStream<Uint8Array> | undefined;
  readonly close: () => void;
};

export function openTaps(): Taps {
  const open = new Set<ReadableStreamDefaultController<Uint8Array>>();
  const encoder = new TextEncoder();
  const drop = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    open.delete(controller);
    try {
      controller.close();
    } catch {
      // The reader has gone already.
    }
  };
  return {
    tell: (line) => {
      if (open.size === 0) return;
      const bytes = encoder.encode(`${jsonLine(line)}\n`);
      for (const controller of [...open]) {
        if ((controller.desiredSize ?? 0) <= 0) drop(controller);
        else controller.enqueue(bytes);
      }
    },
    open: () => {
      if (open.size >= TAPS_MOST) return undefined;
      let own: ReadableStreamDefaultController<Uint8Array> | undefined;
      return new ReadableStream<Uint8Array>(
        {
          start: (controller) => {
            own = controller;
            open.add(controller);
            // An empty line goes at once, so that the reader knows that it is connected.
            controller.enqueue(encoder.encode("\n"));
          },
          cancel: () => {
            if (own !== undefined) open.delete(own);
          },
        },
        { highWaterMark: TAP_LINES_WAITING_MOST },
      );
    },
    close: () => {
      for (const controller of [...open]) drop(controller);
    },
  };
}
