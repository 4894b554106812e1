/** The people: who answers for which modules, and where each can be reached. */

export type Operator = {
  readonly name: string;
  readonly language: "en" | "zh";
  /** IANA name, for the times in what is sent. */
  readonly timezone: string;
  readonly modules: readonly string[];
  readonly mail: string | undefined;
  /** User id of the WeCom application. */
  readonly wecom: string | undefined;
  /** For a group robot's mention. */
  readonly mobile: string | undefined;
};

export type Roster = {
  readonly operators: Readonly<Record<string, Operator>>;
  readonly teams: Readonly<Record<string, readonly string[]>>;
  /** At least one, with a channel outside: gets what nobody else answers for. */
  readonly lastResort: readonly string[];
};
