/**
 * Carries one mail, or tries the way to the mail server without one. One connection for each call and none kept: the
 * relay's own outbox decides when to try again, so that nothing here may send twice.
 */

import { Readable } from "node:stream";
import MailComposer from "nodemailer/lib/mail-composer";
import SMTPConnection from "nodemailer/lib/smtp-connection";
import { type Ms, seconds } from "../base/units.ts";
import type { CarrierReply, SmtpCommand, SmtpProbe, SmtpRequest, SmtpServer } from "../port/carrier.ts";
import { unreachableError } from "./unreachable.ts";

/** For one name; a resolver that has not answered by then is not going to. */
const DNS_MS_MOST: Ms = seconds(5);

/** Never rejects, never logs; ends within `timeoutMs`. */
export async function carrySmtp(request: SmtpRequest | SmtpProbe): Promise<CarrierReply> {
  const progress: Progress = { stage: "connect", sent: false };
  const connection = connectionTo(request);
  const deadline = Promise.withResolvers<never>();
  // Its own timeouts count from each byte on; this one bounds the whole call, also against a server that trickles.
  const timer = setTimeout(() => deadline.reject(timedOut(request.timeoutMs)), request.timeoutMs);
  try {
    return await Promise.race([converse(connection, request, progress), deadline.promise]);
  } catch (error) {
    return replyOf(errorOf(error), progress);
  } finally {
    clearTimeout(timer);
    connection.close();
  }
}

/** How far it came, for the moment when it breaks. */
type Progress = { stage: "connect" | "login" | "send" | "answer"; sent: boolean };

function connectionTo({ server, timeoutMs }: SmtpRequest | SmtpProbe): SMTPConnection {
  const { host, port, security, name, authority } = server;
  return new SMTPConnection({
    host, port, name,
    secure: security === "tls",
    requireTLS: security === "starttls",
    ignoreTLS: security === "none",
    connectionTimeout: timeoutMs, greetingTimeout: timeoutMs, socketTimeout: timeoutMs,
    // Sooner than the rest, so that dead name servers are called by their name and not "no answer".
    dnsTimeout: Math.min(timeoutMs, DNS_MS_MOST),
    socketCloseTimeout: 1000,
    maxResponseSize: 65_536,
    // The addresses of loopback count like any other: the mail server may be on this host.
    allowInternalNetworkInterfaces: true,
    logger: false,
    tls: { minVersion: "TLSv1.2", ...(authority === undefined ? {} : { ca: authority }) },
  });
}

async function converse(connection: SMTPConnection, request: SmtpRequest | SmtpProbe, progress: Progress): Promise<CarrierReply> {
  await connected(connection);
  const wantsLogin = request.kind === "smtp" || request.login;
  if (wantsLogin && request.server.user !== undefined) {
    progress.stage = "login";
    await loggedIn(connection, request.server);
  }
  if (request.kind === "smtp-probe") {
    connection.quit();
    return { kind: "smtp", code: 250, response: "250 ready" };
  }
  progress.stage = "send";
  const response = await delivered(connection, request, progress);
  connection.quit();
  return { kind: "smtp", code: codeOf(response) ?? 250, response, command: "data" };
}

function connected(connection: SMTPConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays for the whole life: an error after the last answer must not become an unhandled one.
    connection.on("error", reject);
    connection.connect((error) => (error ? reject(error) : resolve()));
  });
}

/** A server that offers no login is no reason to go on without one: the password says that it must. */
function loggedIn(connection: SMTPConnection, { user, password }: SmtpServer): Promise<void> {
  if (!connection.allowsAuth) {
    return Promise.reject(Object.assign(new Error("The server offers no login"), { code: "ENOAUTH" }));
  }
  return new Promise((resolve, reject) => {
    connection.on("error", reject);
    connection.login({ user, pass: password ?? "" }, (error) => (error ? reject(error) : resolve()));
  });
}

