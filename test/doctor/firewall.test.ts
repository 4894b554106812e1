import { expect, test } from "bun:test";
import { type Chain, type Packet, passage } from "../../lib/doctor/firewall.ts";
import { readIptables } from "../../lib/doctor/iptables.ts";
import { readNft } from "../../lib/doctor/nft.ts";

/** An alarm that is broadcast to a laptop. */
const ALARM: Packet = { hook: "input", interface: "e0", from: "10.0.0.1", to: "255.255.255.255", fromPort: 40_000, toPort: 11_114, state: "new", cast: "broadcast" };
/** The answer to a HELLO. */
const WELCOME: Packet = { hook: "input", interface: "e0", from: "10.0.0.1", to: "10.0.0.20", fromPort: 11_115, toPort: 40_000, state: "established", cast: "unicast" };

/** What `nft -j list ruleset` prints of one input chain with these rules, each a list of statements. */
function nftOf(policy: string, rules: readonly (readonly unknown[])[], more: readonly unknown[] = []): readonly Chain[] {
  const at = { family: "inet", table: "f" };
  const items = [
    { metainfo: { version: "1.0.6" } }, { table: { family: "inet", name: "f" } }, { chain: { ...at, name: "i", type: "filter", hook: "input", prio: 0, policy } }, ...more,
    ...rules.map((expr) => ({ rule: { ...at, chain: "i", expr } })),
  ];
  return readNft(JSON.stringify({ nftables: items })) ?? [];
}

const match = (left: unknown, right: unknown, op = "==") => ({ match: { op, left, right } });
const dport = (right: unknown, op = "==") => match({ payload: { protocol: "udp", field: "dport" } }, right, op);
const state = (...states: string[]) => match({ ct: { key: "state" } }, states, "in");
const ACCEPT = { accept: null };
const DROP = { drop: null };

const NFT: readonly { readonly name: string; readonly chains: readonly Chain[]; readonly alarm: string; readonly welcome: string }[] = [
  { name: "no rule at all", chains: nftOf("accept", []), alarm: "passes", welcome: "passes" },
  { name: "everything is dropped", chains: nftOf("drop", [[match({ meta: { key: "iif" } }, "lo"), ACCEPT]]), alarm: "dropped", welcome: "dropped" },
  { name: "only what is established comes in", chains: nftOf("drop", [[state("established", "related"), ACCEPT]]), alarm: "dropped", welcome: "passes" },
  { name: "a verdict map says the same", chains: nftOf("drop", [[{ vmap: { key: { ct: { key: "state" } }, data: { set: [["established", ACCEPT], ["invalid", DROP]] } } }]]), alarm: "dropped", welcome: "passes" },
  { name: "the port is in a set with a range", chains: nftOf("drop", [[dport({ set: [53, { range: [11_110, 11_120] }] }), ACCEPT]]), alarm: "passes", welcome: "dropped" },
  { name: "all ports but one are dropped", chains: nftOf("accept", [[dport(11_114, "!="), DROP]]), alarm: "passes", welcome: "dropped" },
  { name: "another protocol's port is none of ours", chains: nftOf("accept", [[match({ payload: { protocol: "tcp", field: "dport" } }, 22, "!="), DROP]]), alarm: "passes", welcome: "passes" },
  { name: "IPv6 is none of ours", chains: nftOf("accept", [[match({ meta: { key: "nfproto" } }, "ipv6"), DROP]]), alarm: "passes", welcome: "passes" },
  { name: "broadcasts are dropped", chains: nftOf("accept", [[match({ meta: { key: "pkttype" } }, "broadcast"), { counter: { packets: 0, bytes: 0 } }, DROP]]), alarm: "dropped", welcome: "passes" },
  { name: "broadcasts are dropped by the kind of their address", chains: nftOf("accept", [[match({ fib: { result: "type", flags: ["daddr"] } }, "broadcast"), DROP]]), alarm: "dropped", welcome: "passes" },
  { name: "only the LAN comes in", chains: nftOf("drop", [[match({ payload: { protocol: "ip", field: "saddr" } }, { prefix: { addr: "10.0.0.0", len: 24 } }), ACCEPT]]), alarm: "passes", welcome: "passes" },
  { name: "a limit may let it in", chains: nftOf("drop", [[{ limit: { rate: 10, per: "second" } }, ACCEPT]]), alarm: "unsure", welcome: "unsure" },
  { name: "a named set may hold it", chains: nftOf("accept", [[match({ payload: { protocol: "ip", field: "saddr" } }, "@bad"), DROP]]), alarm: "unsure", welcome: "unsure" },
  { name: "a certain verdict before an uncertain one stands", chains: nftOf("drop", [[state("established"), ACCEPT], [{ limit: { rate: 10, per: "second" } }, ACCEPT]]), alarm: "unsure", welcome: "passes" },
  {
    name: "a jump leads to the verdict, and returns without one", alarm: "dropped", welcome: "passes",
    chains: nftOf("accept", [[{ jump: { target: "lan" } }], [state("established"), ACCEPT], [DROP]], [
      { chain: { family: "inet", table: "f", name: "lan" } }, { rule: { family: "inet", table: "f", chain: "lan", expr: [dport(53), ACCEPT] } },
    ]),
  },
  {
    name: "prerouting drops before any input chain", alarm: "dropped", welcome: "dropped",
    chains: nftOf("accept", [], [
      { chain: { family: "ip", table: "raw", name: "p", type: "filter", hook: "prerouting", prio: -300, policy: "accept" } },
      { rule: { family: "ip", table: "raw", chain: "p", expr: [match({ meta: { key: "iifname" } }, "e0"), DROP] } },
    ]),
  },
  {
    name: "what is for IPv6 only is not read", alarm: "passes", welcome: "passes",
    chains: nftOf("accept", [], [{ chain: { family: "ip6", table: "six", name: "i", type: "filter", hook: "input", prio: 0, policy: "drop" } }]),
  },
];

