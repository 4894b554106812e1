import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type { Channel, Dispatch } from "../../lib/channel/channel.ts";
import type { Outcome } from "../../lib/channel/outcome.ts";
import { TokenCache } from "../../lib/channel/token-cache.ts";
import { wecomChannel } from "../../lib/channel/wecom.ts";
import { robotChannel } from "../../lib/channel/wecom-robot.ts";
import { openCarrier } from "../../lib/io/carrier.ts";
import { aDispatch, anEscalation, aRecipient } from "../support/an-escalation.ts";
import { ROBOT_SETTINGS, WECOM_SETTINGS } from "../support/channel-settings.ts";
import { LOOPBACK_TLS } from "../support/loopback-tls.ts";
import { openWecomStandIn, WECOM_STAND_IN, type WecomStandIn } from "../support/wecom-stand-in.ts";

const carrier = openCarrier();
let standIn: WecomStandIn;
let wecom: Channel;
let robot: Channel;

beforeEach(() => {
  standIn = openWecomStandIn();
  wecom = wecomChannel({ ...WECOM_SETTINGS, base: standIn.base }, { secret: WECOM_STAND_IN.secret, authority: undefined });
  robot = robotChannel({ ...ROBOT_SETTINGS, base: standIn.base }, { secret: WECOM_STAND_IN.robotKey, authority: undefined });
});

afterEach(() => standIn.close());

describe("an application message", () => {
  test("reaches the person it names", async () => {
    expect(await deliver(wecom, aDispatch())).toMatchObject({ kind: "accepted", receipt: "stand-in-2" });
    expect(standIn.messages).toMatchObject([{ way: "application", to: ["li"], type: "text", text: expect.stringContaining("osd.12") }]);
    expect(standIn.requests.map(({ call }) => call)).toEqual(["gettoken", "send"]);
  });

  test("as a card as well", async () => {
    const cards = wecomChannel({ ...WECOM_SETTINGS, base: standIn.base, link: "https://wiki.example.com" }, { secret: WECOM_STAND_IN.secret, authority: undefined });
    expect((await deliver(cards, aDispatch())).kind).toBe("accepted");
    expect(standIn.messages).toMatchObject([{ type: "textcard", title: "[CRIT] osd.12: OSD 12 is down — c1 #7F3K2A" }]);
  });

  test("with a stale token fetches exactly one new one and arrives", async () => {
    const cache = new TokenCache();
    await deliver(wecom, aDispatch(), cache);
    standIn.expireTokens();
    expect((await deliver(wecom, aDispatch({ escalation: anEscalation({ step: 1 }) }), cache)).kind).toBe("accepted");
    expect(standIn.requests.map(({ call, errcode }) => [call, errcode])).toEqual([["gettoken", 0], ["send", 0], ["send", 42_001], ["gettoken", 0], ["send", 0]]);
  });

  test("whose new token is refused too is a wrong secret, and is not tried a third time", async () => {
    standIn.answerNext(40_014, { times: 5, call: "send" });
    expect(await deliver(wecom, aDispatch())).toMatchObject({ kind: "config", reason: expect.stringContaining("40014") });
    expect(standIn.requests.filter(({ call }) => call === "send")).toHaveLength(2);
  });

  test("sent again with the same bytes is shown to nobody twice; a reminder is", async () => {
    await deliver(wecom, aDispatch());
    expect((await deliver(wecom, aDispatch({ resent: true }))).kind).toBe("accepted");
    expect(standIn.messages).toHaveLength(1);
    await deliver(wecom, aDispatch({ escalation: anEscalation({ id: "e2", step: 1 }) }));
    expect(standIn.messages).toHaveLength(2);
  });

  test("to somebody who does not exist is refused for that person", async () => {
    expect(await deliver(wecom, aDispatch({ recipients: [aRecipient({ wecom: "ghost" })] }))).toMatchObject({ kind: "refused" });
  });

  for (const { name, settings, secret, want } of [
    { name: "a wrong secret", settings: {}, secret: "wrong", want: "40001" },
    { name: "a wrong corporation", settings: { corp: "wwother" }, secret: WECOM_STAND_IN.secret, want: "40013" },
    { name: "a wrong agent id", settings: { agent: 7 }, secret: WECOM_STAND_IN.secret, want: "301002" },
  ]) {
    test(`with ${name} is config`, async () => {
      const wrong = wecomChannel({ ...WECOM_SETTINGS, base: standIn.base, ...settings }, { secret, authority: undefined });
      expect(await deliver(wrong, aDispatch())).toMatchObject({ kind: "config", reason: expect.stringContaining(want) });
      expect(standIn.messages).toEqual([]);
    });
  }

  test("with forbidden words leaves in its plain form", async () => {
    standIn.answerNext(85_002, { call: "send" });
    expect((await deliver(wecom, aDispatch())).kind).toBe("accepted");
    expect(standIn.messages).toMatchObject([{ text: expect.not.stringContaining("OSD 12") }]);
  });

  test("that is not answered is unsure", async () => {
    standIn.answerNextWith("hang", { call: "send" });
    const request = wecom.compose(aDispatch(), "T");
    if (!request.ok) throw new Error("Not composed");
    const reply = await carrier.send({ ...request.value, timeoutMs: 200 });
    expect(wecom.judge(reply, aDispatch()).kind).toBe("unsure");
  });
});

