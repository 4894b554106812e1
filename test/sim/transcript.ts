/** What happened, as a number that two runs can be compared by, and for people the last lines before a failure. */

const LINES_KEPT = Number(process.env["LINES"] ?? 50);

export class Transcript {
  /** Whether lines are written: they cost more than the steps that they tell of. */
  readonly #recording: boolean;
  readonly #lines: string[] = [];
  #a = 0x9e3779b9;
  #b = 0x85ebca6b;

  constructor({ recording }: { readonly recording: boolean }) {
    this.#recording = recording;
  }

  /** Takes a number into the hash. */
  mix(value: number): void {
    this.#a = Math.imul(this.#a ^ (value | 0), 0x01000193);
    this.#a = (this.#a << 13) | (this.#a >>> 19);
    this.#b = Math.imul(this.#b + this.#a, 0xc2b2ae35) ^ (this.#b >>> 15);
  }

  bytes(bytes: Uint8Array): void {
    this.mix(Bun.hash.xxHash32(bytes));
  }

  /** @param tell is called only where somebody reads */
  line(tell: () => string): void {
    if (!this.#recording) return;
    this.#lines.push(tell());
    if (this.#lines.length > 4 * LINES_KEPT) this.#lines.splice(0, this.#lines.length - LINES_KEPT);
  }

  get hash(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }

  get last(): readonly string[] {
    return this.#lines.slice(-LINES_KEPT);
  }
}
