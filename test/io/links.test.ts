import { expect, test } from "bun:test";
import { systemLinks, watchLinks } from "../../lib/io/interfaces.ts";

test("loopback is a link of this host, and leads nowhere", () => {
  expect(systemLinks().find(({ name }) => name === "lo")).toEqual({ name: "lo", address: "127.0.0.1", subnet: "127.0.0.0/8", leadsOut: false, internal: true });
});

test("where the host is, is told at once", () => {
  const told: string[][] = [];
  const end = watchLinks((links) => told.push(links.map(({ name }) => name)), () => [{ name: "eth0", address: "10.0.0.20", subnet: "10.0.0.0/24", leadsOut: false, internal: false }]);
  end();
  expect(told).toEqual([["eth0"]]);
});
