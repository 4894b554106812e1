/** Reads a request's body within a size and a time, whatever its headers promise. */

import { fail, ok, type Result } from "../base/result.ts";
import type { Ms } from "../base/units.ts";

export type ReadFault = { readonly kind: "tooLarge" } | { readonly kind: "tooSlow" } | { readonly kind: "brokenOff" };

/** @param withinMs from the call to the last byte */
export async function readBody(
  request: Request,
  { bytesMost, withinMs }: { readonly bytesMost: number; readonly withinMs: Ms },
): Promise<Result<Uint8Array, ReadFault>> {
  if (Number(request.headers.get("content-length") ?? 0) > bytesMost) return fail({ kind: "tooLarge" });
  if (request.body === null) return ok(new Uint8Array());
  const reader = request.body.getReader();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), withinMs);
  });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for (;;) {
      const read = await Promise.race([reader.read(), late]);
      if (read === "late") return fail({ kind: "tooSlow" });
      if (read.done) return ok(new Uint8Array(Buffer.concat(chunks)));
      bytes += read.value.length;
      if (bytes > bytesMost) return fail({ kind: "tooLarge" });
      chunks.push(read.value);
    }
  } catch {
    return fail({ kind: "brokenOff" });
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => undefined);
  }
}
