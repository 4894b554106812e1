/** Whom an agent may make this relay write to: a relay that is trusted by a cluster is still not open to the world. */

import type { ChannelName } from "../alarm/policy.ts";
import type { Recipient } from "../wire/relay-api.ts";
import type { AllowList } from "./turn.ts";

/** A group's channel writes to its own group only and asks nobody. */
export function mayWrite(allow: AllowList, channel: ChannelName, recipient: Recipient): boolean {
  switch (channel) {
    case "mail":
      return fits(allow.mail, recipient.mail);
    case "wecom":
      return fits(allow.wecom, recipient.wecom);
    case "wecom-robot":
      return true;
  }
}

function fits(patterns: readonly string[] | undefined, address: string | undefined): boolean {
  if (patterns === undefined) return true;
  return address !== undefined && patterns.some((pattern) => matches(pattern.toLowerCase(), address.toLowerCase()));
}

/** `*` stands for any text, also none. Linear: no pattern can make it slow. */
function matches(pattern: string, text: string): boolean {
  const [head = "", ...parts] = pattern.split("*");
  const tail = parts.pop();
  if (tail === undefined) return pattern === text;
  if (!text.startsWith(head) || !text.endsWith(tail) || text.length < head.length + tail.length) return false;
  let at = head.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0 || found + part.length > text.length - tail.length) return false;
    at = found + part.length;
  }
  return true;
}
