/** The languages in which Gapbell speaks to people. */

export const LANGUAGES = ["en", "zh"] as const;

/** English, or Simplified Chinese. */
export type Language = (typeof LANGUAGES)[number];
