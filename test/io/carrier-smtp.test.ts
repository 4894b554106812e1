import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { mailChannel } from "../../lib/channel/mail.ts";
import { carrySmtp } from "../../lib/io/carrier-smtp.ts";
import type { CarrierReply, SmtpRequest, SmtpServer } from "../../lib/port/carrier.ts";
import { aDispatch, anEscalation } from "../support/an-escalation.ts";
import { MAIL_SETTINGS } from "../support/channel-settings.ts";
import { LOOPBACK_TLS, OTHER_AUTHORITY } from "../support/loopback-tls.ts";
import { type MailFault, type MailMoment, type MailStandIn, openMailStandIn } from "../support/mail-stand-in.ts";

const LOGIN = { user: "bell", password: "planted secret" };
/** Enough for loopback and for the tenth of a second that the server waits for those who talk too early. */
const HANG_MS = 600;

let starttls: MailStandIn;
let implicit: MailStandIn;
let open: MailStandIn;

beforeAll(async () => {
  starttls = await openMailStandIn({ ...LOGIN, tls: LOOPBACK_TLS });
  implicit = await openMailStandIn({ ...LOGIN, tls: LOOPBACK_TLS, implicit: true });
  open = await openMailStandIn();
});

afterAll(() => Promise.all([starttls.close(), implicit.close(), open.close()]));

describe("a mail on its way", () => {
  test("arrives under STARTTLS and a login, byte for byte what was composed", async () => {
    const channel = mailChannel({ ...MAIL_SETTINGS, ...addressOf(starttls), user: "bell" }, { secret: LOGIN.password, authority: LOOPBACK_TLS.certificate });
    const escalation = anEscalation({ clusterName: "集群一", detail: "first\n.\n..dots\nlast" });
    const request = channel.compose(aDispatch({ escalation }), "");
    if (!request.ok || request.value.kind !== "smtp") throw new Error("Not a mail");
    const reply = await carrySmtp(request.value);
    expect(channel.judge(reply, aDispatch()).kind).toBe("accepted");
    const mail = starttls.mails.at(-1);
    expect(mail).toMatchObject({
      from: "bell@example.com", to: ["li@example.com"], user: "bell", secure: true, client: "relay.example.com",
      subject: request.value.subject, text: request.value.text,
    });
    expect(mail?.headers).toMatchObject({
      "message-id": request.value.messageId, "auto-submitted": "auto-generated", references: request.value.headers["References"] ?? "",
      from: "bell@example.com", to: "li@example.com", "x-priority": "1 (Highest)",
    });
    expect(Buffer.from(mail?.raw ?? []).toString("latin1").split("\r\n\r\n")[0]).not.toMatch(/x-mailer|nodemailer|[^\x20-\x7e\r\n]/i);
  });

  test("arrives under TLS from the first byte", async () => {
    expect(await carrySmtp(aMail(serverOf(implicit, { security: "tls" })))).toMatchObject({ kind: "smtp", code: 250 });
    expect(implicit.mails).toHaveLength(1);
  });

  test("arrives in the clear where that is what the settings say", async () => {
    expect(await carrySmtp(aMail(serverOf(open, { security: "none", user: undefined, password: undefined })))).toMatchObject({ kind: "smtp", code: 250 });
    expect(open.mails.at(-1)).toMatchObject({ secure: false, user: undefined });
  });

  for (const { name, at, fault, want } of [
    { name: "the server is closing", at: "connect", fault: { code: 421, text: "4.3.2 closing" }, want: { kind: "smtp", code: 421, command: "greeting" } },
    { name: "the sender is refused", at: "mail", fault: { code: 550, text: "5.7.60 not you" }, want: { kind: "smtp", code: 550, command: "mail" } },
    { name: "the recipient is greylisted", at: "rcpt", fault: { code: 450, text: "4.2.0 later" }, want: { kind: "smtp", code: 450, command: "rcpt" } },
    { name: "the recipient is unknown", at: "rcpt", fault: { code: 550, text: "5.1.1 unknown" }, want: { kind: "smtp", code: 550, command: "rcpt" } },
    { name: "the content is refused", at: "data", fault: { code: 554, text: "5.6.0 no" }, want: { kind: "smtp", code: 554, command: "data" } },
    { name: "the content is refused for now", at: "data", fault: { code: 421, text: "4.3.0 no" }, want: { kind: "smtp", code: 421, command: "data" } },
    { name: "the login is refused for now", at: "auth", fault: { code: 454, text: "4.7.0 later" }, want: { kind: "failed", stage: "login", sent: false, code: 454 } },
    { name: "the server says nothing", at: "connect", fault: "hang", want: { kind: "failed", stage: "connect", sent: false } },
    { name: "the login hangs", at: "auth", fault: "hang", want: { kind: "failed", stage: "login", sent: false } },
    { name: "the recipient hangs", at: "rcpt", fault: "hang", want: { kind: "failed", stage: "send", sent: false } },
    { name: "the answer to the content never comes", at: "data", fault: "hang", want: { kind: "failed", stage: "answer", sent: true } },
    { name: "cut at the greeting", at: "connect", fault: "cut", want: { kind: "failed", stage: "connect", sent: false } },
    { name: "cut before the content", at: "rcpt", fault: "cut", want: { kind: "failed", stage: "send", sent: false } },
    { name: "cut after the content", at: "data", fault: "cut", want: { kind: "failed", stage: "answer", sent: true } },
  ] as const satisfies readonly { name: string; at: MailMoment; fault: MailFault; want: Partial<CarrierReply> }[]) {
    test(`${name}: ${JSON.stringify(want)}`, async () => {
      const before = starttls.mails.length;
      starttls.failNext(at, fault);
      const began = performance.now();
      const reply = await carrySmtp(aMail(serverOf(starttls), HANG_MS));
      expect(reply).toMatchObject(want);
      expect(performance.now() - began).toBeLessThan(HANG_MS + 400);
      expect(starttls.mails).toHaveLength(before);
      expectNoSecret(reply);
    });
  }
});

