/** Which build this is. The build defines both words; a run from source has neither. */

declare const GAPBELL_VERSION: string | undefined;
declare const GAPBELL_COMMIT: string | undefined;

/** `0.1.0`, or `0.0.0-source` where nothing was built. */
export const VERSION = typeof GAPBELL_VERSION === "undefined" ? "0.0.0-source" : (GAPBELL_VERSION ?? "");

/** The commit that was built, abbreviated; "" from source. */
export const COMMIT = typeof GAPBELL_COMMIT === "undefined" ? "" : (GAPBELL_COMMIT ?? "");

/** What `--version` prints. */
export function buildLine(name: string): string {
  return COMMIT === "" ? `${name} ${VERSION}` : `${name} ${VERSION} (${COMMIT})`;
}