for (const { name, chains, alarm, welcome } of NFT) {
  test(`nftables: ${name}`, () => expect([passage(chains, ALARM), passage(chains, WELCOME)] as string[]).toEqual([alarm, welcome]));
}

test("what nft does not print is no rule set", () => {
  expect(readNft("")).toBeUndefined();
  expect(readNft("{}")).toBeUndefined();
});

/** The filter table with these rules. */
function iptablesOf(policy: string, rules: readonly string[]): readonly Chain[] {
  return readIptables(["# Generated by iptables-save", "*nat", ":INPUT DROP [0:0]", "COMMIT", "*filter", `:INPUT ${policy} [0:0]`, ":FORWARD DROP [0:0]", ":OUTPUT ACCEPT [0:0]", ":ours - [0:0]", ...rules, "COMMIT", ""].join("\n"));
}

const IPTABLES: readonly { readonly name: string; readonly rules: readonly string[]; readonly policy?: string; readonly alarm: string; readonly welcome: string }[] = [
  { name: "an empty table that accepts", rules: [], policy: "ACCEPT", alarm: "passes", welcome: "passes" },
  { name: "an empty table that drops", rules: [], alarm: "dropped", welcome: "dropped" },
  { name: "established connections", rules: ["-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"], alarm: "dropped", welcome: "passes" },
  { name: "one port", rules: ["-A INPUT -i e0 -p udp -m udp --dport 11114 -j ACCEPT"], alarm: "passes", welcome: "dropped" },
  { name: "a range of ports", rules: ["-A INPUT -p udp -m multiport --dports 53,11114:11115 -j ACCEPT"], alarm: "passes", welcome: "dropped" },
  { name: "another interface", rules: ["-A INPUT -i wlan+ -j ACCEPT"], alarm: "dropped", welcome: "dropped" },
  { name: "everything but one subnet", rules: ["-A INPUT ! -s 10.0.0.0/24 -j DROP", "-A INPUT -j ACCEPT"], alarm: "passes", welcome: "passes" },
  { name: "a subnet with a netmask", rules: ["-A INPUT -s 10.0.0.0/255.255.255.0 -j ACCEPT"], alarm: "passes", welcome: "passes" },
  { name: "broadcasts by a chain of its own", rules: ['-A INPUT -m comment --comment "no -j DROP here" -j ours', "-A INPUT -j ACCEPT", "-A ours -m addrtype --dst-type BROADCAST -j DROP"], alarm: "dropped", welcome: "passes" },
  { name: "a match that nobody understands", rules: ["-A INPUT -m recent --name x --rcheck -j ACCEPT"], alarm: "unsure", welcome: "unsure" },
  { name: "TCP only", rules: ["-A INPUT -p tcp -j ACCEPT"], alarm: "dropped", welcome: "dropped" },
];

for (const { name, rules, policy = "DROP", alarm, welcome } of IPTABLES) {
  test(`iptables: ${name}`, () => {
    const chains = iptablesOf(policy, rules);
    expect([passage(chains, ALARM), passage(chains, WELCOME)] as string[]).toEqual([alarm, welcome]);
  });
}

test("chains that jump to each other end without a verdict", () => {
  const chains = iptablesOf("ACCEPT", ["-A INPUT -j ours", "-A ours -j ours"]);
  expect(passage(chains, ALARM)).toBe("passes");
});
