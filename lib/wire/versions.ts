/** Feature versions of the protocol: what this release speaks, and what two who meet speak with each other. */

/** Lowest and highest. */
export type Versions = [lowest: number, highest: number];

export const VERSIONS: Versions = [1, 1];

/**
 * Made anew at each HELLO and remembered by nobody, so that a release can be taken back: the next HELLO comes to less.
 *
 * @param floor the cluster's security floor
 * @returns undefined where there is none that both may speak
 */
export function negotiate(ours: Versions, theirs: Versions, floor: number): number | undefined {
  const highest = Math.min(ours[1], theirs[1]);
  return highest >= Math.max(ours[0], theirs[0], floor) ? highest : undefined;
}
