/** `client.yaml`, which most laptops do without: where the LAN is, and agents that broadcasts do not reach. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { fit } from "../base/misfit.ts";
import { faultsAt, openYaml, printFaults } from "./config.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { PORTS } from "./ports.ts";

const port = z.int().min(1).max(65_535);
const address = z.ipv4();
const FILE = "client.yaml";

const ClientForm = z.strictObject({
  lan: z.strictObject({
    interfaces: z.array(z.strictObject({ name: z.string().min(1).max(15), broadcast: address.optional() })).min(1).max(32).optional(),
    broadcast_port: port.default(PORTS.broadcast),
    agent_port: port.default(PORTS.agent),
  }).default({ broadcast_port: PORTS.broadcast, agent_port: PORTS.agent }),
  agents: z.array(z.strictObject({ host: address, port: port.default(PORTS.agent) })).max(16).default([]),
  language: z.enum(["en", "zh"]).default("en"),
});
export type ClientConfig = z.infer<typeof ClientForm>;

/** The defaults where there is no file. Throws an `ExitFault` (78) that lists every mistake with its place. */
export function readClientConfig(state: string): ClientConfig {
  const path = join(state, FILE);
  const bytes = bytesOf(path);
  if (bytes === undefined) return ClientForm.parse({});
  const file = openYaml(bytes, path);
  if (!file.ok) throw new ExitFault(EXIT.config, printFaults(file.fault));
  const fitted = fit(ClientForm, file.value.json);
  if (!fitted.ok) throw new ExitFault(EXIT.config, printFaults(faultsAt(file.value, fitted.fault)));
  return fitted.value;
}

function bytesOf(path: string): Uint8Array | undefined {
  try {
    return new Uint8Array(readFileSync(path));
  } catch {
    return undefined;
  }
}
