/**
 * The floor: the same job with nothing in it that makes it safe or clever. HTTP → SQLite, one synced transaction for all
 * that came in together → answer → UDP broadcast in clear, several alarms to a datagram → receipts → SQLite.
 * No keys, no rules, no timeline, no deadlines. It marks what this machine can reach, not what is promised.
 *
 * bun bench/floor.ts DATABASE BROADCAST_PORT
 */

import { Database } from "bun:sqlite";

type Alarm = { readonly text: string };
type Waiting = { readonly bodies: readonly string[]; readonly answer: () => void };

/** As Gapbell's. */
const DATAGRAM_BYTES_MOST = 1200;
/** Datagrams without a receipt: so many fit into the receive buffer that Linux gives by default. */
const WINDOW = 64;

const [path = "", broadcastPort = ""] = Bun.argv.slice(2);
const database = new Database(path, { create: true });
database.run("PRAGMA journal_mode = WAL");
database.run("PRAGMA synchronous = FULL");
database.run("CREATE TABLE alarms (id INTEGER PRIMARY KEY, body TEXT NOT NULL, received INTEGER NOT NULL DEFAULT 0) STRICT");
const insert = database.prepare("INSERT INTO alarms (id, body) VALUES (?, ?)");
const receive = database.prepare("UPDATE alarms SET received = 1 WHERE id = ?");

let last = 0;
let waiting: Waiting[] = [];
let received: number[] = [];
let armed = false;
const outbox: string[] = [];
const unconfirmed = new Set<number>();
/** When each receipt was stored, by the wall clock; until somebody asks. */
const receivedAt: number[] = [];

/** One turn for all that has come in since the last one. */
function arm(): void {
  if (armed) return;
  armed = true;
  setImmediate(turn);
}

function turn(): void {
  armed = false;
  const taken = waiting;
  const confirmed = received;
  waiting = [];
  received = [];
  database.run("BEGIN IMMEDIATE");
  for (const { bodies } of taken) {
    for (const body of bodies) {
      last += 1;
      insert.run(last, body);
      outbox.push(`{"id":${last},"alarm":${body}}`);
    }
  }
  for (const id of confirmed) receive.run(id);
  database.run("COMMIT");
  for (const _ of confirmed) receivedAt.push(Date.now());
  for (const { answer } of taken) answer();
  speak();
}

function speak(): void {
  while (outbox.length > 0 && unconfirmed.size < WINDOW) {
    const items: string[] = [];
    for (let bytes = 2; outbox[0] !== undefined && bytes + outbox[0].length + 1 <= DATAGRAM_BYTES_MOST; bytes += (items.at(-1)?.length ?? 0) + 1) {
      items.push(outbox.shift() ?? "");
    }
    unconfirmed.add(Number(/\d+/.exec(items[0] ?? "")?.[0]));
    socket.send(`[${items.join(",")}]`, Number(broadcastPort), "127.255.255.255");
  }
}

const socket = await Bun.udpSocket({
  hostname: "127.0.0.1",
  socket: {
    data: (_, bytes) => {
      const ids = JSON.parse(bytes.toString()) as number[];
      for (const id of ids) {
        received.push(id);
        unconfirmed.delete(id);
      }
      arm();
    },
  },
});
socket.setBroadcast(true);

const server = Bun.serve({
  hostname: "127.0.0.1", port: 0, development: false,
  fetch: async (request) => {
    if (request.method === "GET") return Response.json(receivedAt.splice(0));
    const body = (await request.json()) as Alarm | readonly Alarm[];
    const bodies = (Array.isArray(body) ? body : [body]).map((alarm) => JSON.stringify(alarm));
    return new Promise<Response>((resolve) => {
      waiting.push({ bodies, answer: () => resolve(Response.json({ stored: bodies.length })) });
      arm();
    });
  },
});
console.log(server.port);
