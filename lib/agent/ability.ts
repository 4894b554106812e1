/** What the relay's ability means for one alarm, and for the way out as a whole. */

import type { ChannelName } from "../alarm/policy.ts";
import type { Ability, ChannelAbility, Recipient } from "../wire/relay-api.ts";

export type Judgement = { readonly answer: "able" | "unable" | "silent"; readonly reason: string };

/** Whether a message to one of these people could leave now. @param reason why there is no ability */
export function judgeAbility(
  ability: Ability | undefined,
  { via, to, reason }: { readonly via: readonly ChannelName[]; readonly to: readonly Recipient[]; readonly reason: string },
): Judgement {
  if (ability === undefined) return { answer: "silent", reason };
  const wanted = ability.channels.filter(({ channel, configured }) => configured && via.includes(channel) && to.some((one) => reaches(one, channel)));
  if (wanted.some(({ able }) => able)) return { answer: "able", reason: "" };
  return { answer: "unable", reason: whyUnable(ability, wanted) };
}

/** Whether anything at all could leave now. */
export function judgeWayOut(ability: Ability | undefined, reason: string): Judgement {
  if (ability === undefined) return { answer: "silent", reason };
  const configured = ability.channels.filter(({ configured: is }) => is);
  if (configured.some(({ able }) => able)) return { answer: "able", reason: "" };
  return { answer: "unable", reason: whyUnable(ability, configured) };
}

/** Whether this person has an address for this channel. */
export function reaches({ mail, wecom, mobile }: Recipient, channel: ChannelName): boolean {
  if (channel === "mail") return mail !== undefined;
  return channel === "wecom" ? wecom !== undefined : wecom !== undefined || mobile !== undefined;
}

function whyUnable({ legs }: Ability, channels: readonly ChannelAbility[]): string {
  const down = legs.filter(({ up }) => !up).map(({ name, reason }) => `the jump host's ${name} leg is down: ${reason}`);
  const unable = channels.filter(({ able }) => !able).map(({ channel, reason }) => `${channel}: ${reason}`);
  const all = [...down, ...unable];
  return all.length === 0 ? "no configured channel reaches the people responsible" : all.join("; ");
}
