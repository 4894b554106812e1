/**
 * WeCom as far as Gapbell speaks to it, on loopback unless told otherwise: checks what the real one checks and some things that it silently
 * lets pass, answers with recorded bytes, and keeps everything that it received. For tests and the demo.
 */

import { recordedBody } from "./recorded-reply.ts";

export type WecomCall = "gettoken" | "send" | "webhook";

/** One request as it came, and what was made of it. */
export type WecomRequest = {
  readonly call: WecomCall | "other";
  readonly at: number;
  readonly method: string;
  /** Path and query, secrets included: this is a test. */
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly errcode: number;
  /** Whether a person would see it: accepted, not a duplicate, and not scripted to fail. */
  readonly delivered: boolean;
};

/** What a person or a group would read. */
export type WecomMessage = {
  readonly way: "application" | "robot";
  readonly to: readonly string[];
  readonly mobiles: readonly string[];
  readonly type: string;
  readonly title: string;
  readonly text: string;
  readonly bytes: Uint8Array;
};

export type ScriptedAnswer =
  | { readonly status?: number; readonly headers?: Readonly<Record<string, string>>; readonly body: string }
  /** The request is read and never answered. */
  | "hang";

/** `about`: only calls whose body holds this text. */
export type ScriptOptions = { readonly times?: number; readonly call?: WecomCall; readonly about?: string };

export type WecomStandIn = {
  /** For the setting `base`. */
  readonly base: string;
  readonly requests: readonly WecomRequest[];
  readonly messages: readonly WecomMessage[];
  /** The next calls of this kind get the recorded answer with this errcode (of any message call where none is named). */
  answerNext(errcode: number, options?: ScriptOptions): void;
  answerNextWith(answer: ScriptedAnswer, options?: ScriptOptions): void;
  /** Every token given so far is answered with 42001 from now on. */
  expireTokens(): void;
  /** Takes no more connections: the provider is gone until `close`. */
  close(): Promise<void>;
};

export type WecomStandInOptions = {
  readonly corp?: string;
  readonly secret?: string;
  readonly agent?: number;
  /** User ids that exist and are visible to the application. */
  readonly users?: readonly string[];
  readonly robotKey?: string;
  /** Messages that one robot takes in a minute. */
  readonly robotPerMinute?: number;
  readonly tls?: { readonly key: string; readonly certificate: string };
  readonly host?: string;
  readonly port?: number;
};

/** What a test or the demo sets up as secret, unless it says otherwise. */
export const WECOM_STAND_IN = {
  corp: "ww0123456789abcdef", secret: "stand-in-secret", agent: 1_000_002, robotKey: "693a91f6-7xxx-4bc4-97a0-0ec2sifa5aaa",
} as const;

const MINUTE_MS = 60_000;

