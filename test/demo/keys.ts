/** The keys of whoever sits at the terminal; without a terminal nobody does. */

export type Keys = {
  /** Whether somebody may sit here. */
  readonly there: boolean;
  /** Resolves with whether a key was pressed before the time was over. */
  readonly pressed: (withinMs: number) => Promise<boolean>;
  readonly close: () => void;
};

/** @param onInterrupt Ctrl-C, Ctrl-D or q: while keys are read one by one, the terminal makes no signal of them */
export function watchKeys(onInterrupt: () => void): Keys {
  const { stdin } = process;
  const there = stdin.isTTY === true && process.stdout.isTTY === true;
  const quiet = (): void => {
    if (!there) return;
    try {
      stdin.setRawMode(false);
    } catch {
      // The terminal has gone.
    }
    stdin.pause();
  };
  return {
    there,
    pressed: async (withinMs) => {
      if (!there) return false;
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const take = (typed: Buffer): void => {
        if (["\u0003", "\u0004", "q"].includes(typed.toString("latin1"))) onInterrupt();
        resolve(true);
      };
      // The terminal was closed, and whoever started this did not say so.
      const gone = (): void => {
        onInterrupt();
        resolve(false);
      };
      const late = setTimeout(() => resolve(false), withinMs);
      stdin.setRawMode(true);
      stdin.resume();
      stdin.on("data", take);
      stdin.once("end", gone);
      const pressed = await promise;
      clearTimeout(late);
      stdin.off("data", take);
      stdin.off("end", gone);
      quiet();
      return pressed;
    },
    close: quiet,
  };
}
