/** What the system says to a process: end, or read the files again. */

export type SignalWishes = {
  /** SIGTERM or SIGINT: end in order. Called once. */
  readonly stop: (signal: "SIGTERM" | "SIGINT") => void;
  /** The same again: somebody does not want to wait. */
  readonly stopNow: () => void;
  /** SIGHUP. */
  readonly reload: () => void;
};

/** @returns what takes the listeners away again */
export function onSignals({ stop, stopNow, reload }: SignalWishes): () => void {
  let stopping = false;
  const end = (signal: "SIGTERM" | "SIGINT"): void => {
    if (stopping) return stopNow();
    stopping = true;
    stop(signal);
  };
  const terminate = (): void => end("SIGTERM");
  const interrupt = (): void => end("SIGINT");
  process.on("SIGTERM", terminate);
  process.on("SIGINT", interrupt);
  process.on("SIGHUP", reload);
  return () => {
    process.off("SIGTERM", terminate);
    process.off("SIGINT", interrupt);
    process.off("SIGHUP", reload);
  };
}
