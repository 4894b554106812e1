/** Units of time, and the moment that every decision is told. */

/** Milliseconds: a length of time, or a moment on the boot clock. */
export type Ms = number;

/** Milliseconds since 1970 on the wall clock: for people and for restarts, never for waiting. */
export type WallMs = number;

/** One moment on both clocks. `mono` is the boot clock: it goes on over a restart of the process. */
export type Now = { readonly mono: Ms; readonly wall: WallMs };

/** The clocks of one boot of the host; a deadline from another boot is re-anchored by the wall clock. */
export type BootId = string;

export const seconds = (count: number): Ms => count * 1000;
export const minutes = (count: number): Ms => count * 60_000;
export const hours = (count: number): Ms => count * 3_600_000;
export const days = (count: number): Ms => count * 86_400_000;
