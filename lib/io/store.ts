/** The store on disk: SQLite with one transaction and one fsync for each turn. What a row means is the role's affair. */

import { Database, SQLiteError, type Statement } from "bun:sqlite";
import { chmodSync, closeSync, existsSync, fsyncSync, openSync } from "node:fs";
import { dirname } from "node:path";
import type { Entry } from "../alarm/journal.ts";
import { assert } from "../base/assert.ts";
import { fail, ok, type Result } from "../base/result.ts";
import type { Change, Store, StoreFault } from "../port/store.ts";
import { lockOwner } from "./owner.ts";
import { APPLICATION_ID, MIGRATIONS, type Role, TABLES } from "./schema.ts";

export type StoreOpenFault =
  /** Another process owns the file; `pid` where the kernel names it. */
  | { readonly kind: "held"; readonly path: string; readonly pid: number | undefined }
  /** Written by a later version of this program. */
  | { readonly kind: "newer"; readonly path: string; readonly found: number; readonly known: number }
  /** Not a database, or another program's. */
  | { readonly kind: "foreign"; readonly path: string }
  | { readonly kind: "corrupt"; readonly path: string; readonly reason: string }
  | { readonly kind: "unwritable"; readonly path: string; readonly reason: string };

/** How long a start waits for a predecessor that is just ending. */
const HELD_WAIT_MS = 500;

/**
 * Opens the store, or makes it, readable by its owner only, and holds it until `close` or the end of the process.
 *
 * @param path of the database; its folder must exist. SQLite keeps its log beside it, named "…-wal"
 */
export function openStore({ path, role }: { readonly path: string; readonly role: Role }): Result<Store, StoreOpenFault> {
  let database: Database | undefined;
  try {
    reserve(path);
    database = new Database(path, { readwrite: true, strict: true });
    claim(database);
    const found = versionOf(database, APPLICATION_ID[role]);
    const known = MIGRATIONS[role].length;
    if (found === "foreign") return refuse(database, { kind: "foreign", path });
    if (found > known) return refuse(database, { kind: "newer", path, found, known });
    hide(path);
    makeDurable(database);
    const damage = damageOf(database);
    if (damage !== undefined) return refuse(database, { kind: "corrupt", path, reason: damage });
    migrate(database, { from: found, role });
    return ok(new SqliteStore(database, role));
  } catch (thrown) {
    return refuse(database, openFault(path, thrown));
  }
}

/** What is wrong and what to do about it, for a person. */
export function storeSentence(fault: StoreOpenFault): string {
  switch (fault.kind) {
    case "held":
      return `Cannot open "${fault.path}": ${fault.pid === undefined ? "another process" : `process ${fault.pid}`} owns it, and only one may; stop that one first`;
    case "newer":
      return `Cannot open "${fault.path}": it has form ${fault.found}, written by a later version, and this program knows forms up to ${fault.known}; run the later version, or restore a copy from before the upgrade`;
    case "foreign":
      return `Cannot open "${fault.path}": it is not a Gapbell database; move it away or choose another state folder by --state`;
    case "corrupt":
      return `Cannot open "${fault.path}": the file is damaged (${fault.reason}); restore it from a copy, or move it away to start with an empty one`;
    case "unwritable":
      return `Cannot open "${fault.path}": ${fault.reason}; its folder and the file must belong to the user that runs this program`;
  }
}

/**
 * Makes the file with its final mode before SQLite sees it, because SQLite gives its log the mode of the database.
 * A file that is there is never opened here: closing it would drop the locks that this process holds on it.
 */
function reserve(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (thrown) {
    if (codeOf(thrown) !== "EEXIST") throw thrown;
    return;
  }
  const folder = openSync(dirname(path), "r");
  fsyncSync(folder);
  closeSync(folder);
}

/** From the first reading on nobody else can read or write the file; nothing in it is changed yet. */
function claim(database: Database): void {
  database.run(`PRAGMA busy_timeout = ${HELD_WAIT_MS}`);
  database.run("PRAGMA locking_mode = EXCLUSIVE");
  database.run("PRAGMA trusted_schema = OFF");
  database.run("BEGIN EXCLUSIVE");
  database.run("COMMIT");
}

/** A file that somebody has opened to others, or copied so, is closed to them before anything is written. */
function hide(path: string): void {
  for (const file of [path, `${path}-wal`]) if (existsSync(file)) chmodSync(file, 0o600);
}

/** A commit goes to the log, and the log to the disk, before `COMMIT` returns. */
function makeDurable(database: Database): void {
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
}

/** @returns 0 for an empty file, the number of the last migration, or "foreign" */
function versionOf(database: Database, ours: number): number | "foreign" {
  const application = answerTo(database, "PRAGMA application_id");
  const version = Number(answerTo(database, "PRAGMA user_version"));
  if (application === ours) return version;
  const tables = answerTo(database, "SELECT count(*) FROM sqlite_schema");
  return application === 0 && version === 0 && tables === 0 ? 0 : "foreign";
}

/** About 30 ms for 100,000 alarms. @returns what is damaged, in SQLite's words */
function damageOf(database: Database): string | undefined {
  const found = String(answerTo(database, "PRAGMA quick_check(1)"));
  return found === "ok" ? undefined : found.replace("*** in database main ***\n", "").replaceAll("\n", "; ");
}

