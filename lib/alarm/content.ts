/** What of an alarm may leave the room. */

/** Times, severity and a short id alone say little to a stranger; the others are left out unless `content` names them. */
export const CONTENT_FIELDS = ["severity", "module", "item", "text", "detail", "times", "id"] as const;
export type ContentField = (typeof CONTENT_FIELDS)[number];

/** What leaves where the configuration says nothing (design §5). */
export const CONTENT_DEFAULT: readonly ContentField[] = ["severity", "module", "times", "id"];