async function delivered(connection: SMTPConnection, request: SmtpRequest, progress: Progress): Promise<string> {
  const message = await messageOf(request);
  return new Promise((resolve, reject) => {
    connection.on("error", reject);
    connection.send({ from: request.from, to: [request.to] }, noting(message, progress), (error, answer) => {
      if (error) reject(error);
      else if (answer === undefined) reject(new Error("No answer"));
      else resolve(answer.response);
    });
  });
}

/** The content is asked for only after the server has said 354: from then on it may have been acted upon. */
function noting(message: Uint8Array, progress: Progress): Readable {
  return new Readable({
    read() {
      progress.stage = "answer";
      progress.sent = true;
      this.push(message);
      this.push(null);
    },
  });
}

function messageOf({ from, to, subject, text, messageId, headers }: SmtpRequest): Promise<Uint8Array> {
  const composer = new MailComposer({
    // As objects, so that nothing in an address is read as a list or a display name.
    from: { name: "", address: from },
    to: { name: "", address: to },
    subject, text, messageId, headers,
    disableFileAccess: true,
    disableUrlAccess: true,
    xMailer: false,
  });
  return composer.compile().build();
}

/** What nodemailer adds to an error; every field may be missing. */
type SmtpError = Error & {
  readonly code?: string;
  readonly originalCode?: string;
  readonly responseCode?: number;
  readonly response?: string;
  readonly command?: string;
};

function errorOf(error: unknown): SmtpError {
  if (!(error instanceof Error)) return new Error(String(error));
  // Only a connect that failed names the address it went to.
  return ("address" in error && typeof error.address === "string" ? unreachableError(error.address) : undefined) ?? error;
}

function timedOut(ms: number): Error {
  return Object.assign(new Error(`No answer within ${ms / 1000} s`), { code: "ETIMEDOUT" });
}

function replyOf(error: SmtpError, progress: Progress): CarrierReply {
  const answer = error.response ?? "";
  const code = error.responseCode ?? codeOf(answer);
  if (error.code === "EAUTH" || error.code === "ENOAUTH") {
    return { kind: "failed", stage: "login", sent: false, code, reason: answer === "" ? reasonOf(error) : answer };
  }
  const command = COMMANDS[error.command ?? ""] ?? COMMAND_AT[progress.stage];
  if (code !== undefined && command !== "starttls") return { kind: "smtp", code, response: answer, command };
  return { kind: "failed", stage: stageOf(error, progress), sent: progress.sent, code, reason: reasonOf(error) };
}

/** Where the error names no command, as when a server closes the connection. */
const COMMAND_AT = { connect: "greeting", login: "ehlo", send: "mail", answer: "data" } as const satisfies Readonly<
  Record<Progress["stage"], SmtpCommand>
>;

const COMMANDS: Readonly<Record<string, SmtpCommand>> = {
  EHLO: "ehlo", HELO: "ehlo", STARTTLS: "starttls", "MAIL FROM": "mail", "RCPT TO": "rcpt", DATA: "data",
};

function stageOf(error: SmtpError, progress: Progress): "dns" | "connect" | "tls" | "login" | "send" | "answer" {
  if (error.code === "EDNS") return "dns";
  if (progress.stage === "connect" && (error.code === "ETLS" || isTls(error))) return "tls";
  return progress.stage;
}

/** An untrusted certificate comes as a socket error; only its original code tells. */
function isTls(error: SmtpError): boolean {
  return /CERT|SSL|TLS|SELF_SIGNED|UNABLE_TO_|ALTNAME|certificate|self.signed/i.test(`${error.originalCode ?? ""} ${error.message}`);
}

function codeOf(response: string): number | undefined {
  const match = /^([2-5]\d\d)(?:[ -]|$)/.exec(response);
  return match === null ? undefined : Number(match[1]);
}

function reasonOf(error: SmtpError): string {
  const code = error.originalCode ?? error.code;
  return code === undefined || error.message.includes(code) ? error.message : `${code}: ${error.message}`;
}
