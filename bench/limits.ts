/** What the machine itself takes in the same run: one sync, one synced transaction, one request that does nothing. */

import { Database } from "bun:sqlite";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { alarmAt } from "./source.ts";
import { median, quantile } from "./figures.ts";

export type Limit = { readonly p50: number; readonly p99: number };
export type Limits = { readonly fdatasync: Limit; readonly sqlite: Limit; readonly http: Limit };

/** @param folder on the disk that the others use as well */
export async function measureLimits(folder: string, { count, everyMs }: { readonly count: number; readonly everyMs: number }): Promise<Limits> {
  return {
    fdatasync: await appends(`${folder}/appended`, { count, everyMs }),
    sqlite: await transactions(`${folder}/limit.db`, { count, everyMs }),
    http: await requests({ count, everyMs }),
  };
}

type Pace = { readonly count: number; readonly everyMs: number };

async function appends(path: string, pace: Pace): Promise<Limit> {
  const file = openSync(path, "w");
  const bytes = new Uint8Array(400).fill(0x20);
  const limit = await timed(pace, async () => {
    writeSync(file, bytes);
    fdatasyncSync(file);
  });
  closeSync(file);
  return limit;
}

async function transactions(path: string, pace: Pace): Promise<Limit> {
  using database = new Database(path, { create: true });
  database.run("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run("CREATE TABLE alarms (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT");
  using insert = database.prepare("INSERT INTO alarms (body) VALUES (?)");
  return await timed(pace, async (nth) => void insert.run(JSON.stringify(alarmAt("limit", nth))));
}

async function requests(pace: Pace): Promise<Limit> {
  const source = 'const s = Bun.serve({hostname: "127.0.0.1", port: 0, development: false, fetch: async (r) => { await r.bytes(); return Response.json({stored: [0]}); }}); console.log(s.port);';
  const server = Bun.spawn([process.execPath, "-e", source], { stdout: "pipe", stdin: "ignore" });
  const first = await server.stdout.getReader().read();
  const url = `http://127.0.0.1:${new TextDecoder().decode(first.value).trim()}/`;
  const limit = await timed(pace, async (nth) => {
    await (await fetch(url, { method: "POST", body: JSON.stringify(alarmAt("limit", nth)) })).text();
  });
  server.kill();
  await server.exited;
  return limit;
}

/** In microseconds, one every so many milliseconds. */
async function timed({ count, everyMs }: Pace, act: (nth: number) => Promise<void>): Promise<Limit> {
  const taken: number[] = [];
  for (let nth = 0; nth < count; nth += 1) {
    await Bun.sleep(everyMs);
    const begun = performance.now();
    await act(nth);
    taken.push((performance.now() - begun) * 1000);
  }
  return { p50: median(taken), p99: quantile(taken, 0.99) };
}
