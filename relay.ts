/** gapbell-relay: reads the configuration, opens the world, joins it to the machine. */

import { Prng } from "./lib/base/prng.ts";
import { channelsOf } from "./lib/channel/channels.ts";
import { EXIT, ExitFault } from "./lib/cli/exit.ts";
import { leave, runProgram } from "./lib/cli/main.ts";
import { relayProgram } from "./lib/cli/relay-commands.ts";
import { type RelaySetup, relayFiles } from "./lib/cli/relay-config.ts";
import { VERSION } from "./lib/cli/version.ts";
import { openCarrier } from "./lib/io/carrier.ts";
import { openClock } from "./lib/io/clock.ts";
import { CountedCarrier } from "./lib/io/counted-carrier.ts";
import { dice } from "./lib/io/dice.ts";
import { openLegsEye, targetsOf } from "./lib/io/legs.ts";
import { localSentence, serveLocal } from "./lib/io/local.ts";
import { openLog } from "./lib/io/log.ts";
import { doorSentence, openDoor, relayLocalRoutes } from "./lib/io/relay-server.ts";
import { openStore, storeSentence } from "./lib/io/store.ts";
import { drive } from "./lib/port/drive.ts";
import type { RelayQuestion } from "./lib/port/relay-door.ts";
import { type Reply, Tickets } from "./lib/port/tickets.ts";
import { RelayMachine } from "./lib/relay/machine.ts";
import { performRelay, type RelayWorld } from "./lib/relay/perform.ts";
import { restoreRelay } from "./lib/relay/restore.ts";
import type { RelayArrival, RelayTurn } from "./lib/relay/turn.ts";

/** What is being sent when the process is told to end may finish within this. */
const FINISH_MS_MOST = 5000;

/** Store, machine and drive; `world` is what differs between a running relay and one question. */
function openRelay({ state, config, name, secrets }: RelaySetup, world: Pick<RelayWorld, "carrier" | "legs" | "door" | "exit">) {
  const store = openStore({ path: relayFiles(state).store, role: "relay" });
  if (!store.ok) throw new ExitFault(store.fault.kind === "held" ? EXIT.temporary : EXIT.unavailable, storeSentence(store.fault));
  const rows = restoreRelay(store.value);
  if (!rows.ok) throw new ExitFault(EXIT.config, `Cannot read row "${rows.fault.id}" of table "${rows.fault.table}": field "${rows.fault.field}" does not fit`);
  const clock = openClock();
  const log = openLog({ level: "info" });
  const tickets = new Tickets();
  const { recipients: { mail, wecom } } = config;
  const settings = { name, version: VERSION, channels: channelsOf(config.channels, secrets), recipients: { mail, wecom } };
  const seed = new DataView(dice.bytes(4).buffer).getUint32(0);
  const machine = new RelayMachine({ settings, boot: clock.boot, dice: new Prng(seed), rows: rows.value, now: clock.now() });
  const loop = drive<RelayArrival, RelayTurn>({
    machine, clock, tick: { kind: "tick" }, soon: setImmediate,
    perform: (turn) => performRelay(turn, { ...world, store: store.value, tickets, log, put: (arrival) => loop.put(arrival) }),
  });
  const ask = (question: RelayQuestion): Promise<Reply> => tickets.ask((ticket) => loop.put({ kind: "asked", question, ticket }));
  const close = () => loop.idle().then(() => [loop.stop(), log.flush(), store.value.close()]);
  return { loop, tickets, log, ask, close };
}

async function run(setup: RelaySetup, stop: AbortSignal): Promise<number> {
  const carrier = new CountedCarrier(openCarrier());
  const legs = openLegsEye({ targets: targetsOf(setup.config.channels), hints: setup.config.legs });
  const ended = Promise.withResolvers<number>();
  let accept: (certificates: readonly string[]) => void = () => {};
  const relay = openRelay(setup, { carrier, legs, door: { accept: (certificates) => accept(certificates) }, exit: (code) => ended.resolve(code) });
  const door = openDoor({
    ...setup.config.listen, identity: setup.identity,
    ask: (request) => relay.tickets.ask((ticket) => relay.loop.put({ kind: "requested", request, ticket })),
  });
  if (!door.ok) throw new ExitFault(EXIT.unavailable, doorSentence(door.fault));
  accept = door.value.accept;
  const local = await serveLocal(relayFiles(setup.state).socket, relayLocalRoutes(relay.ask).fetch);
  if (!local.ok) throw new ExitFault(EXIT.unavailable, localSentence(local.fault, "gapbell-relay"));
  relay.loop.put({ kind: "started" });
  relay.log.write("info", "listening", { host: setup.config.listen.host, port: door.value.port, version: VERSION });
  stop.addEventListener("abort", () => ended.resolve(EXIT.done), { once: true });
  const code = await ended.promise;
  await Promise.all([local.value.stop(), door.value.stop(true), carrier.idle(FINISH_MS_MOST)]);
  await relay.close();
  return code;
}

async function askStored(setup: RelaySetup, question: RelayQuestion): Promise<Reply> {
  const relay = openRelay(setup, { carrier: new CountedCarrier(openCarrier()), legs: { look: async () => [] }, door: { accept: () => {} }, exit: () => {} });
  const reply = await relay.ask(question);
  await relay.close();
  return reply;
}

await leave(await runProgram(relayProgram({ run, askStored })));
