import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { expect, test } from "bun:test";
import { fileFacts, holdersIn, interfaceFacts, portFacts, storeFacts } from "../../lib/io/doctor-host.ts";
import { readNeighbours } from "../../lib/io/doctor-lan.ts";
import { openStore } from "../../lib/io/store.ts";
import { tempFolder } from "../support/temp-folder.ts";

test("who holds a UDP port is named with its process", async () => {
  const socket = createSocket("udp4");
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  const held = portFacts({ protocol: "udp", port: socket.address().port });
  expect(held).toMatchObject({ state: "taken", holders: [{ pid: process.pid }] });
  socket.close();
});

test("who listens on a TCP port is named, who only connects from it is not", async () => {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const place = server.address();
  const port = typeof place === "object" && place !== null ? place.port : 0;
  expect(portFacts({ protocol: "tcp", port })).toMatchObject({ state: "taken", holders: [{ pid: process.pid }] });
  server.close();
  const table = "  sl  local_address rem_address   st tx rx\n   0: 0100007F:2B6C 0100007F:1F90 01 00000000:00000000 00:00000000 00000000     0        0 777 1\n";
  expect(holdersIn(table, { port: 11_116, listening: true })).toEqual([]);
  expect(holdersIn(table, { port: 11_116, listening: false })).toEqual(["777"]);
});

test("loopback is used only where it is named", () => {
  expect(interfaceFacts({ named: [{ name: "lo", broadcast: "127.255.255.255" }] }).find(({ name }) => name === "lo")).toMatchObject({ kind: "loopback", address: "127.0.0.1", skipped: "" });
  expect(interfaceFacts({ named: undefined }).find(({ name }) => name === "lo")).toMatchObject({ skipped: "loopback" });
});

test("a key file is judged by its mode", () => {
  using folder = tempFolder();
  const path = folder.at("key");
  expect(fileFacts(path)).toEqual({ path, state: "missing", mode: "" });
  writeFileSync(path, "x", { mode: 0o600 });
  expect(fileFacts(path)).toEqual({ path, state: "good", mode: "0600" });
  chmodSync(path, 0o640);
  expect(fileFacts(path)).toEqual({ path, state: "too open", mode: "0640" });
});

test("a store is looked at without being opened: as a fresh one in use, as one at rest, as a foreign one", () => {
  using folder = tempFolder();
  const path = folder.at("client.db");
  expect(storeFacts(path, "client").facts).toMatchObject({ state: "missing" });
  const store = openStore({ path, role: "client" });
  if (!store.ok) throw new Error(store.fault.kind);
  store.value.close();
  expect(storeFacts(path, "client")).toMatchObject({ facts: { state: "good", mode: "0600" }, sameForm: true });
  expect(storeFacts(path, "agent").facts).toMatchObject({ state: "not ours" });
  chmodSync(path, 0o644);
  expect(storeFacts(path, "client").facts).toMatchObject({ state: "too open", mode: "0644" });
  writeFileSync(folder.at("other.db"), "something else entirely");
  expect(storeFacts(folder.at("other.db"), "client").facts).toMatchObject({ state: "not ours" });
});

test("a neighbour whose hardware address was asked for in vain is missing", () => {
  const table = "IP address       HW type     Flags       HW address            Mask     Device\n10.0.0.1         0x1         0x0         00:00:00:00:00:00     *        e0\n10.0.0.254       0x1         0x2         aa:bb:cc:dd:ee:ff     *        e0\n";
  expect(readNeighbours(table)).toEqual([{ host: "10.0.0.1", interface: "e0", known: false }, { host: "10.0.0.254", interface: "e0", known: true }]);
});
