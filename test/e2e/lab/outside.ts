/** The Internet of the lab: names, a mail server and WeCom, on the host outside; the test holds them in its own hands. */

import { type MailStandIn, openMailStandIn } from "../../support/mail-stand-in.ts";
import { openWecomStandIn, type WecomStandIn } from "../../support/wecom-stand-in.ts";
import { inside } from "./namespace.ts";
import { OUTSIDE_TLS } from "./outside-tls.ts";

/** RFC 5737: an address of documentation. */
export const OUTSIDE_ADDRESS = "203.0.113.1";
export const MAIL_LOGIN = { user: "bell@example.org", password: "mail-password-of-the-lab" } as const;
const MAIL_PORT = 587;
const WECOM_PORT = 443;

export type Outside = {
  readonly mail: MailStandIn;
  readonly wecom: WecomStandIn;
  /** While they are dead, nobody answers for names. */
  readonly names: { dead: boolean };
  readonly close: () => Promise<void>;
};

/** @param users WeCom's user ids */
export async function openOutside(namespace: string, { users }: { readonly users: readonly string[] }): Promise<Outside> {
  const names = { dead: false };
  const [mail, dns, wecom] = inside(namespace, () => [
    openMailStandIn({ host: OUTSIDE_ADDRESS, port: MAIL_PORT, tls: OUTSIDE_TLS, ...MAIL_LOGIN }),
    Bun.udpSocket({
      hostname: OUTSIDE_ADDRESS, port: 53,
      socket: {
        error: () => {}, // Whoever asked has gone, which the kernel reports here.
        data: (socket, question, port, address) => {
          try {
            if (!names.dead) socket.send(answerTo(question), port, address);
          } catch {
            // The same report again, in the way of this answer: it will be asked for anew.
          }
        },
      },
    }),
    openWecomStandIn({ host: OUTSIDE_ADDRESS, port: WECOM_PORT, tls: OUTSIDE_TLS, users }),
  ] as const);
  const [openMail, openDns] = await Promise.all([mail, dns]);
  return {
    mail: openMail, wecom, names,
    close: async () => {
      openDns.close();
      await Promise.all([openMail.close(), wecom.close()]);
    },
  };
}

/** RFC 1035 §4: every name in example.org has our address, no other name is there. */
function answerTo(question: Buffer): Buffer {
  let end = 12;
  const labels: string[] = [];
  for (let length = question[end] ?? 0; length > 0; length = question[end] ?? 0) {
    labels.push(question.toString("latin1", end + 1, end + 1 + length));
    end += length + 1;
  }
  const kind = question.readUInt16BE(end + 1);
  const known = labels.slice(-2).join(".").toLowerCase() === "example.org";
  const answered = known && kind === 1;
  const head = Buffer.alloc(12);
  question.copy(head, 0, 0, 2);
  head.writeUInt16BE(0x8580 | (known ? 0 : 3), 2); // an authoritative answer; 3: there is no such name
  head.writeUInt16BE(1, 4);
  head.writeUInt16BE(answered ? 1 : 0, 6);
  const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...OUTSIDE_ADDRESS.split(".").map(Number)]);
  return Buffer.concat([head, question.subarray(12, end + 5), ...(answered ? [record] : [])]);
}
