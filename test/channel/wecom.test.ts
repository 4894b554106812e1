import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { utf8Length } from "../../lib/base/bytes.ts";
import type { Channel, Dispatch } from "../../lib/channel/channel.ts";
import { wecomChannel } from "../../lib/channel/wecom.ts";
import { robotChannel } from "../../lib/channel/wecom-robot.ts";
import { harmless } from "../../lib/channel/wecom-text.ts";
import type { CarrierReply, HttpsRequest } from "../../lib/port/carrier.ts";
import { ROBOT_SETTINGS, SECRET, WECOM_SETTINGS } from "../support/channel-settings.ts";
import { aDispatch, anEscalation, aRecipient } from "../support/an-escalation.ts";

const channel = wecomChannel(WECOM_SETTINGS, SECRET);
const cards = wecomChannel({ ...WECOM_SETTINGS, link: "https://wiki.example.com/gapbell" }, SECRET);
const robot = robotChannel(ROBOT_SETTINGS, SECRET);

const LONG = anEscalation({ text: "磁盘".repeat(256), detail: "🔥".repeat(1000), item: "盘".repeat(128), reason: "因".repeat(300) });

describe("an application message", () => {
  test("is text for one person, with a number as agent id and the duplicate check on", () => {
    const request = sent(channel, aDispatch());
    expect(request).toMatchObject({ method: "POST", url: "https://qyapi.weixin.qq.com/cgi-bin/message/send?access_token=TOKEN" });
    expect(bodyOf(request)).toEqual({
      touser: "li", agentid: 1_000_002, msgtype: "text",
      text: { content: expect.stringContaining("[CRIT] osd.12 — c1 #7F3K2A") },
      safe: 0, enable_id_trans: 0, enable_duplicate_check: 1, duplicate_check_interval: 14_400,
    });
  });

  test("is a card where there is a page behind it", () => {
    const body = bodyOf(sent(cards, aDispatch()));
    expect(body["msgtype"]).toBe("textcard");
    expect(body["textcard"]).toMatchObject({ title: "[CRIT] osd.12: OSD 12 is down — c1 #7F3K2A", url: "https://wiki.example.com/gapbell" });
  });

  test("falls back from the card to text in its plain form", () => {
    expect(bodyOf(sent(cards, aDispatch({ plain: true })))["msgtype"]).toBe("text");
  });

  test("is the same bytes in every attempt, so that the duplicate check can see it", () => {
    expect(sent(channel, aDispatch({ resent: true }))).toEqual(sent(channel, aDispatch()));
    expect(sent(channel, aDispatch({ renewed: true })).body).toBe(sent(channel, aDispatch()).body);
  });

  test("differs for a reminder, so that the duplicate check does not swallow it", () => {
    expect(sent(channel, aDispatch({ escalation: anEscalation({ step: 1 }) })).body).not.toBe(sent(channel, aDispatch()).body);
  });

  test("stays within the bytes that WeCom takes", () => {
    const text = bodyOf(sent(channel, aDispatch({ escalation: LONG })))["text"] as { content: string };
    expect(utf8Length(text.content)).toBeLessThanOrEqual(2048);
    expect(utf8Length(text.content)).toBeGreaterThan(1800);
    const card = bodyOf(sent(cards, aDispatch({ escalation: LONG })))["textcard"] as { title: string; description: string };
    expect(utf8Length(card.title)).toBeLessThanOrEqual(128);
    expect(utf8Length(card.description)).toBeLessThanOrEqual(512);
  });

  for (const wecom of ["li|zhao", "@all", "", "li\nzhao", "a".repeat(65), "李"]) {
    test(`is refused where the user id is ${JSON.stringify(wecom).slice(0, 40)}`, () => {
      expect(channel.compose(aDispatch({ recipients: [aRecipient({ wecom })] }), "T")).toMatchObject({ ok: false, fault: { kind: "refused" } });
      expect(channel.reaches(aRecipient({ wecom }))).toBe(false);
    });
  }

  test("an id that WeCom gives back in lower case, or in any other, is still ours", () => {
    const reply = answered({ errcode: 0, errmsg: "ok", invaliduser: "zhangsan" });
    const other = answered({ errcode: 0, errmsg: "ok", invaliduser: "wang|ZHANGSAN" });
    expect(channel.judge(reply, aDispatch({ recipients: [aRecipient({ wecom: "ZhangSan" })] })).kind).toBe("refused");
    expect(channel.judge(other, aDispatch({ recipients: [aRecipient({ wecom: "ZhangSan" })] })).kind).toBe("refused");
    expect(channel.judge(reply, aDispatch({ recipients: [aRecipient({ wecom: "ZhangSi" })] })).kind).toBe("accepted");
  });

  test("keeps the provider's id of the message", () => {
    expect(channel.judge(answered({ errcode: 0, msgid: "MTAx" }), aDispatch())).toEqual({ kind: "accepted", receipt: "MTAx" });
  });
});

describe("the token", () => {
  test("is asked for with corporation and secret", () => {
    expect(channel.tokens?.compose()).toMatchObject({
      method: "GET", url: "https://qyapi.weixin.qq.com/cgi-bin/gettoken?corpid=ww0123456789abcdef&corpsecret=planted-secret", body: "",
    });
  });

  test("lasts as long as WeCom says", () => {
    expect(channel.tokens?.judge(answered({ errcode: 0, access_token: "T", expires_in: 7200 }))).toEqual({ ok: true, value: { token: "T", lastsMs: 7_200_000 } });
  });

  test("that was perhaps made and lost is asked for again: it has told nobody anything", () => {
    const lost: CarrierReply = { kind: "failed", stage: "answer", sent: true, code: undefined, reason: "ETIMEDOUT" };
    expect(channel.tokens?.judge(lost)).toMatchObject({ ok: false, fault: { kind: "unreachable" } });
  });
});

