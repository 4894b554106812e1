/** What `relay.yaml` says of the ways out. Secrets are named here as files and read by the command line. */

import { z } from "zod";
import { CHANNELS, type ChannelName } from "../alarm/policy.ts";

const file = z.string().min(1).max(4096);
const hostName = z.string().regex(/^[A-Za-z0-9._:-]{1,253}$/, "must be a host name or an address");

/** Where WeCom answers; a private deployment has another (channels-and-standards §2.2). */
export const WECOM_BASE = "https://qyapi.weixin.qq.com";

/** https, or http to the same host only: a token must not cross a network in the clear. */
const base = z
  .string()
  .max(256)
  .refine(isSafeBase, "must be an https URL without path; http only to a loopback address")
  .default(WECOM_BASE);

export const MailSettings = z
  .strictObject({
    host: hostName,
    port: z.int().min(1).max(65_535).default(587),
    /** `tls`: from the first byte; `starttls`: required; `none`: only what a trusted network may read. */
    security: z.enum(["tls", "starttls", "none"]).default("starttls"),
    user: z.string().min(1).max(254).optional(),
    password_file: file.optional(),
    /** PEM of a private authority. */
    authority_file: file.optional(),
    from: z.string().refine(isMailAddress, "must be one mail address without a display name"),
    /** What the relay calls itself in EHLO and in Message-ID. */
    name: hostName.default("gapbell-relay.invalid"),
  })
  .refine(({ user, password_file: password }) => (user === undefined) === (password === undefined), {
    message: "user and password_file must be given together",
    path: ["password_file"],
  })
  .refine(({ security, user, host }) => security !== "none" || user === undefined || isLoopback(host), {
    message: "must be tls or starttls where a password is sent to another host",
    path: ["security"],
  });

export const WecomSettings = z.strictObject({
  corp: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, "must be a corporation id"),
  /** The application's id: a number, not a word. */
  agent: z.int().min(1),
  secret_file: file,
  base,
  authority_file: file.optional(),
  /** The page behind a card; without it the message is plain text. */
  link: z.url({ protocol: /^https?$/ }).max(2048).optional(),
});

export const RobotSettings = z.strictObject({
  /** The key at the end of the robot's webhook: it is the whole secret. */
  key_file: file,
  base,
  authority_file: file.optional(),
});

/** `channels:` of `relay.yaml`; at least one for a relay that is of any use, which `check` says. */
export const ChannelSettings = z.strictObject({
  mail: MailSettings.optional(),
  wecom: WecomSettings.optional(),
  "wecom-robot": RobotSettings.optional(),
});

export type MailSettings = z.infer<typeof MailSettings>;
export type WecomSettings = z.infer<typeof WecomSettings>;
export type RobotSettings = z.infer<typeof RobotSettings>;
export type ChannelSettings = z.infer<typeof ChannelSettings>;

/** What was read from the files: the password, corporation secret or key without its line end, and the PEM. */
export type ChannelSecret = { readonly secret: string | undefined; readonly authority: string | undefined };
export type ChannelSecrets = Readonly<Partial<Record<ChannelName, ChannelSecret>>>;

/** Which files hold the secrets of the channels that are set up, for the one who reads them. */
export function secretFilesOf(settings: ChannelSettings): readonly {
  readonly channel: ChannelName;
  readonly secretFile: string | undefined;
  readonly authorityFile: string | undefined;
}[] {
  return CHANNELS.flatMap((channel) => {
    const one = settings[channel];
    if (one === undefined) return [];
    return [{ channel, secretFile: secretFileOf(one), authorityFile: one.authority_file }];
  });
}

function secretFileOf(settings: MailSettings | WecomSettings | RobotSettings): string | undefined {
  if ("key_file" in settings) return settings.key_file;
  return "secret_file" in settings ? settings.secret_file : settings.password_file;
}

/** One bare address as SMTP carries it: no display name, list, comment, quoting or control character. */
export function isMailAddress(text: string): boolean {
  return text.length <= 254 && /^[^\s@<>(),;:"[\]\\\p{Cc}]{1,64}@[^\s@<>(),;:"[\]\\\p{Cc}]{1,253}$/u.test(text);
}

function isSafeBase(text: string): boolean {
  const match = /^(https?):\/\/(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(:\d{1,5})?$/i.exec(text);
  if (match === null) return false;
  const [, scheme, host] = match;
  return scheme === "https" || isLoopback(host ?? "");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
