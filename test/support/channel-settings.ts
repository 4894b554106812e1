/** Settings of each channel as `relay.yaml` would give them, and a secret that must show up in no text. */

import { type ChannelSecret, MailSettings, RobotSettings, WecomSettings } from "../../lib/channel/settings.ts";
import { WECOM_STAND_IN } from "./wecom-stand-in.ts";

export const SECRET: ChannelSecret = { secret: "planted-secret", authority: undefined };

export const MAIL_SETTINGS = MailSettings.parse({
  host: "mail.example.com", user: "bell@example.com", password_file: "/etc/gapbell/mail", from: "bell@example.com", name: "relay.example.com",
});

export const WECOM_SETTINGS = WecomSettings.parse({ corp: WECOM_STAND_IN.corp, agent: WECOM_STAND_IN.agent, secret_file: "/etc/gapbell/wecom" });

export const ROBOT_SETTINGS = RobotSettings.parse({ key_file: "/etc/gapbell/robot" });
