/** What carries a channel's bytes: HTTPS and SMTP. The channel composes the request and judges the reply; nothing is decided here. */

import type { Ms } from "../base/units.ts";

export type HttpsRequest = {
  readonly kind: "https";
  readonly method: "GET" | "POST";
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly timeoutMs: Ms;
  /** PEM of a private authority, where the system's list does not have it. */
  readonly authority?: string;
};

export type SmtpServer = {
  readonly host: string;
  readonly port: number;
  /** `tls`: from the first byte; `starttls`: required; `none`: a relay on the same host. */
  readonly security: "tls" | "starttls" | "none";
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** PEM of a private authority, where the system's list does not have it. */
  readonly authority: string | undefined;
  /** What the relay calls itself in EHLO. */
  readonly name: string;
};

export type SmtpRequest = {
  readonly kind: "smtp";
  readonly server: SmtpServer;
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
  readonly messageId: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: Ms;
};

/** Connects and logs in, and says NOOP; sends nothing. */
export type SmtpProbe = { readonly kind: "smtp-probe"; readonly server: SmtpServer; readonly login: boolean; readonly timeoutMs: Ms };

export type CarrierRequest = HttpsRequest | SmtpRequest | SmtpProbe;

/** What the SMTP server was answering: a refused sender is our mistake, a refused recipient is that person's address. */
export type SmtpCommand = "greeting" | "ehlo" | "starttls" | "mail" | "rcpt" | "data";

/**
 * What came back, unjudged. `sent`: whether bytes that may have been acted upon had left when it ended.
 * `reason` begins with the system's own code where there is one (`ECONNREFUSED: …`), and never holds a secret.
 */
export type CarrierReply =
  | { readonly kind: "https"; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | { readonly kind: "smtp"; readonly code: number; readonly response: string; readonly command?: SmtpCommand }
  | { readonly kind: "failed"; readonly stage: "dns" | "connect" | "tls" | "login" | "send" | "answer"; readonly sent: boolean; readonly code: number | undefined; readonly reason: string };

export interface Carrier {
  /** Never rejects. */
  send(request: CarrierRequest): Promise<CarrierReply>;
}
