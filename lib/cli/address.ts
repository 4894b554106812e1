/** Addresses as configuration and options write them: HOST, or HOST:PORT where the port is not the usual one. */

import { z } from "zod";
import type { Address } from "../port/lan.ts";

/** "255.255.255.255:65535" */
export const ADDRESS_CHARACTERS_MOST = 21;

const host = z.ipv4();
const port = z.int().min(1).max(65_535);

/** @returns undefined where it is neither */
export function addressIn(text: string, usualPort: number): Address | undefined {
  const [, name = "", digits] = /^(\d{1,3}(?:\.\d{1,3}){3})(?::(\d{1,5}))?$/.exec(text) ?? [];
  const number = digits === undefined ? usualPort : Number(digits);
  return host.safeParse(name).success && port.safeParse(number).success ? { host: name, port: number } : undefined;
}
