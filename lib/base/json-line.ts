/** JSON that a terminal shows and does not obey, whatever a source has put into its texts. */

/** What JSON lets stand as it is: DEL, the controls of ISO 6429 beyond ASCII (0x9B begins a command), and line ends of Unicode. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029]/g;

/** One line. */
export function jsonLine(value: unknown): string {
  return escapeControls(JSON.stringify(value) ?? "null");
}

/** @param json its meaning stays the same */
export function escapeControls(json: string): string {
  return json.replace(CONTROLS, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
