/** How a command ends: one number for scripts, one sentence for people. */

/** The numbers of sysexits(3) that Gapbell uses; `failed` is a command that ran and found something wrong. */
export const EXIT = {
  done: 0, failed: 1, usage: 64, data: 65, unavailable: 69, software: 70, temporary: 75, config: 78,
} as const;

/** What each number tells a script; every help ends with it, for hosts without a browser. */
const MEANINGS: Readonly<Record<keyof typeof EXIT, string>> = {
  done: "done", failed: "it ran and the answer is no", usage: "wrong arguments", data: "no alarm of that name",
  unavailable: "nobody answers there", software: "a mistake of Gapbell's own", temporary: "not now, try again", config: "configuration or keys",
};

/** The last lines of a help. */
export const EXIT_HELP: string = ["Exit codes:", ...(Object.keys(EXIT) as (keyof typeof EXIT)[]).map((name) => `  ${String(EXIT[name]).padStart(2)}  ${MEANINGS[name]}`)].join("\n");

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/**
 * Ends a command from anywhere below its action; `runProgram` prints the message and exits with the code.
 * The message has a capital first and no final period, and says what is and what should be.
 */
export class ExitFault extends Error {
  readonly code: ExitCode;
  /** What to do next, printed on a line of its own; "" for nothing. */
  readonly hint: string;

  constructor(code: ExitCode, message: string, hint = "") {
    super(message);
    this.name = "ExitFault";
    this.code = code;
    this.hint = hint;
  }
}
