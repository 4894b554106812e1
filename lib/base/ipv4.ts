/** Arithmetic of IPv4 addresses in dotted form: which subnet one is in, and where that subnet's broadcasts go. */

/** How many bits of a netmask are set, as in "/24". */
export function prefixOf(netmask: string): number {
  return netmask.split(".").reduce((sum, part) => sum + (Number(part).toString(2).match(/1/g)?.length ?? 0), 0);
}

/** The last address of the subnet. */
export function broadcastOf(address: string, netmask: string): string {
  const mask = netmask.split(".").map(Number);
  return address.split(".").map((part, at) => Number(part) | (~(mask[at] ?? 255) & 255)).join(".");
}

/** "10.0.0.0/24" of 10.0.0.7 and 255.255.255.0. */
export function subnetOf(address: string, netmask: string): string {
  const mask = netmask.split(".").map(Number);
  return `${address.split(".").map((part, at) => Number(part) & (mask[at] ?? 0)).join(".")}/${prefixOf(netmask)}`;
}

/** @param subnet as `subnetOf` writes it */
export function isWithin(address: string, subnet: string): boolean {
  const [network = "", prefix = "32"] = subnet.split("/");
  const shift = 32 - Number(prefix);
  return shift === 32 || numberOf(address) >>> shift === numberOf(network) >>> shift;
}

function numberOf(address: string): number {
  return address.split(".").reduce((sum, part) => (sum * 256 + Number(part)) >>> 0, 0);
}
