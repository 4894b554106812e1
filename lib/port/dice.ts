/** Random bytes: keys, nonces and the seed of jitter. Never used for decisions inside a machine. */

export interface Dice {
  bytes(count: number): Uint8Array;
}
