/** Raises the security floor, at the cluster key's word: by this agent's console, or as another agent hands it on. */

import type { Now } from "../base/units.ts";
import { read } from "../trust/certificate.ts";
import type { Reply } from "../port/tickets.ts";
import type { Versions } from "../wire/versions.ts";
import type { Parts } from "./parts.ts";

/** @returns whether it is higher than before */
export function raiseFloor({ floor, self, draft, listeners }: Parts, certificate: string, now: Now): boolean {
  if (!floor.raise(certificate, self.clusterKey)) return false;
  draft.put("meta", "floor", certificate);
  draft.log("floor raised", { version: floor.version });
  // Beacons say what is spoken here.
  listeners.hastenBeacon(now.mono);
  return true;
}

export function answerFloor(parts: Parts, certificate: string, now: Now): Reply {
  const { self, floor } = parts;
  const [, highest] = self.versions;
  const refuse = (status: number, error: string): Reply => ({ status, body: { error, field: "floor" } });
  const paper = read("floor", certificate, self.clusterKey);
  if (!paper.ok) return refuse(400, "The floor is not signed by this cluster's key");
  if (paper.value.version > highest) return refuse(400, `This agent speaks versions up to ${highest}: a floor of ${paper.value.version} would shut itself out`);
  if (!raiseFloor(parts, certificate, now)) return refuse(409, `The floor is ${floor.version} already, and only rises`);
  return { status: 200, body: floorOf(parts) };
}

export function floorOf({ self, floor }: Parts): { readonly floor: number; readonly versions: Versions } {
  return { floor: floor.version, versions: self.versions };
}
