import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync, writeSync } from "node:fs";
import type { Result } from "../../lib/base/result.ts";
import { APPLICATION_ID, MIGRATIONS, type Role, TABLES } from "../../lib/io/schema.ts";
import { openStore, type StoreOpenFault, storeSentence } from "../../lib/io/store.ts";
import type { Change, Store } from "../../lib/port/store.ts";
import { aProcess } from "../support/a-process.ts";
import { asNobody } from "../support/as-nobody.ts";
import { type TempFolder, tempFolder } from "../support/temp-folder.ts";

const ROLES = ["agent", "client", "relay"] as const satisfies readonly Role[];

describe("what is committed", () => {
  test("is there after the store is opened again", async () => {
    using folder = tempFolder();
    const first = aStore(folder);
    await first.commit([put("alarms", "b", { text: "zwei" }), put("alarms", "a", { text: "eins 一" }), put("meta", "epoch", "17")]);
    first.close();
    const second = aStore(folder);
    expect(second.load("alarms")).toEqual([{ id: "a", row: { text: "eins 一" } }, { id: "b", row: { text: "zwei" } }]);
    expect(second.load("meta")).toEqual([{ id: "epoch", row: "17" }]);
    second.close();
  });

  test("holds the timeline of an occurrence until that is forgotten, and no other", async () => {
    using folder = tempFolder();
    const store = aStore(folder);
    await store.commit([stale("A", 1), stale("B", 2), stale("A", 3)]);
    await store.commit([{ kind: "forget", occurrence: "A" }]);
    expect([store.journal("A"), store.journal("B").length]).toEqual([[], 1]);
    store.close();
  });

  test("comes back as something that fits nothing where a row is damaged, and a damaged line of a timeline is passed over", async () => {
    using folder = tempFolder();
    const first = aStore(folder);
    await first.commit([put("alarms", "a", 1), put("alarms", "b", 2), stale("A", 1), stale("A", 2)]);
    first.close();
    withDatabase(folder, (database) => {
      database.run(`UPDATE alarms SET row = '{"half' WHERE id = 'a'`);
      database.run("UPDATE journal SET body = 'half' WHERE at = 1");
    });
    const second = aStore(folder);
    expect(second.load("alarms")).toEqual([{ id: "a", row: { unreadable: '{"half' } }, { id: "b", row: 2 }]);
    expect(second.journal("A").map(({ at }) => at)).toEqual([2]);
    second.close();
  });

  test("is the last put of an id, and nothing of what was deleted", async () => {
    using folder = tempFolder();
    const store = aStore(folder);
    await store.commit([put("alarms", "a", 1), put("alarms", "b", 1)]);
    await store.commit([put("alarms", "a", 2), { kind: "delete", table: "alarms", id: "b" }, { kind: "delete", table: "alarms", id: "never" }]);
    expect(store.load("alarms")).toEqual([{ id: "a", row: 2 }]);
    store.close();
  });

  test("is a timeline in the order of its writing, also where the clock went back", async () => {
    using folder = tempFolder();
    const store = aStore(folder);
    await store.commit([stale("x", 2000), stale("y", 1500), stale("x", 1000)]);
    await store.commit([stale("x", 1000.5)]);
    expect(store.journal("x").map(({ at }) => at)).toEqual([2000, 1000, 1000.5]);
    expect(store.journal("x")[0]).toEqual({ occurrence: "x", at: 2000, body: { kind: "stale" } });
    expect(store.journal("nobody")).toEqual([]);
    store.close();
  });

  test("may be 10,000 changes in one turn", async () => {
    using folder = tempFolder();
    const store = aStore(folder);
    expect(await store.commit(Array.from({ length: 10_000 }, (_, i) => put("alarms", `a${i}`, { i })))).toEqual({ ok: true, value: undefined });
    expect(store.load("alarms")).toHaveLength(10_000);
    store.close();
  });

  test("is on disk in a file and a log that only the owner can read, whatever the umask", async () => {
    using folder = tempFolder();
    const mask = process.umask(0);
    try {
      const store = aStore(folder);
      await store.commit([put("meta", "a", 1)]);
      expect(modes(folder)).toEqual({ database: 0o600, log: 0o600 });
      store.close();
      chmodSync(folder.at("agent.db"), 0o644);
      aStore(folder).close();
      expect(modes(folder).database).toBe(0o600);
    } finally {
      process.umask(mask);
    }
  });
});

