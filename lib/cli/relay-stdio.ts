/** `gapbell-relay stdio`: the forced command of an agent's SSH key. Reads no file, so that its account needs no right to any. */

import { pipeStdio } from "../io/stdio-pipe.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { PORTS } from "./ports.ts";

/** Where a relay listens unless its configuration says otherwise. */
export const STDIO_TARGET = `127.0.0.1:${PORTS.relay}`;

export async function stdio(target: { readonly host: string; readonly port: number }): Promise<void> {
  const piped = await pipeStdio(target);
  if (piped.ok) return;
  const place = `${target.host}:${target.port}`;
  if (piped.fault.kind === "nobody") {
    throw new ExitFault(EXIT.unavailable, `No relay listens at ${place} on this host`, 'Start it with "gapbell-relay run"; where it listens elsewhere, add --to HOST:PORT to the command in authorized_keys');
  }
  throw new ExitFault(EXIT.temporary, `The connection with the relay at ${place} broke off: ${piped.fault.reason}`);
}
