/** A seeded generator: the only dice of the core. Not for keys. */

/** sfc32, seeded by splitmix; the same seed gives the same row of numbers on every machine. */
export class Prng {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  /** @param seed any 32-bit integer */
  constructor(seed: number) {
    let state = seed >>> 0;
    const next = (): number => {
      state = (state + 0x9e3779b9) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
      mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
      return (mixed ^ (mixed >>> 16)) >>> 0;
    };
    this.#a = next();
    this.#b = next();
    this.#c = next();
    for (let i = 0; i < 12; i += 1) this.uint32();
  }

  uint32(): number {
    const sum = (this.#a + this.#b + this.#count) >>> 0;
    this.#count = (this.#count + 1) >>> 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) >>> 0;
    return sum;
  }

  /** Uniform in [0, 1). */
  fraction(): number {
    return this.uint32() / 4_294_967_296;
  }

  /** Uniform in [middle × (1 − share), middle × (1 + share)]. */
  around(middle: number, share: number): number {
    return middle * (1 + share * (2 * this.fraction() - 1));
  }
}
