/** `gapbell-relay` as its own process, from source or from its executable, in a state folder of one test. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { askLocal } from "../../lib/io/local.ts";
import { aCommand, type Running } from "./a-process.ts";
import { tempFolder, type TempFolder } from "./temp-folder.ts";
import { freePort } from "./free-port.ts";

const ENTRY = join(import.meta.dir, "..", "..", "relay.ts");

export type RelayProcess = AsyncDisposable & {
  readonly folder: TempFolder;
  readonly port: number;
  /** Runs one command to its end. */
  readonly command: (...words: readonly string[]) => ReturnType<Running["end"]>;
  /** Starts `run` and waits until it answers. */
  readonly runs: () => Promise<Running>;
  /** Replaces the configuration. @param channels indented YAML below `channels:` */
  readonly configures: (channels: string) => void;
  readonly writes: (name: string, text: string) => void;
};

/** @param program what is started; its source unless told otherwise */
export async function aRelayProcess({ program = [process.execPath, ENTRY] }: { readonly program?: readonly string[] } = {}): Promise<RelayProcess> {
  const folder = tempFolder();
  const port = await freePort();
  const running: Running[] = [];
  const state = ["--state", folder.path];
  return {
    folder, port,
    command: (...words) => aCommand([...program, ...words, ...state]).end(),
    runs: async () => {
      const relay = aCommand([...program, "run", ...state]);
      running.push(relay);
      const ended = relay.end();
      for (;;) {
        const asked = await askLocal(folder.at("relay.sock"), { method: "GET", route: "/v1/ability" });
        if (asked.ok) return { ...relay, end: () => ended };
        const gone = await Promise.race([ended, new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 20))]);
        if (gone !== undefined) throw new Error(`The relay ended with ${gone.code}: ${gone.err}`);
      }
    },
    configures: (channels) => writeFileSync(folder.at("relay.yaml"), `listen: 127.0.0.1:${port}\nchannels:\n${channels}`),
    writes: (name, text) => writeFileSync(folder.at(name), text, { mode: 0o600 }),
    [Symbol.asyncDispose]: async () => {
      for (const relay of running) relay.kill("SIGKILL");
      folder[Symbol.dispose]();
    },
  };
}
