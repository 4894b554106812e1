/** Which interfaces the bell rings on. */

import { expect, test } from "bun:test";
import { chooseRoads, defaultRouteOf, type Found } from "../../lib/io/interfaces.ts";

const one = (name: string, address = "10.0.0.1", netmask = "255.255.255.0"): Found => ({ name, address, netmask, internal: name === "lo" });
const LO = one("lo", "127.0.0.1", "255.0.0.0");
const ETH0 = one("eth0", "10.11.131.32", "255.255.252.0");
const ETH1 = one("eth1", "192.168.7.5");

const ROWS: readonly {
  readonly name: string; readonly found: readonly Found[]; readonly exclude?: readonly string[]; readonly defaultRoute?: string; readonly chosen: readonly string[];
}[] = [
  { name: "every interface of the LAN, loopback not", found: [LO, ETH0, ETH1], chosen: ["eth0", "eth1"] },
  { name: "no bridge of containers beside a real one", found: [ETH0, one("docker0"), one("br-1a2b"), one("veth9"), one("cni0"), one("wg0")], chosen: ["eth0"] },
  { name: "the interface of the default route, whatever its name", found: [ETH0, one("br-mgmt")], defaultRoute: "br-mgmt", chosen: ["eth0", "br-mgmt"] },
  { name: "the only address, whatever its name", found: [LO, one("br-mgmt")], chosen: ["br-mgmt"] },
  { name: "two of them, where there is nothing else", found: [one("br-mgmt"), one("tun0")], chosen: ["br-mgmt", "tun0"] },
  { name: "no address without room for a broadcast beside one with", found: [ETH0, one("ppp0", "10.9.9.9", "255.255.255.255")], chosen: ["eth0"] },
  { name: "the only address, whatever its netmask", found: [one("eth0", "10.9.9.9", "255.255.255.254")], chosen: ["eth0"] },
  { name: "none that is excluded", found: [ETH0, ETH1], exclude: ["eth1"], chosen: ["eth0"] },
  { name: "none that is excluded, be it that of the default route", found: [ETH0, ETH1], exclude: ["eth0"], defaultRoute: "eth0", chosen: ["eth1"] },
  { name: "a bridge where the others are excluded", found: [ETH0, one("br-mgmt")], exclude: ["eth0"], chosen: ["br-mgmt"] },
  { name: "the only one, though it is excluded", found: [LO, ETH0], exclude: ["eth0"], chosen: ["eth0"] },
  { name: "nothing where there is nothing", found: [LO], chosen: [] },
  { name: "both addresses of one interface", found: [ETH0, { ...ETH0, address: "10.20.0.1" }], chosen: ["eth0", "eth0"] },
];
test.each(ROWS)("$name", ({ found, exclude, defaultRoute, chosen }) => {
  expect(chooseRoads(found, { named: undefined, exclude, defaultRoute }).map(({ name }) => name)).toEqual([...chosen]);
});

test("first to everybody on the wire, then to the subnet", () => {
  expect(chooseRoads([ETH0], { named: undefined, defaultRoute: undefined })).toEqual([{ name: "eth0", address: "10.11.131.32", broadcasts: ["255.255.255.255", "10.11.131.255"] }]);
});

test("what the configuration names is taken as it says, loopback too, and nothing else", () => {
  const named = [{ name: "lo", broadcast: "127.255.255.255" }, { name: "eth1" }, { name: "eth9" }];
  expect(chooseRoads([LO, ETH0, ETH1], { named, exclude: ["eth1"], defaultRoute: "eth0" })).toEqual([
    { name: "lo", address: "127.0.0.1", broadcasts: ["127.255.255.255"] },
    { name: "eth1", address: "192.168.7.5", broadcasts: ["255.255.255.255", "192.168.7.255"] },
  ]);
});

test("the default route is read from the kernel's table, and only one that leads somewhere", () => {
  const head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
  const row = (name: string, destination: string, flags: string): string => `${name}\t${destination}\t0101000A\t${flags}\t0\t0\t0\t00000000\t0\t0\t0`;
  expect(defaultRouteOf([head, row("eth1", "0000000A", "0001"), row("br-mgmt", "00000000", "0003")].join("\n"))).toBe("br-mgmt");
  expect(defaultRouteOf([head, row("eth1", "00000000", "0001")].join("\n"))).toBeUndefined();
  expect(defaultRouteOf("")).toBeUndefined();
});
