/** gapbell-client: reads the membership, opens the world, joins it to the machine. */

import { hostname } from "node:os";
import { join } from "node:path";
import { Client } from "./lib/client/machine.ts";
import { performer } from "./lib/client/perform.ts";
import { restoreClient } from "./lib/client/restore.ts";
import type { ClientEvent, ClientTurn } from "./lib/client/turn.ts";
import { CLIENT_SOCKET, clientProgram, type RunOptions } from "./lib/cli/client-commands.ts";
import { readClientConfig } from "./lib/cli/client-config.ts";
import { readMembership } from "./lib/cli/client-keys.ts";
import { EXIT, ExitFault } from "./lib/cli/exit.ts";
import { runProgram } from "./lib/cli/main.ts";
import { VERSION } from "./lib/cli/version.ts";
import { clientRoutes, Taps } from "./lib/io/client-door.ts";
import { openClock } from "./lib/io/clock.ts";
import { notifyDesk } from "./lib/io/desk-notify.ts";
import { terminalDesk } from "./lib/io/desk-terminal.ts";
import { dice } from "./lib/io/dice.ts";
import { lanSentence, openClientLan } from "./lib/io/lan.ts";
import { localSentence, serveLocal } from "./lib/io/local.ts";
import { openLog } from "./lib/io/log.ts";
import { onSignals } from "./lib/io/signals.ts";
import { openStore, storeSentence } from "./lib/io/store.ts";
import { drive } from "./lib/port/drive.ts";
import { Tickets } from "./lib/port/tickets.ts";
import { KeyRing } from "./lib/trust/keys.ts";
import { Opener } from "./lib/trust/opener.ts";
import { nextEpoch, Sealer } from "./lib/trust/sealer.ts";

async function run({ state, seat, desktop }: RunOptions): Promise<number> {
  const config = readClientConfig(state);
  const keys = readMembership(state);
  const store = openStore({ path: join(state, "client.db"), role: "client" });
  if (!store.ok) throw new ExitFault(EXIT.temporary, storeSentence(store.fault));
  const clock = openClock();
  const log = openLog({ level: "info" });
  const now = clock.now();
  const stored = store.value.load("meta").find(({ id }) => id === "epoch")?.row;
  const epoch = nextEpoch({ stored: BigInt(typeof stored === "string" ? stored : 0), wallMs: now.wall, random16: new DataView(dice.bytes(2).buffer).getUint16(0) });
  const written = await store.value.commit([{ kind: "put", table: "meta", id: "epoch", row: String(epoch) }]);
  if (!written.ok) throw new ExitFault(EXIT.temporary, `Cannot write "client.db": ${written.fault.reason}`);

  const remembered = restoreClient(store.value, {
    members: [{ id: keys.agent.id, name: keys.voice.agent, voice: keys.voiceCertificate, serial: keys.voice.serial, address: keys.address }],
    onBad: (table, id) => log.write("error", "row left out", { table, id }),
  });
  const ring = new KeyRing(keys.own);
  ring.setGroup(keys.group.kid, keys.group.key);
  ring.addPeer(keys.agent);
  const opener = new Opener({ ring, side: "client" });
  for (const [peer, place] of remembered.places) opener.adopt(peer, place);
  const tickets = new Tickets();
  const taps = new Taps();
  const ended = Promise.withResolvers<number>();
  const lan = await openClientLan({
    broadcastPort: config.lan.broadcast_port, agentPort: config.lan.agent_port, named: config.lan.interfaces,
    onChange: (event, facts) => log.write("warn", event, facts),
    onDatagram: (datagram, from) => {
      const opened = opener.open(datagram, from.host, clock.now().mono);
      if (opened.ok) loop.put({ kind: "heard", from, packet: opened.value });
    },
  });
  if (!lan.ok) throw new ExitFault(EXIT.unavailable, lanSentence(lan.fault));
  const person = seat === "person" || (seat === undefined && process.stdout.isTTY);
  const notify = desktop ? notifyDesk() : undefined;
  const desks = [terminalDesk({ person }), ...(notify === undefined ? [] : [notify])];
  const machine = new Client({
    remembered, seed: new DataView(dice.bytes(4).buffer).getUint32(0), now,
    self: {
      id: keys.own.id, key: keys.own.ed, operator: keys.operator, robot: keys.robot, serial: keys.serial, cluster: keys.cluster,
      clusterName: keys.clusterName, clusterKey: keys.clusterKey, group: keys.group, host: hostname().slice(0, 64),
      seat: keys.robot ? "robot" : person ? "person" : "none", language: config.language, version: VERSION, nonceKey: dice.bytes(32),
      configured: [...config.agents, keys.address],
    },
  });
  const loop = drive<ClientEvent, ClientTurn>({
    machine, clock, tick: { kind: "tick" }, soon: setImmediate,
    perform: performer({
      store: store.value, lan: lan.value, opener, sealer: new Sealer({ ring, epoch }), tickets, log, desks,
      tell: (line) => taps.tell(line), put: (event) => loop.put(event), exit: (code) => ended.resolve(code),
    }),
  });
  const local = await serveLocal(join(state, CLIENT_SOCKET), clientRoutes({
    ask: (question) => tickets.ask((ticket) => loop.put({ kind: "asked", question, ticket })), taps, drops: () => opener.drops(),
  }));
  if (!local.ok) throw new ExitFault(EXIT.unavailable, localSentence(local.fault, "gapbell-client"));
  onSignals({ stop: () => ended.resolve(EXIT.done), stopNow: () => process.exit(EXIT.temporary), reload: () => {} });
  loop.put({ kind: "started" });
  const code = await ended.promise;
  loop.put({ kind: "stopping", why: "stopped" });
  await loop.idle();
  loop.stop();
  await local.value.stop();
  lan.value.close();
  for (const desk of desks) desk.close();
  log.flush();
  store.value.close();
  return code;
}

process.exit(await runProgram(clientProgram({ run })));