export function openWecomStandIn(options: WecomStandInOptions = {}): WecomStandIn {
  const site = {
    ...WECOM_STAND_IN, users: ["li", "zhao"], robotPerMinute: 20, tls: undefined, host: "127.0.0.1", port: 0, ...options,
  };
  const requests: WecomRequest[] = [];
  const messages: WecomMessage[] = [];
  const script: { call: WecomCall | undefined; about: string; answer: ScriptedAnswer | { errcode: number } }[] = [];
  const tokens = new Map<string, "valid" | "expired">();
  const seen = new Map<string, number>();

  const server = Bun.serve({
    hostname: site.host,
    port: site.port,
    // A call that hangs must not be ended by the server.
    idleTimeout: 0,
    ...(site.tls === undefined ? {} : { tls: { key: site.tls.key, cert: site.tls.certificate } }),
    fetch: async (request) => {
      const url = new URL(request.url);
      const bytes = new Uint8Array(await request.arrayBuffer());
      const call = CALLS[`${request.method} ${url.pathname}`];
      const scripted = takeScripted(call, Buffer.from(bytes).toString("utf8"));
      const judged = scripted === undefined ? judge(call, url, bytes) : undefined;
      const answer = await answerTo(call, scripted, judged);
      requests.push({
        call: call ?? "other", at: Date.now(), method: request.method, path: `${url.pathname}${url.search}`, bytes,
        errcode: errcodeOf(answer.body), delivered: judged?.message !== undefined,
      });
      if (judged?.message !== undefined) messages.push(judged.message);
      return new Response(answer.body, { status: answer.status ?? 200, headers: { "content-type": "application/json; charset=UTF-8", ...answer.headers } });
    },
  });

  const takeScripted = (call: WecomCall | undefined, body: string): ScriptedAnswer | { errcode: number } | undefined => {
    const at = script.findIndex((one) => call !== undefined && body.includes(one.about) && (one.call === call || (one.call === undefined && call !== "gettoken")));
    return at < 0 ? undefined : script.splice(at, 1)[0]?.answer;
  };

  const answerTo = async (
    call: WecomCall | undefined,
    scripted: ScriptedAnswer | { errcode: number } | undefined,
    judged: Judged | undefined,
  ): Promise<{ status?: number; headers?: Readonly<Record<string, string>>; body: string }> => {
    if (scripted === "hang") return new Promise(() => {});
    if (scripted !== undefined && "errcode" in scripted) return { body: recorded(call, scripted.errcode) };
    if (scripted !== undefined) return scripted;
    if (judged === undefined) return { status: 404, body: "404 page not found" };
    return { body: judged.body ?? recorded(call, judged.errcode) };
  };

  const judge = (call: WecomCall | undefined, url: URL, bytes: Uint8Array): Judged | undefined => {
    if (call === undefined) return undefined;
    if (call === "gettoken") return judgeGettoken(url);
    return call === "send" ? judgeSend(url, bytes) : judgeWebhook(url, bytes);
  };

  const judgeGettoken = (url: URL): Judged => {
    if (url.searchParams.get("corpid") !== site.corp) return { errcode: 40013 };
    if (url.searchParams.get("corpsecret") !== site.secret) return { errcode: 40001 };
    // The real one gives the same token until it ends.
    const held = [...tokens].find(([, state]) => state === "valid")?.[0];
    const token = held ?? `stand-in-token-${tokens.size + 1}`;
    tokens.set(token, "valid");
    return { errcode: 0, body: JSON.stringify({ errcode: 0, errmsg: "ok", access_token: token, expires_in: 7200 }) };
  };

  const judgeSend = (url: URL, bytes: Uint8Array): Judged => {
    const token = url.searchParams.get("access_token");
    if (token === null || token === "") return { errcode: 41001 };
    const state = tokens.get(token);
    if (state === undefined) return { errcode: 40014 };
    if (state === "expired") return { errcode: 42001 };
    const fault = faultOfJson(bytes);
    if (fault !== undefined) return { errcode: fault };
    const body = objectOf(bytes);
    if (body["agentid"] === undefined) return { errcode: 41011 };
    if (typeof body["agentid"] !== "number") return { errcode: 40056 };
    if (body["agentid"] !== site.agent) return { errcode: 301002 };
    const to = String(body["touser"] ?? "").split("|").filter((one) => one !== "");
    if (to.length === 0) return { errcode: 82001 };
    const content = applicationContent(body);
    if (typeof content === "number") return { errcode: content };
    const known = to.filter((one) => one === "@all" || site.users.some((user) => user.toLowerCase() === one.toLowerCase()));
    if (known.length === 0) return { errcode: 81013 };
    const answer = JSON.stringify({
      errcode: 0, errmsg: "ok", msgid: `stand-in-${requests.length + 1}`,
      ...(known.length === to.length ? {} : { invaliduser: to.filter((one) => !known.includes(one)).join("|").toLowerCase() }),
    });
    if (isDuplicate(body, bytes)) return { errcode: 0, body: answer };
    return { errcode: 0, body: answer, message: { way: "application", to: known, mobiles: [], bytes, ...content } };
  };

  const judgeWebhook = (url: URL, bytes: Uint8Array): Judged => {
    if (url.searchParams.get("key") !== site.robotKey) return { errcode: 93000 };
    const fault = faultOfJson(bytes);
    if (fault !== undefined) return { errcode: fault };
    const body = objectOf(bytes);
    const lately = requests.filter(({ call, at, errcode }) => call === "webhook" && errcode === 0 && at > Date.now() - MINUTE_MS);
    if (lately.length >= site.robotPerMinute) return { errcode: 45009 };
    if (body["msgtype"] !== "text") return { errcode: 40008 };
    const text = recordOf(body["text"]);
    const content = text["content"];
    if (typeof content !== "string" || content === "") return { errcode: 44004 };
    if (Buffer.byteLength(content) > 2048) return { errcode: 40058 };
    const to = stringsOf(text["mentioned_list"]);
    const mobiles = stringsOf(text["mentioned_mobile_list"]);
    if (to === undefined || mobiles === undefined) return { errcode: 40063 };
    return { errcode: 0, message: { way: "robot", to, mobiles, type: "text", title: "", text: content, bytes } };
  };

  const isDuplicate = (body: Readonly<Record<string, unknown>>, bytes: Uint8Array): boolean => {
    if (body["enable_duplicate_check"] !== 1) return false;
    const key = Buffer.from(bytes).toString("base64");
    const seconds = typeof body["duplicate_check_interval"] === "number" ? body["duplicate_check_interval"] : 1800;
    const last = seen.get(key);
    seen.set(key, Date.now());
    return last !== undefined && Date.now() - last < Math.min(seconds, 14_400) * 1000;
  };

  return {
    base: `${site.tls === undefined ? "http" : "https"}://${site.host}:${server.port}`,
    requests,
    messages,
    answerNext: (errcode, { times = 1, call, about = "" } = {}) => {
      for (let i = 0; i < times; i += 1) script.push({ call, about, answer: { errcode } });
    },
    answerNextWith: (answer, { times = 1, call, about = "" } = {}) => {
      for (let i = 0; i < times; i += 1) script.push({ call, about, answer });
    },
    expireTokens: () => {
      for (const token of tokens.keys()) tokens.set(token, "expired");
    },
    close: async () => {
      await server.stop(true);
    },
  };
}

