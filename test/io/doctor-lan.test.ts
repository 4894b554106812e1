import { createSocket } from "node:dgram";
import { once } from "node:events";
import { expect, test } from "bun:test";
import { askLan } from "../../lib/io/doctor-lan.ts";
import { listenTcp } from "../../lib/io/lan-tcp.ts";
import { freePort } from "../support/free-port.ts";

const ROAD = { name: "lo", address: "127.0.0.1", broadcasts: ["127.255.255.255"] } as const;
const QUESTION = new TextEncoder().encode("who is there");

test("our own broadcast is heard, a broadcast and a unicast are answered, and each is asked once", async () => {
  const agent = createSocket("udp4");
  agent.bind(0);
  await once(agent, "listening");
  let asked = 0;
  agent.on("message", (_, { address, port }) => {
    asked += 1;
    agent.send("here", port, address);
  });
  const { port } = agent.address();
  const heard: string[] = [];
  const answers = await askLan({
    roads: [ROAD], broadcastPort: await freePort(), agentPort: port, unicasts: [{ host: "127.0.0.1", port }], tcp: false, question: () => QUESTION,
    take: ({ datagram, by, interface: name }) => {
      heard.push(`${new TextDecoder().decode(datagram)} ${by} ${name}`);
      return true;
    },
  });
  agent.close();
  expect(answers).toMatchObject({ portFault: "", loops: [{ interface: "lo", sent: true, heard: true }], unicasts: [{ outcome: "answered", interface: "lo" }] });
  expect(heard.sort()).toEqual(["here broadcast lo", "here unicast "]);
  expect(asked).toBe(2);
});

test("a port on which nobody listens refuses", async () => {
  const { unicasts } = await askLan({
    roads: [], broadcastPort: 0, agentPort: 1, unicasts: [{ host: "127.0.0.1", port: await freePort() }], tcp: false, question: () => QUESTION, take: () => true,
  });
  expect(unicasts).toMatchObject([{ outcome: "refused" }]);
});

test("where UDP is silent and TCP is not, the same question is answered by TCP", async () => {
  const datagram = new Uint8Array(200).fill(7);
  const port = await freePort();
  const agent = listenTcp({ port, onDatagram: (_, from) => { agent.send(datagram, from); return "let in"; }, onChange: () => {} });
  const heard: string[] = [];
  const { unicasts } = await askLan({
    roads: [], broadcastPort: 0, agentPort: 1, unicasts: [{ host: "127.0.0.1", port }, { host: "127.0.0.1", port: await freePort() }], tcp: true, question: () => datagram,
    take: ({ by }) => {
      heard.push(by);
      return true;
    },
  });
  agent.close();
  expect(unicasts.map(({ tcp }) => tcp)).toEqual(["answered", "silent"]);
  expect(heard).toEqual(["tcp"]);
});

test("a broadcast port that another program holds for itself is told by its code", async () => {
  const foreign = createSocket("udp4");
  foreign.bind(0);
  await once(foreign, "listening");
  const { portFault, loops } = await askLan({ roads: [], broadcastPort: foreign.address().port, agentPort: 1, unicasts: [], tcp: false, question: () => QUESTION, take: () => true });
  foreign.close();
  expect(portFault).toBe("EADDRINUSE");
  expect(loops).toEqual([]);
});