describe("a group robot's message", () => {
  test("mentions everyone who is told", async () => {
    const dispatch = aDispatch({ recipients: [aRecipient(), aRecipient({ operator: "zhao", mobile: undefined, wecom: "zhao" })] });
    expect((await deliver(robot, dispatch)).kind).toBe("accepted");
    expect(standIn.messages).toMatchObject([{ way: "robot", to: ["zhao"], mobiles: ["13800001111"] }]);
  });

  test("to a removed robot is config", async () => {
    const removed = robotChannel({ ...ROBOT_SETTINGS, base: standIn.base }, { secret: "gone", authority: undefined });
    expect(await deliver(removed, aDispatch())).toMatchObject({ kind: "config", reason: expect.stringContaining("93000") });
  });

  test("beyond twenty a minute waits", async () => {
    for (let i = 0; i < 20; i += 1) expect((await deliver(robot, aDispatch())).kind).toBe("accepted");
    expect(await deliver(robot, aDispatch())).toMatchObject({ kind: "retry", afterMs: 60_000 });
  });
});

describe("the stand-in is as strict as it claims", () => {
  const send = (path: string, body: unknown): Promise<unknown> =>
    fetch(`${standIn.base}${path}`, { method: "POST", body: typeof body === "string" ? body : JSON.stringify(body) }).then((answer) => answer.json());
  const text = (content: unknown): object => ({ touser: "li", agentid: WECOM_STAND_IN.agent, msgtype: "text", text: { content } });

  for (const { name, body, errcode } of [
    { name: "a text of 2049 bytes", body: text("a".repeat(2049)), errcode: 45_002 },
    { name: "an empty text", body: text(""), errcode: 44_004 },
    { name: "an agent id that is a word", body: { ...text("a"), agentid: String(WECOM_STAND_IN.agent) }, errcode: 40_056 },
    { name: "no agent id", body: { ...text("a"), agentid: undefined }, errcode: 41_011 },
    { name: "nobody", body: { ...text("a"), touser: "" }, errcode: 82_001 },
    { name: "markdown", body: { ...text("a"), msgtype: "markdown" }, errcode: 40_008 },
    { name: "an escaped character", body: JSON.stringify(text("a")).replace('"a"', '"\\u0061"'), errcode: 40_033 },
    { name: "half a body", body: '{"touser":', errcode: 47_001 },
    { name: "a card without a page", body: { ...text("a"), msgtype: "textcard", textcard: { title: "t", description: "d", url: "wiki" } }, errcode: 45_034 },
    { name: "a card with a long title", body: { ...text("a"), msgtype: "textcard", textcard: { title: "t".repeat(129), description: "d", url: "https://w" } }, errcode: 40_058 },
  ]) {
    test(`refuses ${name}`, async () => {
      const { access_token: token } = (await fetch(`${standIn.base}/cgi-bin/gettoken?corpid=${WECOM_STAND_IN.corp}&corpsecret=${WECOM_STAND_IN.secret}`).then((answer) => answer.json())) as { access_token: string };
      expect(await send(`/cgi-bin/message/send?access_token=${token}`, body)).toMatchObject({ errcode });
      expect(standIn.messages).toEqual([]);
    });
  }

  test("refuses a message without a token, and one with a token that it never gave", async () => {
    expect(await send("/cgi-bin/message/send", text("a"))).toMatchObject({ errcode: 41_001 });
    expect(await send("/cgi-bin/message/send?access_token=x", text("a"))).toMatchObject({ errcode: 40_014 });
  });

  test("is gone after close, and speaks TLS where it is told to", async () => {
    const secure = openWecomStandIn({ tls: LOOPBACK_TLS });
    const channel = robotChannel({ ...ROBOT_SETTINGS, base: secure.base }, { secret: WECOM_STAND_IN.robotKey, authority: LOOPBACK_TLS.certificate });
    expect((await deliver(channel, aDispatch())).kind).toBe("accepted");
    await secure.close();
    expect((await deliver(channel, aDispatch())).kind).toBe("unreachable");
  });

  test("answers with the recorded bytes, and keeps what it received", async () => {
    standIn.answerNext(60_020);
    const sent = JSON.stringify(text("告警"));
    const answer = await fetch(`${standIn.base}/cgi-bin/message/send?access_token=x`, { method: "POST", body: sent });
    expect(await answer.text()).toStartWith('{"errcode":60020,"errmsg":"not allow to access from your ip, hint: [');
    expect(Buffer.from(standIn.requests.at(-1)?.bytes ?? []).toString()).toBe(sent);
  });
});

/** What the relay does with a delivery's outcomes, for one delivery: a new token once, the plain form once. */
async function deliver(channel: Channel, dispatch: Dispatch, cache = new TokenCache()): Promise<Outcome> {
  const token = await tokenFor(channel, cache);
  if (typeof token !== "string") return token;
  const request = channel.compose(dispatch, token);
  if (!request.ok) return request.fault;
  const outcome = channel.judge(await carrier.send(request.value), dispatch);
  if (outcome.kind === "unfit") return deliver(channel, { ...dispatch, plain: true }, cache);
  if (outcome.kind !== "expired") return outcome;
  cache.expired(token);
  return deliver(channel, { ...dispatch, renewed: true }, cache);
}

async function tokenFor({ tokens }: Channel, cache: TokenCache): Promise<string | Outcome> {
  if (tokens === undefined) return "";
  const choice = cache.take(0);
  if (choice.kind === "use") return choice.token;
  const token = tokens.judge(await carrier.send(tokens.compose()));
  if (!token.ok) return token.fault;
  cache.fetched(token.value, 0);
  return token.value.token;
}