describe("a mail server that is not what the settings say", () => {
  for (const { name, server, want } of [
    { name: "the password is wrong", server: () => serverOf(starttls, { password: "wrong" }), want: { stage: "login", sent: false, code: 535 } },
    { name: "it offers no login", server: () => serverOf(open, { security: "none" }), want: { stage: "login", sent: false, reason: "ENOAUTH: The server offers no login" } },
    { name: "it offers no STARTTLS", server: () => serverOf(open), want: { stage: "tls", sent: false } },
    { name: "another authority signed it", server: () => serverOf(starttls, { authority: OTHER_AUTHORITY }), want: { stage: "tls", sent: false } },
    { name: "another authority signed it, TLS from the first byte", server: () => serverOf(implicit, { security: "tls", authority: OTHER_AUTHORITY }), want: { stage: "tls", sent: false } },
    { name: "nobody vouches for it", server: () => serverOf(starttls, { authority: undefined }), want: { stage: "tls", sent: false } },
    { name: "TLS is spoken to a plain port", server: () => serverOf(starttls, { security: "tls" }), want: { stage: "tls", sent: false } },
    { name: "nobody listens", server: () => serverOf({ host: "127.0.0.1", port: 1 }), want: { stage: "connect", sent: false } },
    { name: "there is no such name", server: () => serverOf({ host: "nobody.invalid", port: 25 }), want: { stage: "dns", sent: false } },
  ]) {
    test(name, async () => {
      const reply = await carrySmtp(aMail(server()));
      expect(reply).toMatchObject({ kind: "failed", ...want });
      expectNoSecret(reply);
    });
  }

  test("each of these but the last two is judged as a mistake in the settings", async () => {
    const channel = mailChannel(MAIL_SETTINGS, { secret: undefined, authority: undefined });
    const kinds = [];
    for (const server of [serverOf(starttls, { password: "wrong" }), serverOf(open, { security: "none" }), serverOf(open), serverOf(starttls, { authority: OTHER_AUTHORITY }), serverOf(starttls, { security: "tls" }), serverOf({ host: "127.0.0.1", port: 1 })]) {
      kinds.push(channel.judge(await carrySmtp(aMail(server)), aDispatch()).kind);
    }
    expect(kinds).toEqual(["config", "config", "config", "config", "config", "unreachable"]);
  });

  test("no password crosses a connection that STARTTLS could not secure", async () => {
    const heard: string[] = [];
    const trap = await listening((server) => {
      server.on("connection", (socket) => {
        socket.on("error", () => {});
        socket.write("220 trap ESMTP\r\n");
        socket.on("data", (bytes) => {
          heard.push(bytes.toString());
          socket.write(/^EHLO/i.test(bytes.toString()) ? "250-trap\r\n250 AUTH PLAIN LOGIN\r\n" : "250 ok\r\n");
        });
      });
    });
    const reply = await carrySmtp(aMail(serverOf(trap), HANG_MS));
    expect(reply).toMatchObject({ kind: "failed", stage: "tls", sent: false });
    // The trap hears a TLS handshake after its false "ok" to STARTTLS, but no login in the clear.
    expect(heard.join("")).not.toMatch(/AUTH|secret|MAIL FROM/i);
    trap.server.close();
  });
});

