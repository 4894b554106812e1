/** The security floor: the lowest feature version that may be spoken in the cluster. The cluster key signs it, and it only rises. */

import { read } from "./certificate.ts";

/** Where nothing was ever signed. */
const LOWEST = 1;

export class Floor {
  #version = LOWEST;
  #certificate: string | undefined;

  get version(): number {
    return this.#version;
  }

  /** Exact bytes in base64url; undefined where the floor was never raised. */
  get certificate(): string | undefined {
    return this.#certificate;
  }

  /** @returns whether the floor is higher than before; never for what the cluster key has not signed */
  raise(certificate: string, clusterKey: Uint8Array): boolean {
    const paper = read("floor", certificate, clusterKey);
    if (!paper.ok || paper.value.version <= this.#version) return false;
    this.#version = paper.value.version;
    this.#certificate = certificate;
    return true;
  }
}
