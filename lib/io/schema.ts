/** What lies in each role's database, as numbered migrations. A migration that was ever released is never changed. */

export type Role = "agent" | "client" | "relay";

/** Written into the header of every Gapbell database: "GBEL". */
export const APPLICATION_ID = 0x4742454c;

/** The rows that a role may `put` and `delete`. */
export const TABLES = {
  agent: ["alarms", "pushes", "members", "presence", "invites", "escalations", "meta", "windows"],
  client: ["inbox", "acks", "agents", "meta", "windows"],
  relay: ["agents", "escalations", "deliveries", "events", "meta"],
} as const satisfies Readonly<Record<Role, readonly string[]>>;

/**
 * The way from an empty file to the present form: the first entry leads to `user_version` 1. Each entry runs in one
 * transaction together with its number.
 */
export const MIGRATIONS: Readonly<Record<Role, readonly (readonly string[])[]>> = {
  agent: [[...rowTables("alarms", "pushes", "members", "presence", "invites", "escalations", "meta", "windows"), ...JOURNAL()]],
  client: [[...rowTables("inbox", "acks", "agents", "meta", "windows"), ...JOURNAL()]],
  relay: [[...rowTables("agents", "escalations", "deliveries", "events", "meta"), ...JOURNAL()]],
};

/** Names are spelled out in each migration: `TABLES` goes on, a migration stays. */
function rowTables(...names: readonly string[]): readonly string[] {
  return names.map((name) => `CREATE TABLE ${name} (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT, WITHOUT ROWID`);
}

function JOURNAL(): readonly string[] {
  return [
    "CREATE TABLE journal (number INTEGER PRIMARY KEY AUTOINCREMENT, occurrence TEXT NOT NULL, at INTEGER NOT NULL, body TEXT NOT NULL) STRICT",
    "CREATE INDEX journal_of_occurrence ON journal (occurrence, number)",
  ];
}
