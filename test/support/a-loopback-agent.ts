/** A scripted agent behind real sockets on loopback, for listeners that are processes. */

import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { ScriptedAgent } from "./a-scripted-agent.ts";
import { freePort } from "./free-port.ts";

export type LoopbackAgent = AsyncDisposable & {
  readonly agent: ScriptedAgent;
  readonly port: number;
  readonly broadcastPort: number;
  /** To all listeners. */
  readonly broadcast: (datagram: Uint8Array) => void;
  /** What a listener's client.yaml says of this LAN. */
  readonly yaml: string;
};

export const LOOPBACK_BROADCAST = "127.255.255.255";

/** Answers each datagram as its script says, and beacons once a second. */
export async function loopbackAgent(): Promise<LoopbackAgent> {
  const unicast = createSocket("udp4");
  await bound(unicast, 0);
  const broadcastPort = await freePort();
  const port = unicast.address().port;
  const agent = new ScriptedAgent({ port, epoch: BigInt(Date.now()) << 16n });
  unicast.setBroadcast(true);
  const broadcast = (datagram: Uint8Array): void => unicast.send(datagram, broadcastPort, LOOPBACK_BROADCAST);
  // A listener that has gone refuses what was meant for it; the next one is still here.
  unicast.on("error", () => {});
  unicast.on("message", (datagram, { address, port: from }) => {
    for (const { datagram: said, to } of agent.receive(new Uint8Array(datagram), { host: address, port: from })) {
      if (to === "everyone") broadcast(said);
      else unicast.send(said, to.port, to.host);
    }
  });
  const beacons = setInterval(() => broadcast(agent.beacon()), 1000);
  return {
    agent, port, broadcastPort, broadcast,
    yaml: `lan:\n  interfaces: [{name: lo, broadcast: ${LOOPBACK_BROADCAST}}]\n  broadcast_port: ${broadcastPort}\n  agent_port: ${port}\n`,
    [Symbol.asyncDispose]: async () => {
      clearInterval(beacons);
      unicast.close();
      await once(unicast, "close");
    },
  };
}

function bound(socket: Socket, port: number): Promise<unknown> {
  const listening = once(socket, "listening");
  socket.bind(port);
  return listening;
}
