/** What a machine may ask of the network: datagrams out. What comes in is opened first and then becomes an event. */

/** IPv4 address in dotted form and port; of UDP, unless the road is TCP. An answer goes back by the road on which the question came. */
export type Address = { readonly host: string; readonly port: number; readonly road?: "tcp" | undefined };

/** One address of an interface that is up: where the host is. */
export type Link = {
  readonly name: string;
  readonly address: string;
  /** "10.0.0.0/24" */
  readonly subnet: string;
  /** The default route leaves here. */
  readonly leadsOut: boolean;
  /** Loopback: it leads nowhere. */
  readonly internal: boolean;
};

export interface Lan {
  /** Sends on every interface in use, to the broadcast port; an agent to its listeners or, where it says so, to the other agents, a listener to the agents' port. */
  broadcast(datagram: Uint8Array, to?: "agents"): void;
  /** Sends to one address, from the socket whose answers come back to us. */
  send(datagram: Uint8Array, to: Address): void;
  close(): void;
}

/** A listener connects where it sends by TCP, and hangs up when it needs that road no more. */
export interface ListenerLan extends Lan {
  hangUp(to: Address): void;
}
