/** A mail server, on loopback unless told otherwise, around `smtp-server`: keeps every mail byte for byte, and fails where it is told to. */

import type { Socket } from "node:net";
import { SMTPServer } from "smtp-server";
import { type Mail, readMail } from "./mail-reading.ts";

/** One mail as it came over the wire. */
export type ReceivedMail = Mail & {
  readonly at: number;
  readonly from: string;
  readonly to: readonly string[];
  /** What the client called itself in EHLO. */
  readonly client: string;
  readonly user: string | undefined;
  readonly secure: boolean;
  readonly raw: Uint8Array;
};

/** Where a mail server can say no, or fall silent. `data` is after the content was read. */
export type MailMoment = "connect" | "auth" | "mail" | "rcpt" | "data";

export type MailFault =
  | { readonly code: number; readonly text: string }
  /** Never answers. */
  | "hang"
  /** Drops the connection without a word. */
  | "cut";

export type MailStandIn = {
  readonly host: string;
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
  /** Connections that are open now. */
  readonly open: () => number;
  /** @param about only what carries this text: the sender at "mail", the recipient at "rcpt", recipients and subject at "data" */
  failNext(at: MailMoment, fault: MailFault, options?: { readonly times?: number; readonly about?: string }): void;
  close(): Promise<void>;
};

export type MailStandInOptions = {
  /** Without them no login is offered. */
  readonly user?: string;
  readonly password?: string;
  readonly tls?: { readonly key: string; readonly certificate: string };
  /** TLS from the first byte; otherwise STARTTLS is offered where `tls` is given. */
  readonly implicit?: boolean;
  readonly host?: string;
  readonly port?: number;
};

type Done = (error?: Error | null) => void;

/** Its socket is made before the first wait, in the network that the caller is in. */
export async function openMailStandIn({ user, password, tls, implicit = false, host = "127.0.0.1", port = 0 }: MailStandInOptions = {}): Promise<MailStandIn> {
  const mails: ReceivedMail[] = [];
  const faults: { readonly at: MailMoment; readonly fault: MailFault; readonly about: string }[] = [];
  const sockets = new Set<Socket>();
  const sessions = new Set<string>();

  /** @returns whether the moment was taken by a fault */
  const failed = (at: MailMoment, { remotePort, text = "" }: { readonly remotePort: number; readonly text?: string }, done: Done): boolean => {
    const index = faults.findIndex((one) => one.at === at && text.includes(one.about));
    const fault = index < 0 ? undefined : faults.splice(index, 1)[0]?.fault;
    if (fault === undefined) return false;
    if (fault === "cut") for (const socket of sockets) if (socket.remotePort === remotePort) socket.destroy();
    if (typeof fault === "object") done(Object.assign(new Error(fault.text), { responseCode: fault.code }));
    return true;
  };

  const server = new SMTPServer({
    name: "stand-in.invalid",
    banner: "Gapbell test",
    secure: implicit,
    ...(tls === undefined ? {} : { key: tls.key, cert: tls.certificate }),
    disabledCommands: [...(tls === undefined || implicit ? ["STARTTLS"] : []), ...(user === undefined ? ["AUTH"] : [])],
    authOptional: user === undefined,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    // A scripted text brings its own enhanced code.
    hideENHANCEDSTATUSCODES: true,
    closeTimeout: 100,
    onConnect: (session, done) => {
      sessions.add(session.id);
      if (!failed("connect", session, done)) done();
    },
    onAuth: (auth, session, done) => {
      if (failed("auth", session, (error) => done(error ?? null))) return;
      if (auth.username === user && auth.password === password) done(null, { user: auth.username });
      else done(Object.assign(new Error("5.7.8 Authentication failed"), { responseCode: 535 }));
    },
    onClose: (session) => {
      sessions.delete(session.id);
    },
    onMailFrom: ({ address: text }, session, done) => {
      if (!failed("mail", { ...session, text }, done)) done();
    },
    onRcptTo: ({ address: text }, session, done) => {
      if (!failed("rcpt", { ...session, text }, done)) done();
    },
    onData: (stream, session, done) => {
      const chunks: Uint8Array[] = [];
      stream.on("data", (chunk: Uint8Array) => chunks.push(chunk));
      stream.on("end", () => {
        const raw = new Uint8Array(Buffer.concat(chunks));
        const { mailFrom, rcptTo } = session.envelope;
        const mail = readMail(raw);
        if (failed("data", { ...session, text: [...rcptTo.map(({ address }) => address), mail.subject].join(" ") }, done)) return;
        mails.push({
          ...mail, raw, at: Date.now(),
          from: mailFrom === false ? "" : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          client: session.hostNameAppearsAs,
          user: session.user === undefined ? undefined : String(session.user),
          secure: session.secure,
        });
        done();
      });
    },
  });
  // A client that is cut off, or refuses our certificate, is what these tests are about.
  server.on("error", () => {});
  server.server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
  });
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  const address = server.server.address();

  return {
    host,
    port: typeof address === "object" && address !== null ? address.port : 0,
    mails,
    open: () => sessions.size,
    failNext: (at, fault, { times = 1, about = "" } = {}) => {
      for (let i = 0; i < times; i += 1) faults.push({ at, fault, about });
    },
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
