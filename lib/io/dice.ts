/** The kernel's random bytes. */

import { randomBytes } from "node:crypto";
import type { Dice } from "../port/dice.ts";

export const dice: Dice = { bytes: (count) => new Uint8Array(randomBytes(count)) };
