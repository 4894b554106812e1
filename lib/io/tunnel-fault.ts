/** Why the way through the jump hosts does not open: one kind and one sentence for each thing that is put right elsewhere. */

import type { Ms } from "../base/units.ts";
import { type SecretFault, secretSentence } from "./secrets.ts";
import { type Unreachable, unreachableSentence } from "./unreachable.ts";

/** How far it had come when it took too long. */
export type TunnelStage = "connect" | "greet" | "login" | "channel";

export type TunnelFault =
  /** `place` is a jump host as people write it. */
  | { readonly kind: "nameUnknown"; readonly place: string }
  | { readonly kind: "unreachable"; readonly place: string; readonly why: Unreachable }
  | { readonly kind: "refusedConnection"; readonly place: string }
  | { readonly kind: "noAnswer"; readonly place: string; readonly stage: TunnelStage; readonly withinMs: Ms }
  | { readonly kind: "notSsh"; readonly place: string }
  | { readonly kind: "noCommonAlgorithm"; readonly place: string; readonly what: string; readonly offered: string; readonly wanted: string }
  /** Neither a pin nor a known_hosts file: nothing is tried. */
  | { readonly kind: "noPin"; readonly place: string }
  | { readonly kind: "unknownHostKey"; readonly place: string; readonly shown: string; readonly type: string }
  | { readonly kind: "changedHostKey"; readonly place: string; readonly shown: string; readonly known: readonly string[] }
  | { readonly kind: "revokedHostKey"; readonly place: string; readonly shown: string }
  | { readonly kind: "knownHostsUnreadable"; readonly path: string; readonly reason: string }
  | { readonly kind: "keyFile"; readonly fault: SecretFault }
  | { readonly kind: "keyLocked"; readonly path: string }
  | { readonly kind: "wrongPassphrase"; readonly path: string }
  | { readonly kind: "notKey"; readonly path: string }
  /** `line` is what authorized_keys lacks. */
  | { readonly kind: "keyRefused"; readonly place: string; readonly user: string; readonly line: string }
  /** One jump host does not reach the next. */
  | { readonly kind: "nextHop"; readonly place: string; readonly next: string; readonly denied: boolean }
  | { readonly kind: "forwardingDenied"; readonly place: string; readonly target: string }
  | { readonly kind: "noForcedCommand"; readonly place: string; readonly line: string; readonly ending: string }
  | { readonly kind: "relayDown"; readonly place: string; readonly target: string }
  | { readonly kind: "lost"; readonly place: string; readonly reason: string }
  /** Several ways were tried, and none opened. */
  | { readonly kind: "noWay"; readonly faults: readonly TunnelFault[] };

/** What is wrong and what to do, the most telling part first: the LAN shows 200 characters. Never holds a secret. */
export function tunnelSentence(fault: TunnelFault): string {
  switch (fault.kind) {
    case "nameUnknown":
      return `The name of the jump host "${fault.place}" cannot be resolved; write its address instead, or mend the resolver`;
    case "unreachable":
      return unreachableSentence(fault.why, `the jump host ${fault.place}`);
    case "refusedConnection":
      return `The jump host ${fault.place} refuses the connection: nothing listens on that port; start sshd there, or correct the port`;
    case "noAnswer":
      return `The jump host ${fault.place} ${UNANSWERED[fault.stage](`${fault.withinMs / 1000} s`)}`;
    case "notSsh":
      return `Something else than an SSH server answers at the jump host ${fault.place}; check host and port`;
    case "noCommonAlgorithm":
      return `The jump host ${fault.place} offers no ${fault.what} that is spoken here: it offers ${fault.offered}; allow one of ${fault.wanted} in its sshd_config`;
    case "noPin":
      return `Refuse to trust the jump host ${fault.place} blindly: no key of it is pinned and there is no known_hosts; invite again on the jump host, or set relay.ssh.known_hosts in agent.yaml`;
    case "unknownHostKey":
      return `The key of the jump host ${fault.place} is unknown: it shows ${fault.type} ${fault.shown}; compare that with "ssh-keygen -lf" on the jump host, then add it to known_hosts or invite and join again`;
    case "changedHostKey":
      return `The jump host ${fault.place} shows another key: ${fault.shown}, known is ${fault.known.join(", ")}; if it was set up anew, invite and join again or correct known_hosts, otherwise somebody sits in between`;
    case "revokedHostKey":
      return `The jump host ${fault.place} shows a revoked key: ${fault.shown}; known_hosts marks it @revoked, give the host a new key and join again`;
    case "knownHostsUnreadable":
      return `Cannot read "${fault.path}", which agent.yaml names as known_hosts: ${fault.reason}`;
    case "keyFile":
      return `Cannot use the SSH key: ${secretSentence(fault.fault)}`;
    case "keyLocked":
      return `The SSH key "${fault.path}" needs a passphrase; name the file that holds it as relay.ssh.passphrase_file in agent.yaml, or give the systemd credential ssh-passphrase`;
    case "wrongPassphrase":
      return `The passphrase does not open the SSH key "${fault.path}"`;
    case "notKey":
      return `"${fault.path}" is no private SSH key that can be used; expected OpenSSH's form, as ssh-keygen -t ed25519 writes it`;
    case "keyRefused":
      return `The jump host ${fault.place} refuses this agent's SSH key for the account "${fault.user}"; append to its authorized_keys: ${fault.line}`;
    case "nextHop":
      return fault.denied
        ? `The jump host ${fault.place} does not allow the way on to ${fault.next}; check AllowTcpForwarding, PermitOpen and the key's line in authorized_keys there`
        : `The jump host ${fault.place} does not reach the next one, ${fault.next}; check from there with: nc -z`;
    case "forwardingDenied":
      return `The jump host ${fault.place} takes the login but forbids the way to ${fault.target}; check AllowTcpForwarding and PermitOpen in its sshd_config and permitopen in authorized_keys, or invite with --stdio`;
    case "noForcedCommand":
      return `The jump host ${fault.place} runs no relay command for this key (${fault.ending}); its line in authorized_keys must be: ${fault.line}`;
    case "relayDown":
      return `The jump host ${fault.place} is reached, but no relay listens at ${fault.target} there; start it with "gapbell-relay run"`;
    case "lost":
      return `The SSH session with the jump host ${fault.place} broke off: ${fault.reason}`;
    case "noWay":
      return fault.faults.map((one, at) => (fault.faults.length === 1 ? tunnelSentence(one) : `way ${at + 1}: ${tunnelSentence(one)}`)).join("; ");
  }
}

const UNANSWERED: { readonly [S in TunnelStage]: (within: string) => string } = {
  connect: (within) => `takes no connection within ${within}: it is off, its cable is out, or a firewall drops what comes`,
  greet: (within) => `takes the connection and exchanges no keys within ${within}: its sshd hangs, or something in between swallows it`,
  login: (within) => `does not finish the login within ${within}: often a resolver that hangs there (UseDNS no), else its sshd`,
  channel: (within) => `is logged in to, and does not open the way to the relay within ${within}`,
};