describe("a turn that cannot be written", () => {
  test("leaves nothing of itself, says why, and is the last", async () => {
    using folder = tempFolder();
    const store = aStore(folder);
    await store.commit([put("alarms", "before", 1)]);
    const broken = await store.commit([put("alarms", "half", 1), stale("x", Number.NaN)]);
    expect(broken).toEqual({ ok: false, fault: { kind: "commitFailed", reason: expect.stringContaining("NOT NULL constraint failed: journal.at") } });
    expect(store.load("alarms")).toEqual([{ id: "before", row: 1 }]);
    expect(await store.commit([put("alarms", "after", 1)])).toEqual(broken);
    expect(await store.commit([])).toEqual(broken);
    store.close();
    const again = aStore(folder);
    expect(again.load("alarms")).toEqual([{ id: "before", row: 1 }]);
    again.close();
  });

  test("is a fault in words when the disk takes no more, and what was promised before is kept", async () => {
    using folder = tempFolder();
    const source = `
      import { openStore } from "./lib/io/store.ts";
      const opened = openStore({ path: Bun.argv[1], role: "agent" });
      for (let turn = 0; ; turn += 1) {
        const done = await opened.value.commit([{ kind: "put", table: "alarms", id: String(turn), row: "x".repeat(10_000) }]);
        if (done.ok) continue;
        const after = await opened.value.commit([{ kind: "put", table: "alarms", id: "after", row: 1 }]);
        console.log(JSON.stringify({ turn, kept: opened.value.load("alarms").length, done, after }));
        process.exit(0);
      }`;
    const limited = aProcess(source, { args: [folder.at("agent.db")], under: ["sh", "-c", 'ulimit -f 1024; exec "$@"', "sh"] });
    const { out } = await limited.end();
    const { turn, kept, done, after } = JSON.parse(out);
    expect(turn).toBeGreaterThan(10);
    expect(kept).toBe(turn);
    expect(done).toEqual({ ok: false, fault: { kind: "commitFailed", reason: expect.stringMatching(/^(disk I\/O error|database or disk is full) \(SQLITE_/) } });
    expect(after).toEqual(done);
    const again = aStore(folder);
    expect(again.load("alarms")).toHaveLength(turn);
    again.close();
  });

  test("is refused after close", async () => {
    using folder = tempFolder();
    const store = aStore(folder);
    store.close();
    expect(await store.commit([put("meta", "a", 1)])).toEqual({ ok: false, fault: { kind: "commitFailed", reason: "the store is closed" } });
  });

  test("is our own mistake where it names another role's table or is not JSON", async () => {
    using folder = tempFolder();
    const store = aStore(folder);
    expect(store.commit([put("inbox", "a", 1)])).rejects.toThrow("a role writes its own tables");
    expect(store.commit([put("meta", "a", undefined)])).rejects.toThrow("a row is a JSON value");
    expect(() => store.load("sqlite_schema")).toThrow("a role writes its own tables");
    store.close();
  });
});

describe("the store is owned by one process", () => {
  test("a second owner is refused and told who holds it", async () => {
    using folder = tempFolder();
    const store = aStore(folder);
    const { out } = await aProcess(OPEN_AND_TELL, { args: [folder.at("agent.db")] }).end();
    expect(JSON.parse(out)).toEqual({ ok: false, fault: { kind: "held", path: folder.at("agent.db"), pid: process.pid } });
    expect(faultOf(openStore({ path: folder.at("agent.db"), role: "agent" }))).toEqual({ kind: "held", path: folder.at("agent.db"), pid: process.pid });
    expect(await store.commit([put("meta", "a", 1)])).toEqual({ ok: true, value: undefined });
    store.close();
  });

  test("also before the first owner has written anything", async () => {
    using folder = tempFolder();
    aStore(folder).close();
    const holder = aProcess(HOLD, { args: [folder.at("agent.db")] });
    expect(await holder.nextLine()).toBe("open");
    expect(faultOf(openStore({ path: folder.at("agent.db"), role: "agent" }))).toEqual({ kind: "held", path: folder.at("agent.db"), pid: holder.pid });
    holder.kill("SIGKILL");
    await holder.end();
    aStore(folder).close();
  });
});

describe("a file that is not ours", () => {
  const cases: readonly { readonly name: string; readonly make: (folder: TempFolder) => void; readonly fault: Partial<StoreOpenFault>; readonly says: RegExp }[] = [
    {
      name: "written by a later version",
      make: (folder) => {
        aStore(folder).close();
        withDatabase(folder, (database) => database.run("PRAGMA user_version = 99"));
      },
      fault: { kind: "newer", found: 99, known: MIGRATIONS.agent.length },
      says: /has form 99, written by a later version, and this program knows forms up to 3/,
    },
    {
      name: "another program's database",
      make: (folder) => withDatabase(folder, (database) => database.run("CREATE TABLE notes (text TEXT)")),
      fault: { kind: "foreign" },
      says: /is not a Gapbell database/,
    },
    {
      name: "another role's database",
      make: (folder) => {
        const opened = openStore({ path: folder.at("agent.db"), role: "relay" });
        if (opened.ok) opened.value.close();
      },
      fault: { kind: "foreign" },
      says: /is not a Gapbell database/,
    },
    {
      name: "not a database at all",
      make: (folder) => writeFileSync(folder.at("agent.db"), "cluster: c1\n".repeat(1000)),
      fault: { kind: "foreign" },
      says: /move it away or choose another state folder/,
    },
    {
      name: "damaged",
      make: async (folder) => damage(folder),
      fault: { kind: "corrupt" },
      says: /the file is damaged \(.+\)/,
    },
    {
      name: "a folder",
      make: (folder) => mkdirSync(folder.at("agent.db")),
      fault: { kind: "unwritable" },
      says: /must belong to the user/,
    },
  ];
  for (const { name, make, fault, says } of cases) {
    test(`is refused and left as it is: ${name}`, async () => {
      using folder = tempFolder();
      await make(folder);
      const { mode } = statSync(folder.at("agent.db"));
      const before = statSync(folder.at("agent.db")).isFile() ? readFileSync(folder.at("agent.db")) : undefined;
      const found = faultOf(openStore({ path: folder.at("agent.db"), role: "agent" }));
      expect(found).toMatchObject({ ...fault, path: folder.at("agent.db") });
      expect(storeSentence(found)).toMatch(says);
      if (before !== undefined) expect(readFileSync(folder.at("agent.db")).equals(before)).toBe(true);
      if (found.kind !== "corrupt") expect(statSync(folder.at("agent.db")).mode).toBe(mode);
    });
  }

  test("a folder that we may not write is named with its reason", () => {
    using folder = tempFolder();
    chmodSync(folder.path, 0o555);
    const found = faultOf(asNobody(() => openStore({ path: folder.at("agent.db"), role: "agent" })));
    expect(found).toMatchObject({ kind: "unwritable", reason: expect.stringContaining("EACCES") });
    expect(existsSync(folder.at("agent.db"))).toBe(false);
  });
});

describe("migrations", () => {
  for (const role of ROLES) {
    test(`lead the ${role} from nothing to the tables that it writes`, () => {
      using folder = tempFolder();
      const opened = openStore({ path: folder.at("agent.db"), role });
      if (!opened.ok) throw new Error(storeSentence(opened.fault));
      for (const table of TABLES[role]) expect(opened.value.load(table)).toEqual([]);
      opened.value.close();
      withDatabase(folder, (database) => {
        expect(database.query("PRAGMA user_version").values()).toEqual([[MIGRATIONS[role].length]]);
        expect(database.query("PRAGMA application_id").values()).toEqual([[APPLICATION_ID[role]]]);
        const tables = database.query("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").values();
        expect(tables.flat().sort()).toEqual([...TABLES[role], "journal"].sort());
      });
    });
  }
});

const OPEN_AND_TELL = `
  import { openStore } from "./lib/io/store.ts";
  const opened = openStore({ path: Bun.argv[1], role: "agent" });
  console.log(JSON.stringify(opened.ok ? { ok: true } : opened));`;

const HOLD = `
  import { openStore } from "./lib/io/store.ts";
  const opened = openStore({ path: Bun.argv[1], role: "agent" });
  console.log(opened.ok ? "open" : "refused");
  setInterval(() => opened.value.load("meta"), 1000);`;

function aStore(folder: TempFolder): Store {
  const opened = openStore({ path: folder.at("agent.db"), role: "agent" });
  if (!opened.ok) throw new Error(storeSentence(opened.fault));
  return opened.value;
}

function put(table: string, id: string, row: unknown): Change {
  return { kind: "put", table, id, row };
}

function stale(occurrence: string, at: number): Change {
  return { kind: "append", entry: { occurrence, at, body: { kind: "stale" } } };
}

function faultOf(opened: Result<Store, StoreOpenFault>): StoreOpenFault {
  if (opened.ok) throw new Error("The store opened");
  return opened.fault;
}

function modes(folder: TempFolder) {
  const mode = (path: string) => (existsSync(path) ? statSync(path).mode & 0o777 : undefined);
  return { database: mode(folder.at("agent.db")), log: mode(folder.at("agent.db-wal")) };
}

function withDatabase(folder: TempFolder, act: (database: Database) => void): void {
  const database = new Database(folder.at("agent.db"), { create: true, readwrite: true });
  act(database);
  database.close();
}

/** Overwrites a page in the middle of the rows. */
async function damage(folder: TempFolder): Promise<void> {
  const store = aStore(folder);
  await store.commit(Array.from({ length: 200 }, (_, i) => put("alarms", `a${i}`, "x".repeat(500))));
  store.close();
  const file = openSync(folder.at("agent.db"), "r+");
  writeSync(file, Buffer.alloc(4096, 0xa5), 0, 4096, 4096 * 25);
  closeSync(file);
}