describe("a group robot's message", () => {
  const li = aRecipient({ operator: "li", mobile: "13800001111", wecom: "li" });
  const zhao = aRecipient({ operator: "zhao", mobile: undefined, wecom: "zhao" });
  const ana = aRecipient({ operator: "ana", mobile: undefined, wecom: undefined });

  test("is one for all who are told, mentions each once and names everyone", () => {
    const request = sent(robot, aDispatch({ recipients: [li, zhao, ana] }));
    expect(request.url).toBe("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=planted-secret");
    expect(bodyOf(request)).toEqual({
      msgtype: "text",
      text: {
        content: expect.stringContaining("[CRIT] osd.12 — c1 #7F3K2A\n→ li, zhao, ana\n2026-11-24"),
        mentioned_list: ["zhao"],
        mentioned_mobile_list: ["13800001111"],
      },
    });
  });

  test("never mentions everybody, whatever the roster holds", () => {
    const everybody = aRecipient({ mobile: "@all", wecom: "@all" });
    expect(sent(robot, aDispatch({ recipients: [everybody] })).body).not.toContain("@all");
  });

  test("a notice wakes nobody", () => {
    expect(sent(robot, aDispatch({ about: { kind: "taken", by: "li", at: 1 }, recipients: [li, zhao] })).body).not.toContain("mentioned");
  });

  test("is marked when it is sent again, because nothing else can tell", () => {
    expect(sent(robot, aDispatch({ resent: true })).body).toContain("(sent again)");
  });

  test("stays within 2048 bytes with 64 people and the longest alarm", () => {
    const recipients = Array.from({ length: 64 }, (_, i) => aRecipient({ operator: `操作员${"名".repeat(20)}${i}` }));
    const [first = li, ...rest] = recipients;
    const text = bodyOf(sent(robot, aDispatch({ escalation: LONG, recipients: [first, ...rest] })))["text"] as { content: string };
    expect(utf8Length(text.content)).toBeLessThanOrEqual(2048);
    expect(text.content).toContain("磁盘");
  });
});

describe("text that WeCom would read as more than text", () => {
  for (const { name, text, want } of [
    { name: "a mention of everybody", text: "<@all> wake up", want: "‹@all> wake up" },
    { name: "a link", text: '<a href="https://evil.example">x</a>', want: '‹a href="https://evil.example">x‹/a>' },
    { name: "a colour", text: '<div class="highlight">x</div>', want: '‹div class="highlight">x‹/div>' },
    { name: "a comparison stays", text: "free < 5 %, a<5", want: "free < 5 %, a<5" },
  ]) {
    test(name, () => expect(harmless(text)).toBe(want));
  }

  test("no text makes a body that WeCom refuses for its escapes or its length", () => {
    const anyText = fc.string({ unit: "binary", maxLength: 512 });
    fc.assert(
      fc.property(anyText, anyText, (text, detail) => {
        for (const one of [channel, cards, robot]) {
          const { body } = sent(one, aDispatch({ escalation: anEscalation({ text, detail }) }));
          expect(body.replaceAll("\\\\", "")).not.toContain("\\u");
          expect(() => JSON.parse(body)).not.toThrow();
          expect(body).not.toMatch(/<@|<a /);
        }
      }),
      { seed: 20_261_124, numRuns: 200 },
    );
  });
});

describe("a try of the way to WeCom", () => {
  test("by any answer the way is open; only a token proves the secret", () => {
    const page: CarrierReply = { kind: "https", status: 404, headers: {}, body: "" };
    expect(channel.judgeProbe(page, false)).toEqual({ able: true, level: "connected", reason: "" });
    expect(channel.judgeProbe(answered({ errcode: 0, access_token: "T", expires_in: 7200 }), true)).toMatchObject({ able: true, level: "authenticated" });
    expect(channel.judgeProbe(answered({ errcode: 40_001, errmsg: "invalid credential" }), true)).toMatchObject({ able: false, level: "connected" });
    expect(channel.probe(false)).toMatchObject({ url: "https://qyapi.weixin.qq.com/", body: "" });
    expect(channel.probe(true)).toEqual(expect.objectContaining({ url: expect.stringContaining("/cgi-bin/gettoken?") }));
  });

  test("a robot is never claimed authenticated", () => {
    for (const login of [false, true]) {
      expect(robot.judgeProbe({ kind: "https", status: 200, headers: {}, body: "" }, login)).toEqual({ able: true, level: "connected", reason: "" });
      expect(JSON.stringify(robot.probe(login))).not.toContain("planted-secret");
    }
  });

  test("without a connection neither is able, and the reason says what broke", () => {
    const out: CarrierReply = { kind: "failed", stage: "dns", sent: false, code: undefined, reason: "getaddrinfo EAI_AGAIN" };
    for (const one of [channel, robot]) {
      expect(one.judgeProbe(out, true)).toEqual({ able: false, level: "none", reason: "Cannot resolve the server's name: getaddrinfo EAI_AGAIN" });
    }
  });
});

function sent(one: Channel, dispatch: Dispatch): HttpsRequest {
  const request = one.compose(dispatch, "TOKEN");
  if (!request.ok || request.value.kind !== "https") throw new Error("Not a request over HTTPS");
  return request.value;
}

function bodyOf({ body }: HttpsRequest): Record<string, unknown> {
  return JSON.parse(body) as Record<string, unknown>;
}

function answered(body: object): CarrierReply {
  return { kind: "https", status: 200, headers: {}, body: JSON.stringify(body) };
}
