/** Every way out that the settings name, ready to use. */

import { type ChannelName, CHANNELS } from "../alarm/policy.ts";
import type { Channel } from "./channel.ts";
import { mailChannel } from "./mail.ts";
import type { ChannelSecret, ChannelSecrets, ChannelSettings } from "./settings.ts";
import { wecomChannel } from "./wecom.ts";
import { robotChannel } from "./wecom-robot.ts";

const NO_SECRET: ChannelSecret = { secret: undefined, authority: undefined };

/** In the order of `CHANNELS`; a channel that is not set up is left out. */
export function channelsOf(settings: ChannelSettings, secrets: ChannelSecrets): readonly Channel[] {
  return CHANNELS.flatMap((name) => channelOf(name, settings, secrets[name] ?? NO_SECRET) ?? []);
}

function channelOf(name: ChannelName, settings: ChannelSettings, secret: ChannelSecret): Channel | undefined {
  switch (name) {
    case "mail":
      return settings.mail && mailChannel(settings.mail, secret);
    case "wecom":
      return settings.wecom && wecomChannel(settings.wecom, secret);
    case "wecom-robot":
      return settings["wecom-robot"] && robotChannel(settings["wecom-robot"], secret);
  }
}
