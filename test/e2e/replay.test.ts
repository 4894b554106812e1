/** A2 and A5 on the executables: what somebody has recorded on the LAN, said again, and what a stranger gets by TCP. */

import { once } from "node:events";
import { readdirSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { toBase64 } from "../../lib/base/bytes.ts";
import { decodeHeader } from "../../lib/wire/packet.ts";
import { onStream, StreamReader } from "../../lib/wire/stream.ts";
import { fill, IDENTITIES, Party } from "../support/a-cluster.ts";
import { aLanOfLaptops, type Laptop, type LanOfLaptops } from "../support/a-lan-of-laptops.ts";
import { openTap, type Tap } from "../support/a-tap.ts";
import { type RunningClient, runningClient } from "../support/client-process.ts";

const RULES = 'rules:\n  - {name: default, module: general, item: "{name}"}\n';
const ROSTER = "operators:\n  li: {modules: [general], mail: li@example.org}\nlast_resort: [li]\n";
const ALARMS = 5;

let lan: LanOfLaptops;
let li: Laptop;

beforeAll(async () => {
  lan = await aLanOfLaptops({ rules: RULES, roster: ROSTER });
  li = await lan.aLaptop("li", { by: "line" });
}, 60_000);

afterAll(() => lan[Symbol.asyncDispose]());

test("A5: a stranger's connection is told of no alarm, answered by no more bytes than it has said, and counted when it ends", async () => {
  const stranger = new Party({ identity: IDENTITIES.stranger, peers: [], side: "client" });
  const seek = stranger.seal({ kind: "seek", body: { nonce: toBase64(fill(1, 8)), key: toBase64(IDENTITIES.stranger.ed), pad: ".".repeat(760) } }, "clear");
  const socket = connect({ host: "127.0.0.1", port: lan.agentPort });
  const chunks: Uint8Array[] = [];
  socket.on("data", (bytes: Buffer) => chunks.push(bytes));
  await once(socket, "connect");
  socket.write(onStream(seek));
  await until(async () => chunks.length > 0);
  const id = await lan.raise({ labels: { name: "by-tcp" }, severity: "critical", text: "x" });
  await li.listener.says(`● [${id.slice(0, 6)}]`);
  socket.write(onStream(seek.with(-1, (seek.at(-1) ?? 0) ^ 1)));
  await once(socket, "close");
  const read = new StreamReader().take(new Uint8Array(Buffer.concat(chunks)));
  const heard = read.ok ? read.value : [];
  expect(heard.map(kindOf)).toEqual(["beacon"]);
  expect(heard[0]?.length).toBeLessThanOrEqual(seek.length);
  const { drops } = JSON.parse(await lan.agentCommand("listeners", "--json")) as { readonly drops: Readonly<Record<string, number>> };
  expect(drops).toMatchObject({ "tcp: refused": 1, signature: 1 });
  expect(await lan.agentCommand("listeners")).toContain("tcp: refused 1");
}, 20_000);

describe("A2: what was broadcast, replayed once the agent is gone", () => {
  let recorded: readonly Uint8Array[] = [];

  beforeAll(async () => {
    for (let nth = 0; nth < ALARMS; nth += 1) {
      const id = await lan.raise({ labels: { name: `alarm-${nth}` }, severity: "critical", text: "down" });
      await li.listener.says(`● [${id.slice(0, 6)}]`);
    }
    await until(async () => Number(((await li.json("status"))["alarms"] as Readonly<Record<string, unknown>>)["open"]) > ALARMS);
    recorded = [...lan.heard()];
    expect(recorded.filter((datagram) => kindOf(datagram) === "alarm").length).toBeGreaterThan(ALARMS);
    lan.agent.kill("SIGKILL");
    await lan.agent.ended;
  }, 30_000);

  test("to a listener that has heard it: no popup, no receipt", async () => {
    using agentsPlace = await openTap(lan.agentPort);
    const before = li.listener.out().length;
    await lan.sends(recorded);
    await until(async () => droppedAs(await li.json("status"), "replay") >= recorded.length);
    const [first] = (await li.json("list"))["alarms"] as readonly { readonly id: string }[];
    await li.command("ack", first?.id ?? "");
    expect(await receiptsAt(agentsPlace)).toBe(0);
    expect(li.listener.out().slice(before)).not.toContain("●");
  }, 60_000);

  test("to one that was restarted: no popup, no receipt", async () => {
    await li.listener.stop();
    using agentsPlace = await openTap(lan.agentPort);
    const again = await starts();
    await again.says(`${ALARMS + 1} open alarms`);
    const before = again.out().length;
    await lan.sends(recorded);
    await until(async () => droppedAs(await li.json("status"), "replay") >= recorded.filter((datagram) => kindOf(datagram) === "alarm").length);
    expect(await receiptsAt(agentsPlace)).toBe(0);
    expect(again.out().slice(before)).not.toContain("●");
    await again.stop();
  }, 60_000);

  test("to one that has lost its database: every alarm is marked as not verified, no receipt", async () => {
    for (const file of readdirSync(li.state)) if (file.startsWith("client.db")) rmSync(join(li.state, file));
    using agentsPlace = await openTap(lan.agentPort);
    const stateless = await starts();
    await lan.sends(recorded);
    const listed = async () => (await li.json("list"))["alarms"] as readonly Readonly<Record<string, unknown>>[];
    await until(async () => (await listed()).length > ALARMS);
    expect(await receiptsAt(agentsPlace)).toBe(0);
    expect((await listed()).map(({ unverified }) => unverified)).toEqual(Array.from({ length: ALARMS + 1 }, () => true));
    await stateless.stop();
  }, 60_000);
});

/** It listens, whether or not it has anything to say. */
async function starts(): Promise<RunningClient> {
  const running = runningClient(["--seat", "person", "--state", li.state], { program: [lan.clientProgram] });
  await until(async () => (await li.command("status", "--json")).out !== "");
  return running;
}

/** Receipts that have come to the agent's place, where its questions and acknowledgements come as well; they are late by half a second at most. */
async function receiptsAt({ heard }: Tap): Promise<number> {
  await until(async () => heard.some(({ bytes }) => ["seek", "hello", "ack"].includes(kindOf(bytes))));
  await Bun.sleep(1000);
  return heard.filter(({ bytes }) => kindOf(bytes) === "receipt").length;
}

function kindOf(datagram: Uint8Array): string {
  const header = decodeHeader(datagram);
  return header.ok ? header.value.kind : header.fault;
}

function droppedAs(status: Readonly<Record<string, unknown>>, reason: string): number {
  return (status["drops"] as Readonly<Record<string, number>>)[reason] ?? 0;
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await Bun.sleep(50);
}
