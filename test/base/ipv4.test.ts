import { expect, test } from "bun:test";
import { broadcastOf, isWithin, prefixOf, subnetOf } from "../../lib/base/ipv4.ts";

const SUBNETS = [
  { address: "10.0.0.7", netmask: "255.255.255.0", subnet: "10.0.0.0/24", broadcast: "10.0.0.255" },
  { address: "10.11.131.32", netmask: "255.255.252.0", subnet: "10.11.128.0/22", broadcast: "10.11.131.255" },
  { address: "192.168.1.130", netmask: "255.255.255.128", subnet: "192.168.1.128/25", broadcast: "192.168.1.255" },
  { address: "10.9.9.9", netmask: "255.255.255.255", subnet: "10.9.9.9/32", broadcast: "10.9.9.9" },
  { address: "10.9.9.9", netmask: "0.0.0.0", subnet: "0.0.0.0/0", broadcast: "255.255.255.255" },
];

for (const { address, netmask, subnet, broadcast } of SUBNETS) {
  test(`${address} with ${netmask} is in ${subnet} and broadcasts to ${broadcast}`, () => {
    expect(subnetOf(address, netmask)).toBe(subnet);
    expect(broadcastOf(address, netmask)).toBe(broadcast);
    expect(prefixOf(netmask)).toBe(Number(subnet.split("/")[1]));
    expect(isWithin(address, subnet)).toBe(true);
  });
}

test("an address outside a subnet is not within it, the neighbouring one neither", () => {
  expect(isWithin("10.0.1.0", "10.0.0.0/24")).toBe(false);
  expect(isWithin("10.0.0.255", "10.0.0.0/24")).toBe(true);
  expect(isWithin("192.168.1.127", "192.168.1.128/25")).toBe(false);
  expect(isWithin("200.1.1.1", "0.0.0.0/0")).toBe(true);
  expect(isWithin("10.9.9.8", "10.9.9.9/32")).toBe(false);
  expect(isWithin("255.255.255.255", "255.0.0.0/8")).toBe(true);
});
