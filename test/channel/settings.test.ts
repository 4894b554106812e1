import { describe, expect, test } from "bun:test";
import { channelsOf } from "../../lib/channel/channels.ts";
import { ChannelSettings, secretFilesOf } from "../../lib/channel/settings.ts";

const MAIL = { host: "mail.example.com", from: "bell@example.com" };
const WECOM = { corp: "ww1", agent: 1_000_002, secret_file: "/s" };
const ROBOT = { key_file: "/k" };

describe("settings of the ways out", () => {
  test("what is not said has the safe value", () => {
    const settings = ChannelSettings.parse({ mail: MAIL, wecom: WECOM, "wecom-robot": ROBOT });
    expect(settings.mail).toMatchObject({ port: 587, security: "starttls" });
    expect(settings.wecom).toMatchObject({ base: "https://qyapi.weixin.qq.com" });
    expect(settings["wecom-robot"]).toMatchObject({ base: "https://qyapi.weixin.qq.com" });
  });

  for (const { name, mail } of [
    { name: "a password without a user", mail: { ...MAIL, password_file: "/p" } },
    { name: "a user without a password", mail: { ...MAIL, user: "bell" } },
    { name: "a password in the clear to another host", mail: { ...MAIL, security: "none", user: "bell", password_file: "/p" } },
    { name: "a display name in from", mail: { ...MAIL, from: "Bell <bell@example.com>" } },
    { name: "a line break in from", mail: { ...MAIL, from: "bell@example.com\nBcc: x@y" } },
    { name: "a password in the file itself", mail: { ...MAIL, user: "bell", password: "secret" } },
    { name: "port 0", mail: { ...MAIL, port: 0 } },
    { name: "an unknown security", mail: { ...MAIL, security: "ssl" } },
    { name: "no host", mail: { from: "bell@example.com" } },
    { name: "a host with a blank", mail: { ...MAIL, host: "mail example" } },
  ]) {
    test(`mail with ${name} is refused`, () => expect(ChannelSettings.safeParse({ mail }).success).toBe(false));
  }

  test("a password may go in the clear to a server on the same host", () => {
    expect(ChannelSettings.safeParse({ mail: { ...MAIL, host: "127.0.0.1", security: "none", user: "bell", password_file: "/p" } }).success).toBe(true);
  });

  for (const base of ["https://wecom.example.com", "https://10.1.2.3:8443", "http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"]) {
    test(`WeCom at ${base} is taken`, () => expect(ChannelSettings.safeParse({ wecom: { ...WECOM, base } }).success).toBe(true));
  }
  for (const base of [
    "http://qyapi.weixin.qq.com", "http://127.0.0.1.evil.example", "http://127.0.0.1@evil.example", "https://evil.example/path", "https://a@b.example",
    "ftp://127.0.0.1", "//evil.example", "https://", "",
  ]) {
    test(`WeCom at ${JSON.stringify(base)} is refused`, () => expect(ChannelSettings.safeParse({ wecom: { ...WECOM, base } }).success).toBe(false));
  }

  test("an agent id that is a word, an unknown field and a link that is no page are refused", () => {
    for (const wrong of [{ agent: "1000002" }, { agentid: 1 }, { link: "javascript:alert(1)" }]) {
      expect(ChannelSettings.safeParse({ wecom: { ...WECOM, ...wrong } }).success).toBe(false);
    }
  });

  test("each channel's secret is a file, named for the one who reads it", () => {
    const settings = ChannelSettings.parse({
      mail: { ...MAIL, user: "bell", password_file: "/p", authority_file: "/ca" }, wecom: WECOM, "wecom-robot": ROBOT,
    });
    expect(secretFilesOf(settings)).toEqual([
      { channel: "wecom", secretFile: "/s", authorityFile: undefined },
      { channel: "wecom-robot", secretFile: "/k", authorityFile: undefined },
      { channel: "mail", secretFile: "/p", authorityFile: "/ca" },
    ]);
    expect(secretFilesOf({})).toEqual([]);
  });

  test("only what is set up is a channel", () => {
    expect(channelsOf(ChannelSettings.parse({ mail: MAIL }), {}).map(({ name }) => name)).toEqual(["mail"]);
    const all = ChannelSettings.parse({ mail: MAIL, wecom: WECOM, "wecom-robot": ROBOT });
    expect(channelsOf(all, {}).map(({ name, audience }) => [name, audience])).toEqual([["wecom", "person"], ["wecom-robot", "group"], ["mail", "person"]]);
  });
});