type Judged = { readonly errcode: number; readonly body?: string; readonly message?: WecomMessage };

const CALLS: Readonly<Record<string, WecomCall>> = {
  "GET /cgi-bin/gettoken": "gettoken",
  "POST /cgi-bin/message/send": "send",
  "POST /cgi-bin/webhook/send": "webhook",
};

/** The recorded bytes for an errcode; one that was never recorded is made up in the same form. */
function recorded(call: WecomCall | undefined, errcode: number): string {
  return recordedBody(call ?? "send", errcode) ?? JSON.stringify({ errcode, errmsg: errcode === 0 ? "ok" : "not recorded" });
}

function errcodeOf(body: unknown): number {
  try {
    const value: unknown = JSON.parse(String(body));
    const { errcode } = recordOf(value);
    return typeof errcode === "number" ? errcode : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

/** The real one refuses escaped characters, and a body that is not JSON. */
function faultOfJson(bytes: Uint8Array): number | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    JSON.parse(text);
    return /(?<!\\)(\\\\)*\\u[0-9a-fA-F]{4}/.test(text) ? 40033 : undefined;
  } catch {
    return 47001;
  }
}

function objectOf(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return recordOf(value);
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function stringsOf(value: unknown): readonly string[] | undefined {
  if (value === undefined) return [];
  if (!Array.isArray(value)) return undefined;
  const items: readonly unknown[] = value;
  return items.every((one) => typeof one === "string") ? items : undefined;
}

/** A longer text is cut in life without a word; here it is an error, so that a test sees it. */
function applicationContent(body: Readonly<Record<string, unknown>>): { type: string; title: string; text: string } | number {
  if (body["msgtype"] === "text") {
    const { content } = recordOf(body["text"]);
    if (typeof content !== "string" || content === "") return 44004;
    return Buffer.byteLength(content) > 2048 ? 45002 : { type: "text", title: "", text: content };
  }
  if (body["msgtype"] !== "textcard") return 40008;
  const { title, description, url } = recordOf(body["textcard"]);
  if (typeof description !== "string" || description === "") return 41033;
  if (typeof title !== "string" || title === "") return 40063;
  if (typeof url !== "string" || Buffer.byteLength(url) > 2048) return 40058;
  if (!/^https?:\/\//.test(url)) return 45034;
  if (Buffer.byteLength(title) > 128 || Buffer.byteLength(description) > 512) return 40058;
  return { type: "textcard", title, text: description };
}
