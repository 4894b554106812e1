/** What lies in each role's database, as numbered migrations. A migration that was ever released is never changed. */

export type Role = "agent" | "client" | "relay";

/** Written into the header of the file, so that nobody opens another's database: "GBa", "GBc" and "GBr" with a zero. */
export const APPLICATION_ID: Readonly<Record<Role, number>> = { agent: 0x47426100, client: 0x47426300, relay: 0x47427200 };

/** The rows that a role may `put` and `delete`. */
export const TABLES = {
  agent: ["alarms", "pushes", "members", "presence", "invites", "escalations", "meta", "windows", "notes", "quarantine", "peers"],
  client: ["inbox", "acks", "agents", "meta", "windows"],
  relay: ["agents", "escalations", "deliveries", "events", "meta"],
} as const satisfies Readonly<Record<Role, readonly string[]>>;

/**
 * The way from an empty file to the present form: the first entry leads to `user_version` 1. Each entry runs in one
 * transaction together with its number.
 */
export const MIGRATIONS: Readonly<Record<Role, readonly (readonly string[])[]>> = {
  agent: [[...rowTables("alarms", "pushes", "members", "presence", "invites", "escalations", "meta", "windows"), ...journal()], rowTables("notes", "quarantine"), rowTables("peers")],
  client: [[...rowTables("inbox", "acks", "agents", "meta", "windows"), ...journal()]],
  relay: [[...rowTables("agents", "escalations", "deliveries", "events", "meta"), ...journal()]],
};

/** Names are spelled out in each migration: `TABLES` goes on, a migration stays. */
function rowTables(...names: readonly string[]): readonly string[] {
  return names.map((name) => `CREATE TABLE ${name} (id TEXT PRIMARY KEY, row TEXT NOT NULL) STRICT, WITHOUT ROWID`);
}

function journal(): readonly string[] {
  return [
    "CREATE TABLE journal (number INTEGER PRIMARY KEY AUTOINCREMENT, occurrence TEXT NOT NULL, at NUMERIC NOT NULL, body TEXT NOT NULL)",
    "CREATE INDEX journal_of_occurrence ON journal (occurrence, number)",
  ];
}
