/** gapbell-client: reads keys and configuration, opens the world, joins it to the machine. */

import { join } from "node:path";
import { Tally } from "./lib/base/tally.ts";
import { CLIENT_FILES } from "./lib/cli/client-folders.ts";
import { clientProgram } from "./lib/cli/client-commands.ts";
import { type ClientSetup, openDesks } from "./lib/cli/client-run.ts";
import { takeEpoch } from "./lib/cli/epoch.ts";
import { EXIT, ExitFault } from "./lib/cli/exit.ts";
import { leave, runProgram } from "./lib/cli/main.ts";
import { VERSION } from "./lib/cli/version.ts";
import { Client } from "./lib/client/machine.ts";
import { performer } from "./lib/client/perform.ts";
import { peersOf, restoreClient } from "./lib/client/restore.ts";
import type { ClientEvent, ClientTurn } from "./lib/client/turn.ts";
import { clientApi } from "./lib/io/client-api.ts";
import { openClock } from "./lib/io/clock.ts";
import { openTaps } from "./lib/io/desk-lines.ts";
import { dice } from "./lib/io/dice.ts";
import { watchLinks } from "./lib/io/interfaces.ts";
import { lanSentence, openClientLan } from "./lib/io/lan.ts";
import { localSentence, serveLocal } from "./lib/io/local.ts";
import { openLog } from "./lib/io/log.ts";
import { onSignals } from "./lib/io/signals.ts";
import { openStore, storeSentence } from "./lib/io/store.ts";
import { drive } from "./lib/port/drive.ts";
import { Tickets } from "./lib/port/tickets.ts";
import { KeyRing } from "./lib/trust/keys.ts";
import { Opener } from "./lib/trust/opener.ts";
import { Sealer } from "./lib/trust/sealer.ts";
import { VERSIONS } from "./lib/wire/versions.ts";

async function run(setup: ClientSetup): Promise<number> {
  const { state, config, keys } = setup;
  const store = openStore({ path: join(state, CLIENT_FILES.store), role: "client" });
  if (!store.ok) throw new ExitFault(store.fault.kind === "held" ? EXIT.temporary : EXIT.unavailable, storeSentence(store.fault));
  const clock = openClock();
  const now = clock.now();
  const epoch = await takeEpoch(store.value, now.wall);
  const ended = Promise.withResolvers<number>();
  const log = openLog({ level: setup.live ? "warn" : "info", ...(setup.live ? { print: (line: string) => desks.note?.(line) } : {}) });
  const stop = (why: string): void => loop.put({ kind: "stopping", why });
  const desks = openDesks(setup, { log, onTake: (id) => loop.put({ kind: "taken", id, comment: "" }), onQuit: () => stop("quit") });
  const { peer, name, serial, voice, address } = keys.agent;
  const remembered = restoreClient(store.value, {
    members: [{ id: peer.id, name, voice, serial, address, heardOn: undefined }], onBad: (table, id) => log.write("error", "row not read", { table, id }),
  });
  const ring = new KeyRing(keys.identity);
  ring.setGroup(keys.group.kid, keys.group.key);
  for (const known of peersOf(remembered.agents, keys.clusterKey)) ring.addPeer(known);
  const opener = new Opener({ ring, side: "client" });
  for (const [agent, place] of remembered.places) opener.adopt(agent, place);
  const tickets = new Tickets();
  const taps = openTaps();
  const unheard = new Tally();
  const lan = await openClientLan({
    broadcastPort: config.lan.broadcastPort, agentPort: config.lan.agentPort, named: config.lan.interfaces, multicast: config.lan.multicast,
    drops: unheard,
    onChange: (event, facts) => log.write("info", event, facts),
    onBroken: (address, reason) => {
      log.write("info", "tcp broken", { reason });
      loop.put({ kind: "broken", address });
    },
    onDatagram: (datagram, from) => {
      const opened = opener.open(datagram, from.host, clock.now().mono);
      if (opened.ok) loop.put({ kind: "heard", from, packet: opened.value });
    },
  });
  if (!lan.ok) throw new ExitFault(EXIT.unavailable, lanSentence(lan.fault));
  const machine = new Client({
    remembered, seed: new DataView(dice.bytes(4).buffer).getUint32(0), now,
    self: { ...keys, ...setup, id: keys.identity.id, key: keys.identity.ed, version: VERSION, versions: VERSIONS, nonceKey: dice.bytes(32), configured: config.agents, tcp: config.lan.tcp },
  });
  const loop = drive<ClientEvent, ClientTurn>({
    machine, clock, tick: { kind: "tick" }, soon: setImmediate,
    perform: performer({
      store: store.value, lan: lan.value, ring, opener, tickets, log, desks: desks.all, tell: taps.tell, sealer: new Sealer({ ring, epoch }),
      put: (event) => loop.put(event), exit: (code) => ended.resolve(code),
    }),
  });
  const ask = (question: Extract<ClientEvent, { kind: "asked" }>["question"]) => tickets.ask((ticket) => loop.put({ kind: "asked", question, ticket }));
  const local = await serveLocal(join(state, CLIENT_FILES.socket), clientApi({ ask, tap: taps.open, drops: () => ({ ...opener.drops(), ...unheard.all }) }));
  if (!local.ok) throw new ExitFault(EXIT.unavailable, localSentence(local.fault, "gapbell-client"));
  onSignals({ stop, stopNow: () => process.exit(EXIT.temporary), reload: () => {} });
  loop.put({ kind: "started" });
  const unwatch = watchLinks((links) => loop.put({ kind: "links", links }));

  const code = await ended.promise;
  unwatch();
  await loop.idle();
  loop.stop();
  taps.close();
  await local.value.stop();
  desks.close();
  lan.value.close();
  log.flush();
  store.value.close();
  return code;
}

await leave(await runProgram(clientProgram({ run })));
