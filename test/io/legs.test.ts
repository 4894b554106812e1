import { expect, test } from "bun:test";
import type { Found } from "../../lib/io/interfaces.ts";
import { type LegSources, openLegsEye, targetsOf } from "../../lib/io/legs.ts";
import { MAIL_SETTINGS, ROBOT_SETTINGS, WECOM_SETTINGS } from "../support/channel-settings.ts";

const LAN: Found = { name: "eth0", address: "10.11.131.5", netmask: "255.255.255.0", internal: false };
const OUTSIDE: Found = { name: "eth1", address: "192.0.2.9", netmask: "255.255.255.0", internal: false };
const LO: Found = { name: "lo", address: "127.0.0.1", netmask: "255.0.0.0", internal: true };
const HEADER = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT";
const FILES: Readonly<Record<string, string>> = {
  "/proc/net/route": `${HEADER}\neth1\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\neth0\t00830B0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n`,
  "/etc/resolv.conf": "# by hand\nnameserver 192.0.2.53\nnameserver 192.0.2.54\n",
  "/sys/class/net/eth0/operstate": "up\n", "/sys/class/net/eth1/operstate": "up\n",
  "/sys/class/net/eth0/carrier": "1\n", "/sys/class/net/eth1/carrier": "1\n",
};

function look(changes: Partial<LegSources> & { readonly files?: Readonly<Record<string, string>> } = {}, hints = {}) {
  const { files = {}, ...sources } = changes;
  const all = { ...FILES, ...files };
  return openLegsEye({ targets: [{ host: "mail.example.com", port: 587 }], hints }, {
    interfaces: () => [LO, LAN, OUTSIDE], read: (path) => all[path] ?? "", wall: () => 42,
    resolve: async () => ({ ok: true, text: "198.51.100.7" }), reach: async () => ({ ok: true, text: "" }),
    ...sources,
  }).look();
}

test("both legs as they are: interface, address, route, name", async () => {
  expect(await look()).toEqual([
    { name: "lan", up: true, interface: "eth0", address: "10.11.131.5", route: "", dns: "", reason: "", checkedAt: 42 },
    { name: "outside", up: true, interface: "eth1", address: "192.0.2.9", route: "default via 192.0.2.1", dns: "mail.example.com is 198.51.100.7", reason: "", checkedAt: 42 },
  ]);
});

const TROUBLES: readonly { readonly name: string; readonly changes: Parameters<typeof look>[0]; readonly leg: 0 | 1; readonly says: string }[] = [
  { name: "the outside cable is out", changes: { files: { "/sys/class/net/eth1/carrier": "0\n" } }, leg: 1, says: 'Interface "eth1" has no carrier: is the cable in?' },
  { name: "the LAN cable is out", changes: { files: { "/sys/class/net/eth0/carrier": "0\n" } }, leg: 0, says: 'Interface "eth0" has no carrier: is the cable in?' },
  { name: "the outside interface is down", changes: { files: { "/sys/class/net/eth1/operstate": "down\n", "/sys/class/net/eth1/carrier": "" } }, leg: 1, says: 'Interface "eth1" is down' },
  { name: "the outside interface has lost its address", changes: { interfaces: () => [LO, LAN] }, leg: 1, says: 'Interface "eth1" has no IPv4 address' },
  { name: "there is no default route", changes: { files: { "/proc/net/route": HEADER } }, leg: 1, says: "There is no default route" },
  { name: "the name server is dead", changes: { resolve: async () => ({ ok: false, text: "no answer within 2 s" }) }, leg: 1, says: 'The name "mail.example.com" cannot be resolved: no answer within 2 s' },
  { name: "nothing answers outside", changes: { reach: async () => ({ ok: false, text: "EHOSTUNREACH" }) }, leg: 1, says: "mail.example.com:587 does not answer: EHOSTUNREACH" },
];
for (const { name, changes, leg, says } of TROUBLES) {
  test(`${name}: told in words, and the other leg is not blamed`, async () => {
    const legs = await look(changes);
    expect(legs[leg]).toMatchObject({ up: false, reason: says });
    expect(legs[1 - leg]).toMatchObject({ up: true, reason: "" });
  });
}

test("an interface that the configuration names and the system does not have", async () => {
  const [lan] = await look({}, { lan: "eth7" });
  expect(lan).toMatchObject({ up: false, interface: "eth7", reason: 'There is no interface "eth7"' });
});

test("one of two channels that answers shows that the outside is there", async () => {
  const eye = openLegsEye({ targets: [{ host: "a", port: 1 }, { host: "b", port: 2 }], hints: {} }, {
    interfaces: () => [LO, LAN, OUTSIDE], read: (path) => FILES[path] ?? "", wall: () => 42,
    resolve: async () => ({ ok: true, text: "198.51.100.7" }), reach: async ({ port }) => ({ ok: port === 2, text: "ECONNREFUSED" }),
  });
  expect((await eye.look())[1]).toMatchObject({ up: true });
});

test("with everything on loopback there is no route to miss", async () => {
  const legs = await look({ interfaces: () => [LO], files: { "/proc/net/route": HEADER, "/etc/resolv.conf": "" }, resolve: async () => ({ ok: true, text: "127.0.0.1" }) });
  expect(legs).toMatchObject([{ interface: "lo", up: true }, { interface: "lo", up: true }]);
});

test("what is looked at is where the channels send to, each once", () => {
  expect(targetsOf({ mail: MAIL_SETTINGS, wecom: WECOM_SETTINGS, "wecom-robot": ROBOT_SETTINGS })).toEqual([
    { host: "mail.example.com", port: 587 }, { host: "qyapi.weixin.qq.com", port: 443 },
  ]);
  expect(targetsOf({})).toEqual([]);
});

test("the real system can be looked at", async () => {
  const legs = await openLegsEye({ targets: [], hints: {} }).look();
  expect(legs.map(({ name }) => name)).toEqual(["lan", "outside"]);
});
