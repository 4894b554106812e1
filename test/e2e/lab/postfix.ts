/** A real Postfix on a host of the lab, with configuration, queue and mailboxes in a folder of its own. */

import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Host } from "./network.ts";
import { OUTSIDE_ADDRESS } from "./outside.ts";
import { OUTSIDE_TLS } from "./outside-tls.ts";

export const POSTFIX_PORT = 2525;
/** Debian's "nobody" owns the mailboxes. */
const NOBODY = 65_534;

/** Every address of example.org has a mailbox, and STARTTLS is obligatory. */
export async function startPostfix(host: Host, folder: string): Promise<void> {
  const at = (name: string): string => join(folder, "postfix", name);
  for (const name of ["etc", "queue", "data", "mail"]) mkdirSync(at(name), { recursive: true });
  chmodSync(folder, 0o711); // Its daemons give up root and must still find their way.
  chownSync(at("mail"), NOBODY, NOBODY);
  chownSync(at("data"), await ownerOf(host), 0);
  writeFileSync(at("etc/outside.crt"), OUTSIDE_TLS.certificate);
  writeFileSync(at("etc/outside.key"), OUTSIDE_TLS.key, { mode: 0o600 });
  writeFileSync(at("etc/main.cf"), `compatibility_level = 3.6
queue_directory = ${at("queue")}
data_directory = ${at("data")}
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = ${OUTSIDE_ADDRESS}
inet_protocols = ipv4
myhostname = mail.example.org
mydestination =
alias_maps =
virtual_mailbox_domains = example.org
virtual_mailbox_base = ${at("mail")}
virtual_mailbox_maps = static:all/
virtual_uid_maps = static:${NOBODY}
virtual_gid_maps = static:${NOBODY}
smtpd_tls_cert_file = ${at("etc/outside.crt")}
smtpd_tls_key_file = ${at("etc/outside.key")}
smtpd_tls_security_level = encrypt
maillog_file = /dev/stdout
maillog_file_prefixes = /dev
`);
  writeFileSync(at("etc/master.cf"), [
    `${OUTSIDE_ADDRESS}:${POSTFIX_PORT} inet n - n - - smtpd`,
    "cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "tlsmgr unix - - n 1000? 1 tlsmgr", "rewrite unix - - n - - trivial-rewrite",
    ...["bounce", "defer", "trace"].map((name) => `${name} unix - - n - 0 bounce`),
    "proxymap unix - - n - - proxymap", "error unix - - n - - error", "retry unix - - n - - error",
    "virtual unix - n n - - virtual", "anvil unix - - n - 1 anvil", "postlog unix-dgram n - n - 1 postlogd", "",
  ].join("\n"));
  host.start("postfix", ["postfix", "-c", at("etc"), "start-fg"]);
}

/** What lies in the mailboxes, whole. */
export function mailboxes(folder: string): readonly string[] {
  const root = join(folder, "postfix", "mail");
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.includes("/new/") || name.startsWith("new/")).filter((name) => statSync(join(root, name)).isFile())
    .map((name) => readFileSync(join(root, name), "utf8"));
}

async function ownerOf(host: Host): Promise<number> {
  return Number((await host.run(["id", "-u", "postfix"])).trim());
}
