import { describe, expect, test } from "bun:test";
import type { Dispatch } from "../../lib/channel/channel.ts";
import { mailChannel } from "../../lib/channel/mail.ts";
import { isMailAddress } from "../../lib/channel/settings.ts";
import type { SmtpRequest } from "../../lib/port/carrier.ts";
import { MAIL_SETTINGS, SECRET } from "../support/channel-settings.ts";
import { aDispatch, anEscalation, aRecipient } from "../support/an-escalation.ts";

const channel = mailChannel(MAIL_SETTINGS, SECRET);

describe("a mail", () => {
  test("goes to one person, from the relay's address, through the site's server", () => {
    const mail = composed(aDispatch());
    expect(mail).toMatchObject({ kind: "smtp", from: "bell@example.com", to: "li@example.com", subject: "[CRIT] osd.12: OSD 12 is down — c1 #7F3K2A" });
    expect(mail.server).toEqual({
      host: "mail.example.com", port: 587, security: "starttls", user: "bell@example.com", password: "planted-secret",
      authority: undefined, name: "relay.example.com",
    });
  });

  test("has the headers that keep machines from answering and mail programs from scattering the thread", () => {
    expect(composed(aDispatch()).headers).toEqual({
      "In-Reply-To": "<alarm-7F3K2ANW5T8QH4R9XZ0BCDEFGH@gapbell.c1>",
      References: "<alarm-7F3K2ANW5T8QH4R9XZ0BCDEFGH@gapbell.c1>",
      "Auto-Submitted": "auto-generated",
      "X-Auto-Response-Suppress": "All",
      "X-Priority": "1 (Highest)",
      "X-MSMail-Priority": "High",
      Importance: "High",
      "X-Gapbell-Alarm-Id": "7F3K2ANW5T8QH4R9XZ0BCDEFGH",
      "X-Gapbell-Severity": "critical",
    });
  });

  test("a minor alarm and a notice are not marked urgent", () => {
    expect(composed(aDispatch({ escalation: anEscalation({ severity: "minor" }) })).headers["X-Priority"]).toBeUndefined();
    expect(composed(aDispatch({ about: { kind: "taken", by: "zhao", at: 1 } })).headers["X-Priority"]).toBeUndefined();
  });

  test("keeps its Message-ID over every attempt", () => {
    const ids = [aDispatch(), aDispatch({ plain: true }), aDispatch({ resent: true })].map((dispatch) => composed(dispatch).messageId);
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^<[0-9a-f]{32}@relay\.example\.com>$/);
  });

  test("has another Message-ID for another person, another escalation and a notice, and the same thread", () => {
    const mails = [
      aDispatch(),
      aDispatch({ recipients: [aRecipient({ operator: "zhao" })] }),
      aDispatch({ escalation: anEscalation({ id: "e2", step: 1 }) }),
      aDispatch({ about: { kind: "taken", by: "li", at: 1 } }),
      aDispatch({ about: { kind: "cleared", by: "", at: 1 } }),
    ].map(composed);
    expect(new Set(mails.map(({ messageId }) => messageId)).size).toBe(5);
    expect(new Set(mails.map(({ headers }) => headers["References"])).size).toBe(1);
  });

  test("no field of an alarm can add a header", () => {
    const evil = "x\r\nBcc: evil@example.com\r\n\r\nbody";
    const mail = composed(
      aDispatch({ escalation: anEscalation({ item: evil, module: evil, text: evil, clusterName: evil, occurrence: "7F3K2A\r\nX: y" }), about: { kind: "taken", by: evil, at: 1 } }),
    );
    for (const text of [mail.subject, mail.messageId, mail.to, ...Object.keys(mail.headers), ...Object.values(mail.headers)]) {
      expect(text).not.toMatch(/[\r\n]/);
    }
    expect(mail.headers["References"]).toMatch(/^<[A-Za-z0-9@.-]+>$/);
  });

  for (const mail of ["li@example.com, evil@example.com", "li@example.com\r\nRCPT TO:<evil@example.com>", "Li <li@example.com>", "li", "@example.com", "li@", "li@example.com evil", "", `${"a".repeat(65)}@example.com`]) {
    test(`is refused where the address is ${JSON.stringify(mail).slice(0, 60)}`, () => {
      const request = channel.compose(aDispatch({ recipients: [aRecipient({ mail })] }), "");
      expect(request).toMatchObject({ ok: false, fault: { kind: "refused" } });
      expect(channel.reaches(aRecipient({ mail }))).toBe(false);
    });
  }

  test("takes addresses as they are in life", () => {
    for (const mail of ["li@example.com", "li+osd@mail.example.co.uk", "李@例子.中国", "o'neill@example.com", "1@qq.com"]) expect(isMailAddress(mail)).toBe(true);
  });

  test("a person without an address is not reached by mail", () => {
    const { mail: _mail, ...li } = aRecipient();
    expect(channel.reaches(li)).toBe(false);
    expect(channel.compose(aDispatch({ recipients: [li] }), "")).toEqual({ ok: false, fault: { kind: "refused", reason: "No mail address for li" } });
  });
});

describe("a try of the mail server", () => {
  test("logs in only where there is a login", () => {
    const open = mailChannel({ ...MAIL_SETTINGS, user: undefined }, { secret: undefined, authority: undefined });
    expect(channel.probe(true)).toMatchObject({ kind: "smtp-probe", login: true });
    expect(channel.probe(false)).toMatchObject({ login: false });
    expect(open.probe(true)).toMatchObject({ login: false });
    expect(open.judgeProbe({ kind: "smtp", code: 250, response: "250 ready" }, true)).toMatchObject({ able: true, level: "connected" });
  });

  for (const { name, reply, login, want } of [
    { name: "it answered", reply: { kind: "smtp", code: 250, response: "250 ready" }, login: false, want: { able: true, level: "connected", reason: "" } },
    { name: "it let us in", reply: { kind: "smtp", code: 250, response: "250 ready" }, login: true, want: { able: true, level: "authenticated", reason: "" } },
    {
      name: "it refused the password",
      reply: { kind: "failed", stage: "login", sent: false, code: 535, reason: "535 5.7.8 bad" }, login: true,
      want: { able: false, level: "connected", reason: "Login failed: 535 5.7.8 bad" },
    },
    {
      name: "it is closing", reply: { kind: "smtp", code: 421, response: "421 4.3.2 closing", command: "greeting" }, login: false,
      want: { able: false, level: "connected", reason: "421 4.3.2 closing" },
    },
    {
      name: "nobody listens", reply: { kind: "failed", stage: "connect", sent: false, code: undefined, reason: "connect ECONNREFUSED" }, login: true,
      want: { able: false, level: "none", reason: "Cannot connect: connect ECONNREFUSED" },
    },
  ] as const) {
    test(name, () => expect(channel.judgeProbe(reply, login)).toEqual(want));
  }
});

function composed(dispatch: Dispatch): SmtpRequest {
  const request = channel.compose(dispatch, "");
  if (!request.ok || request.value.kind !== "smtp") throw new Error("Not a mail");
  return request.value;
}
