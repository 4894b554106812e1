import { describe, expect, test } from "bun:test";
import { type Failure, judgeFailure } from "../../lib/channel/failure.ts";
import { redact } from "../../lib/channel/redact.ts";
import { utf8Length } from "../../lib/base/bytes.ts";

function aFailure(fields: Partial<Failure>): Failure {
  return { kind: "failed", stage: "connect", sent: false, code: undefined, reason: "ECONNREFUSED", ...fields };
}

describe("a call that ended before the provider said anything", () => {
  for (const { name, failure, want } of [
    { name: "no such name", failure: { stage: "dns", reason: "getaddrinfo ENOTFOUND" }, want: "unreachable" },
    { name: "nobody listens", failure: { stage: "connect", reason: "connect ECONNREFUSED" }, want: "unreachable" },
    { name: "no route", failure: { stage: "connect", reason: "connect EHOSTUNREACH" }, want: "unreachable" },
    { name: "the handshake was reset", failure: { stage: "tls", reason: "ECONNRESET: Client network socket disconnected" }, want: "unreachable" },
    { name: "the handshake timed out", failure: { stage: "tls", reason: "ETIMEDOUT: No answer within 5 s" }, want: "unreachable" },
    { name: "a self-signed certificate", failure: { stage: "tls", reason: "DEPTH_ZERO_SELF_SIGNED_CERT: self signed certificate" }, want: "config" },
    { name: "an unknown authority", failure: { stage: "tls", reason: "UNABLE_TO_VERIFY_LEAF_SIGNATURE: unable to verify" }, want: "config" },
    { name: "an expired certificate", failure: { stage: "tls", reason: "CERT_HAS_EXPIRED: certificate has expired" }, want: "config" },
    { name: "a certificate for another name", failure: { stage: "tls", reason: "ERR_TLS_CERT_ALTNAME_INVALID: Hostname/IP does not match" }, want: "config" },
    { name: "TLS to a plain port", failure: { stage: "tls", reason: "ERR_SSL_WRONG_VERSION_NUMBER: wrong version number" }, want: "config" },
    { name: "STARTTLS is not offered", failure: { stage: "tls", code: 502, reason: "ETLS: Error upgrading connection with STARTTLS" }, want: "config" },
    { name: "STARTTLS not now", failure: { stage: "tls", code: 454, reason: "ETLS: Error upgrading connection with STARTTLS" }, want: "unreachable" },
    { name: "the password is wrong", failure: { stage: "login", code: 535, reason: "535 5.7.8 Authentication failed" }, want: "config" },
    { name: "login not now", failure: { stage: "login", code: 454, reason: "454 4.7.0 Temporary authentication failure" }, want: "retry" },
    { name: "no login offered", failure: { stage: "login", reason: "ENOAUTH: The server offers no login" }, want: "config" },
    { name: "silence during login", failure: { stage: "login", reason: "ETIMEDOUT: No answer within 15 s" }, want: "unreachable" },
    { name: "cut before the content", failure: { stage: "send", reason: "ECONNECTION: Connection closed" }, want: "unreachable" },
    { name: "cut after the content", failure: { stage: "answer", sent: true, reason: "ECONNECTION: Connection closed" }, want: "unsure" },
    { name: "silence after the content", failure: { stage: "answer", sent: true, reason: "ETIMEDOUT: No answer" }, want: "unsure" },
    { name: "a certificate error cannot undo that the content has left", failure: { stage: "tls", sent: true, reason: "CERT" }, want: "unsure" },
    { name: "no answer to a question that acts on nothing", failure: { stage: "answer", sent: false, reason: "ETIMEDOUT" }, want: "unreachable" },
  ] as const) {
    test(`${name}: ${want}`, () => expect(judgeFailure(aFailure(failure)).kind).toBe(want));
  }
});

describe("a reason for people", () => {
  test("holds no secret that was part of a URL or a header", () => {
    const text =
      "POST https://q.example/cgi-bin/webhook/send?key=SECRET1&x=1 gettoken?corpid=ww1&corpsecret=SECRET2 access_token=SECRET3 Authorization: Basic U0VDUkVU bot123:SECRET4/send";
    expect(redact(text)).not.toMatch(/SECRET|U0VDUkVU/);
    expect(redact(text)).toContain("corpid=ww1");
  });

  test("is one line of at most 200 bytes, whatever the server says", () => {
    const { reason } = judgeFailure(aFailure({ reason: `一\r\n${"二".repeat(5000)}` })) as { reason: string };
    expect(utf8Length(reason)).toBeLessThanOrEqual(200);
    expect(reason).not.toContain("\n");
  });
});
