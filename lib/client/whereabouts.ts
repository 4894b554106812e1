/** On which link an agent is heard, and whether the host is still there: only then is silence a reason to ring. */

import { isWithin } from "../base/ipv4.ts";
import type { Link } from "../port/lan.ts";

/** The link on which an agent was last heard; stored with it, so that a laptop opened elsewhere knows that it is. */
export type HeardOn = Pick<Link, "name" | "subnet">;

/** The narrowest subnet that the agent is in; an agent beyond a router is heard where the default route leaves. */
export function linkTowards(host: string, links: readonly Link[]): HeardOn | undefined {
  const [closest] = links.filter(({ subnet }) => isWithin(host, subnet)).sort((a, b) => widthOf(b) - widthOf(a));
  const link = closest ?? links.find(({ leadsOut }) => leadsOut);
  return link === undefined ? undefined : { name: link.name, subnet: link.subnet };
}

/**
 * Whether the agent could be heard here.
 *
 * @param links undefined while nothing is known of them: then silence counts, as it does where nothing is known of the agent
 */
export function isThere(heardOn: HeardOn | undefined, links: readonly Link[] | undefined): boolean {
  if (links === undefined) return true;
  if (heardOn === undefined) return links.some(({ internal }) => !internal);
  return links.some(({ name, subnet }) => name === heardOn.name && subnet === heardOn.subnet);
}

function widthOf({ subnet }: Link): number {
  return Number(subnet.split("/")[1]);
}
