/** What the program did, for the person who looks after it; what happened to an alarm is in the journal. */

export type LogLevel = "error" | "warn" | "info" | "debug";

export interface Log {
  /** One JSON line. `facts` never hold a secret, an address of a person or a message body. */
  write(level: LogLevel, event: string, facts?: Readonly<Record<string, unknown>>): void;
}
