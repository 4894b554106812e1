/** Who we are, who the others are, and the keys between us. */

/** 16 hex digits: the first 8 bytes of SHA-256 over the Ed25519 public key. */
export type PeerId = string;

/** Another one's public keys, 32 raw bytes each. */
export type Peer = { readonly id: PeerId; readonly ed: Uint8Array; readonly x: Uint8Array };

/** The 32-byte private seeds of one identity, as they lie in a file of mode 0600. */
export type Seeds = { readonly ed: Uint8Array; readonly x: Uint8Array };