function migrate(database: Database, { from, role }: { readonly from: number; readonly role: Role }): void {
  MIGRATIONS[role].forEach((statements, index) => {
    if (index < from) return;
    database.transaction(() => {
      for (const statement of statements) database.run(statement);
      database.run(`PRAGMA application_id = ${APPLICATION_ID[role]}`);
      database.run(`PRAGMA user_version = ${index + 1}`);
    })();
  });
}

class SqliteStore implements Store {
  readonly #database: Database;
  readonly #tables: ReadonlySet<string>;
  readonly #statements = new Map<string, Statement>();
  #fault: StoreFault | undefined;

  constructor(database: Database, role: Role) {
    this.#database = database;
    this.#tables = new Set(TABLES[role]);
  }

  async commit(changes: readonly Change[]): Promise<Result<void, StoreFault>> {
    if (this.#fault !== undefined) return fail(this.#fault);
    if (changes.length === 0) return ok(undefined);
    // Outside of `try`: a row that is not JSON is our own mistake and stops the process.
    const writes = changes.map((change) => this.#writeOf(change));
    try {
      this.#database.run("BEGIN IMMEDIATE");
      for (const { statement, values } of writes) statement.run(...values);
      this.#database.run("COMMIT");
      return ok(undefined);
    } catch (thrown) {
      this.#fault = { kind: "commitFailed", reason: reasonOf(thrown) };
      this.#forget();
      return fail(this.#fault);
    }
  }

  load(table: string): readonly { readonly id: string; readonly row: unknown }[] {
    const rows = this.#statement(`SELECT id, row FROM ${this.#own(table)} ORDER BY id`).values();
    return rows.map(([id, row]) => ({ id: String(id), row: decode(String(row)) }));
  }

  journal(occurrence: string): readonly Entry[] {
    const rows = this.#statement("SELECT at, body FROM journal WHERE occurrence = ? ORDER BY number").values(occurrence);
    return rows.flatMap(([at, body]) => {
      const read = decode(String(body));
      return isBody(read) ? [{ occurrence, at: Number(at), body: read }] : [];
    });
  }

  close(): void {
    this.#fault ??= { kind: "commitFailed", reason: "the store is closed" };
    for (const statement of this.#statements.values()) statement.finalize();
    this.#statements.clear();
    this.#database.close();
  }

  /** What is read from now on is what was committed. A disk that refuses this too has been reported already. */
  #forget(): void {
    try {
      if (this.#database.inTransaction) this.#database.run("ROLLBACK");
    } catch {}
  }

  #writeOf(change: Change): { readonly statement: Statement; readonly values: readonly (string | number)[] } {
    switch (change.kind) {
      case "put":
        return {
          statement: this.#statement(`INSERT INTO ${this.#own(change.table)} (id, row) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET row = excluded.row`),
          values: [change.id, encode(change.row)],
        };
      case "delete":
        return { statement: this.#statement(`DELETE FROM ${this.#own(change.table)} WHERE id = ?`), values: [change.id] };
      case "append":
        return {
          statement: this.#statement("INSERT INTO journal (occurrence, at, body) VALUES (?, ?, ?)"),
          values: [change.entry.occurrence, change.entry.at, encode(change.entry.body)],
        };
      case "forget":
        return { statement: this.#statement("DELETE FROM journal WHERE occurrence = ?"), values: [change.occurrence] };
    }
  }

  #own(table: string): string {
    assert(this.#tables.has(table), "a role writes its own tables");
    return table;
  }

  #statement(sql: string): Statement {
    const held = this.#statements.get(sql);
    if (held !== undefined) return held;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function encode(row: unknown): string {
  const text = JSON.stringify(row) as string | undefined;
  assert(text !== undefined, "a row is a JSON value");
  return text;
}

/** A damaged row must not keep the program from starting: whoever reads it by a schema finds that it does not fit. */
function decode(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { unreadable: text };
  }
}

/** Only this program writes the timeline; a line of it that is damaged is passed over. */
function isBody(read: unknown): read is Entry["body"] {
  return typeof read === "object" && read !== null && "kind" in read;
}

function refuse(database: Database | undefined, fault: StoreOpenFault): Result<never, StoreOpenFault> {
  database?.close();
  return fail(fault);
}

function openFault(path: string, thrown: unknown): StoreOpenFault {
  const reason = reasonOf(thrown);
  const code = codeOf(thrown) ?? "";
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) return { kind: "held", path, pid: lockOwner(path) };
  if (code.startsWith("SQLITE_NOTADB")) return { kind: "foreign", path };
  if (code.startsWith("SQLITE_CORRUPT")) return { kind: "corrupt", path, reason };
  return { kind: "unwritable", path, reason };
}

/** The one value of a question asked once. A statement left open would keep the file locked after `close`. */
function answerTo(database: Database, sql: string): unknown {
  using statement = database.prepare(sql);
  return statement.values()[0]?.[0];
}

function codeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : undefined;
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof SQLiteError) return `${thrown.message} (${thrown.code ?? thrown.errno})`;
  return thrown instanceof Error ? thrown.message : String(thrown);
}
