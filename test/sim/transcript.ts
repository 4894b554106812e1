/** What happened, as a number that two runs can be compared by, and for people the last lines before a failure. */

export class Transcript {
  /** Lines cost more than the steps that they tell of. */
  readonly #kept: number;
  readonly #lines: string[] = [];
  #a = 0x9e3779b9;
  #b = 0x85ebca6b;

  /** @param lines how many of the last ones are kept; 0 where nobody reads */
  constructor({ lines }: { readonly lines: number }) {
    this.#kept = lines;
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
    if (this.#kept === 0) return;
    this.#lines.push(tell());
    if (this.#lines.length > 4 * this.#kept) this.#lines.splice(0, this.#lines.length - this.#kept);
  }

  get hash(): string {
    return [this.#a, this.#b].map((half) => (half >>> 0).toString(16).padStart(8, "0")).join("");
  }

  get last(): readonly string[] {
    return this.#lines.slice(-this.#kept);
  }
}
