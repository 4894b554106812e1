/** "Refused" is not always what happened: the kernel's tables, and a namespace without a route or with its cable out. */

import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { unreachableSentence, whyUnreachable } from "../../lib/io/unreachable.ts";

const TABLE = `Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t0083000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t0000010A\t0183000A\t0003\t0\t0\t0\t0000FFFF\t0\t0\t0
*\t0005010A\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0
`;
const ARP = `IP address       HW type     Flags       HW address            Mask     Device
10.0.131.5       0x1         0x2         02:00:00:00:00:05     *        eth0
10.0.131.6       0x1         0x0         00:00:00:00:00:00     *        eth0
10.0.131.1       0x1         0x0         00:00:00:00:00:00     *        eth0
`;
const facts = (files: Readonly<Record<string, string>> = {}) => ({
  read: (path: string) => ({ "/proc/net/route": TABLE, "/proc/net/arp": ARP, "/sys/class/net/eth0/carrier": "1\n", "/sys/class/net/eth1/carrier": "1\n", ...files })[path] ?? "",
  own: () => ["10.0.131.9"],
});

test.each([
  ["a neighbour that answers has refused", "10.0.131.5", undefined],
  ["a neighbour that nobody asked for has refused", "10.0.131.7", undefined],
  ["a neighbour that does not answer is not there", "10.0.131.6", { kind: "noNeighbour", address: "10.0.131.6" }],
  ["behind a gateway that does not answer, the gateway is not there", "10.1.9.9", { kind: "noNeighbour", address: "10.0.131.1" }],
  ["where a route rejects, there is none", "10.1.5.1", { kind: "noRoute" }],
  ["without any route there is none", "192.0.2.1", { kind: "noRoute" }],
  ["our own address has refused", "10.0.131.9", undefined],
  ["loopback has refused", "127.0.0.1", undefined],
  ["of a name nothing is known", "jump1", undefined],
] as const)("%s", (_, address, why) => {
  expect(whyUnreachable(address, facts())).toEqual(why);
});

test("an interface without carrier is named", () => {
  const why = whyUnreachable("10.0.131.5", facts({ "/sys/class/net/eth0/carrier": "0\n" }));
  expect(why).toEqual({ kind: "noCarrier", interface: "eth0" });
  if (why !== undefined) expect(unreachableSentence(why, "the jump host jump1")).toContain("eth0 has no carrier, is the cable in?");
});

const may = process.geteuid?.() === 0 && Bun.which("unshare") !== null && Bun.which("ip") !== null;
describe.skipIf(!may && process.env["CI"] !== "true")(`in a network of its own${may ? "" : " (skipped: needs root, unshare and ip)"}`, () => {
  const ask = `
    import { connect } from "node:net";
    import { whyUnreachable } from "${join(import.meta.dir, "..", "..", "lib", "io", "unreachable.ts")}";
    connect({ host: "10.99.99.99", port: 22 }).on("error", () => console.log(JSON.stringify(whyUnreachable("10.99.99.99"))));`;
  const lan = "ip link add veth0 type veth peer name veth1 && ip link set veth0 up && ip link set veth1 up && ip addr add 10.99.99.1/24 dev veth0";
  test.each([
    ["no route", "true", { kind: "noRoute" }],
    ["nobody at that address", lan, { kind: "noNeighbour", address: "10.99.99.99" }],
    ["the cable is out", `${lan} && ip link set veth1 down`, { kind: "noCarrier", interface: "veth0" }],
  ] as const)("%s is told as it is", (_, network, why) => {
    const ran = Bun.spawnSync(["unshare", "--net", "--mount", "sh", "-c", `mount -t sysfs none /sys && ip link set lo up && ${network} && exec "$0" -e "$1"`, process.execPath, ask]);
    expect(JSON.parse(ran.stdout.toString())).toEqual(why);
  }, 20_000);

  test("the carriers and the eye of the jump host's legs tell it too, where the system says refused", () => {
    const at = (name: string): string => JSON.stringify(join(import.meta.dir, "..", "..", "lib", "io", name));
    const all = `
      import { carryHttps } from ${at("carrier-https.ts")};
      import { carrySmtp } from ${at("carrier-smtp.ts")};
      import { openLegsEye } from ${at("legs.ts")};
      const host = "10.99.99.99";
      const timeoutMs = 9000;
      const server = { host, port: 25, security: "none", name: "jump1" };
      const [smtp, https, [, outside]] = await Promise.all([
        carrySmtp({ kind: "smtp-probe", server, login: false, timeoutMs }),
        carryHttps({ kind: "https", method: "GET", url: "https://10.99.99.99/", headers: {}, body: "", timeoutMs }),
        openLegsEye({ targets: [{ host, port: 25 }], hints: { outside: "veth0" } }).look(),
      ]);
      console.log(JSON.stringify([smtp, https, outside]));`;
    const network = `${lan} && ip link set lo up`;
    const ran = Bun.spawnSync(["unshare", "--net", "--mount", "sh", "-c", `mount -t sysfs none /sys && ${network} && exec "$0" -e "$1"`, process.execPath, all]);
    const nobody = "There is no way to 10.99.99.99: 10.99.99.99 does not answer on this network; it is off or its cable is out";
    expect(JSON.parse(ran.stdout.toString())).toMatchObject([
      { kind: "failed", stage: "connect", sent: false, reason: `EHOSTUNREACH: ${nobody}` },
      { kind: "failed", stage: "connect", sent: false, reason: `EHOSTUNREACH: ${nobody}` },
      { up: false, reason: `10.99.99.99:25 does not answer: ${nobody}` },
    ]);
  }, 20_000);
});