describe("a try of the mail server", () => {
  for (const { name, server, login, want } of [
    { name: "it answers", server: () => serverOf(starttls), login: false, want: { kind: "smtp", code: 250 } },
    { name: "it lets us in", server: () => serverOf(starttls), login: true, want: { kind: "smtp", code: 250 } },
    { name: "a wrong password is not tried where only the way is asked for", server: () => serverOf(starttls, { password: "wrong" }), login: false, want: { kind: "smtp", code: 250 } },
    { name: "it refuses the password", server: () => serverOf(starttls, { password: "wrong" }), login: true, want: { kind: "failed", stage: "login", code: 535 } },
    { name: "nobody listens", server: () => serverOf({ host: "127.0.0.1", port: 1 }), login: true, want: { kind: "failed", stage: "connect" } },
  ]) {
    test(name, async () => {
      const before = starttls.mails.length;
      expect(await carrySmtp({ kind: "smtp-probe", server: server(), login, timeoutMs: 5000 })).toMatchObject(want);
      expect(starttls.mails).toHaveLength(before);
    });
  }

  test("leaves no connection behind", async () => {
    const until = performance.now() + 3000;
    while (starttls.open() > 0 && performance.now() < until) await new Promise((resolve) => setImmediate(resolve));
    expect(starttls.open()).toBe(0);
  });
});

function aMail(server: SmtpServer, timeoutMs = 5000): SmtpRequest {
  return {
    kind: "smtp", server, from: "bell@example.com", to: "li@example.com", subject: "[CRIT] osd.12", text: "down",
    messageId: "<1@relay.example.com>", headers: {}, timeoutMs,
  };
}

function addressOf({ host, port }: { readonly host: string; readonly port: number }): { host: string; port: number } {
  return { host, port };
}

function serverOf(address: { readonly host: string; readonly port: number }, fields: Partial<SmtpServer> = {}): SmtpServer {
  return { ...addressOf(address), security: "starttls", ...LOGIN, authority: LOOPBACK_TLS.certificate, name: "relay.example.com", ...fields };
}

function expectNoSecret(reply: CarrierReply): void {
  expect(JSON.stringify(reply)).not.toContain(LOGIN.password);
  expect(JSON.stringify(reply)).not.toContain(Buffer.from(LOGIN.password).toString("base64").replace(/=+$/, ""));
}

async function listening(serve: (server: Server) => void): Promise<{ readonly server: Server; readonly host: string; readonly port: number }> {
  const server = createServer();
  serve(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("No address");
  return { server, host: "127.0.0.1", port: address.port };
}
