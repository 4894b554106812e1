/** gapbell-agent: reads the configuration, opens the world, joins it to the machine. */

import { join } from "node:path";
import { Prng } from "./lib/base/prng.ts";
import { Tally } from "./lib/base/tally.ts";
import { Agent } from "./lib/agent/machine.ts";
import { performer } from "./lib/agent/perform.ts";
import { placesOf, remember } from "./lib/agent/restore.ts";
import { ringOf } from "./lib/agent/ring.ts";
import type { AgentEvent, AgentTurn } from "./lib/agent/turn.ts";
import { AGENT_SOCKET } from "./lib/cli/agent-ask.ts";
import { agentProgram } from "./lib/cli/agent-commands.ts";
import { type AgentFolders, readAgentConfig } from "./lib/cli/agent-folders.ts";
import { readAgentKeys } from "./lib/cli/agent-keys.ts";
import { listenOf } from "./lib/cli/agent-listen.ts";
import { sshSettingsOf } from "./lib/cli/agent-ssh.ts";
import { EXIT, ExitFault } from "./lib/cli/exit.ts";
import { leave, runProgram } from "./lib/cli/main.ts";
import { VERSION } from "./lib/cli/version.ts";
import { agentApi } from "./lib/io/api.ts";
import { openClock } from "./lib/io/clock.ts";
import { dice } from "./lib/io/dice.ts";
import { lanSentence, openAgentLan } from "./lib/io/lan.ts";
import { standingOf } from "./lib/io/lan-tcp.ts";
import { localSentence, serveLocal } from "./lib/io/local.ts";
import { openLog } from "./lib/io/log.ts";
import { RelaySwitch } from "./lib/io/relay-switch.ts";
import { listen, listenSentence, plainCaller } from "./lib/io/serve.ts";
import { onSignals } from "./lib/io/signals.ts";
import { approachBy, unpinned } from "./lib/io/ssh-approach.ts";
import { openStore, storeSentence } from "./lib/io/store.ts";
import { admission, OWNER } from "./lib/io/tokens.ts";
import { tunnelSentence } from "./lib/io/tunnel-fault.ts";
import { drive } from "./lib/port/drive.ts";
import { Tickets } from "./lib/port/tickets.ts";
import { Opener } from "./lib/trust/opener.ts";
import { nextEpoch, Sealer } from "./lib/trust/sealer.ts";
import { VERSIONS } from "./lib/wire/versions.ts";

async function run(folders: AgentFolders): Promise<number> {
  const config = readAgentConfig(folders);
  const keys = readAgentKeys(folders.state);
  const store = openStore({ path: join(folders.state, "agent.db"), role: "agent" });
  if (!store.ok) throw new ExitFault(store.fault.kind === "held" ? EXIT.temporary : EXIT.unavailable, storeSentence(store.fault));
  const clock = openClock();
  const log = openLog({ level: "info" });
  const ended = Promise.withResolvers<number>();
  const now = clock.now();
  const random = new DataView(dice.bytes(12).buffer);
  const stored = store.value.load("meta").find(({ id }) => id === "epoch")?.row;
  const epoch = nextEpoch({ stored: BigInt(typeof stored === "string" && /^\d{1,20}$/.test(stored) ? stored : 0), wallMs: now.wall, random32: random.getUint32(8) });
  const written = await store.value.commit([{ kind: "put", table: "meta", id: "epoch", row: String(epoch) }]);
  if (!written.ok) throw new ExitFault(EXIT.temporary, `Cannot write "agent.db": ${written.fault.reason}`);

  const remembered = remember(store.value, { boot: clock.boot, now });
  const ring = ringOf(remembered, keys);
  const opener = new Opener({ ring, side: "agent" });
  for (const [listener, place] of placesOf(store.value)) opener.adopt(listener, place);
  const tickets = new Tickets();
  const unheard = new Tally();
  const lan = await openAgentLan({
    port: config.lan.port, broadcastPort: config.lan.broadcastPort, named: config.lan.interfaces, exclude: config.lan.exclude, peers: config.lan.peers, multicast: config.lan.multicast, tcp: config.lan.tcp,
    drops: unheard,
    onChange: (event, facts) => log.write("warn", event, facts),
    onDatagram: (datagram, from) => {
      const opened = opener.open(datagram, from.host, clock.now().mono);
      if (opened.ok) loop.put({ kind: "heard", from, packet: opened.value });
      return standingOf(opened);
    },
  });
  if (!lan.ok) throw new ExitFault(EXIT.unavailable, lanSentence(lan.fault));
  const ssh = sshSettingsOf(config, folders);
  const blind = remembered.relay === undefined ? undefined : unpinned(remembered.relay, ssh);
  if (blind !== undefined) throw new ExitFault(EXIT.config, tunnelSentence(blind));
  const tunnelDice = new Prng(random.getUint32(4));
  const link = new RelaySwitch({ tls: keys.relayClient, voice: keys.voice });
  link.reach(JSON.stringify(ssh), approachBy(ssh, { dice: tunnelDice, log }));
  if (remembered.relay !== undefined) link.use(remembered.relay);
  const machine = new Agent({
    settings: config.settings, remembered, seed: random.getUint32(0), now,
    self: { ...keys, clusterName: config.clusterName, agentName: config.agentName, version: VERSION, versions: VERSIONS, port: config.lan.port, boot: clock.boot, epoch, keySecret: dice.bytes(32) },
  });
  const loop = drive<AgentEvent, AgentTurn>({
    machine, clock, tick: { kind: "tick" }, soon: setImmediate,
    perform: performer({
      store: store.value, lan: lan.value, ring, opener, tickets, log, link, sealer: new Sealer({ ring, epoch }),
      put: (event) => loop.put(event), exit: (code) => ended.resolve(code),
    }),
  });
  const door = {
    report: (format: Extract<AgentEvent, { kind: "reported" }>["format"], body: Uint8Array) => tickets.ask((ticket) => loop.put({ kind: "reported", format, body, ticket })),
    ask: (question: Extract<AgentEvent, { kind: "asked" }>["question"]) => tickets.ask((ticket) => loop.put({ kind: "asked", question, ticket })),
    version: VERSION, drops: () => ({ ...opener.drops(), ...unheard.all }),
  };
  const api = listenOf(config, folders.config);
  const tcp = listen(api, agentApi({ ...door, admit: admission(api.tokens, plainCaller(api)) }).fetch);
  if (!tcp.ok) throw new ExitFault(tcp.fault.kind === "unguarded" ? EXIT.config : EXIT.unavailable, listenSentence(tcp.fault));
  const local = await serveLocal(join(folders.state, AGENT_SOCKET), agentApi({ ...door, admit: () => OWNER }).fetch);
  if (!local.ok) throw new ExitFault(EXIT.unavailable, localSentence(local.fault, "gapbell-agent"));
  onSignals({ stop: () => ended.resolve(EXIT.done), stopNow: () => process.exit(EXIT.temporary), reload: () => reload(folders, { put: loop.put, link, log, dice: tunnelDice }) });
  loop.put({ kind: "started" });
  log.write("info", "listening", { api: `${api.host}:${tcp.value.port}`, port: config.lan.port, version: VERSION });
  const code = await ended.promise;
  await Promise.all([tcp.value.stop(), local.value.stop()]);
  await loop.idle();
  loop.stop();
  link.close();
  lan.value.close();
  log.flush();
  store.value.close();
  return code;
}

/** Other rules and another way to the relay take effect as a whole or not at all. */
function reload(
  folders: AgentFolders,
  { put, link, log, dice: tunnelDice }: {
    readonly put: (event: AgentEvent) => void; readonly link: RelaySwitch; readonly log: ReturnType<typeof openLog>; readonly dice: Prng;
  },
): void {
  try {
    const config = readAgentConfig(folders);
    put({ kind: "reloaded", settings: config.settings });
    const ssh = sshSettingsOf(config, folders);
    link.reach(JSON.stringify(ssh), approachBy(ssh, { dice: tunnelDice, log }));
    log.write("info", "reloaded");
  } catch (thrown) {
    log.write("error", "cannot reload", { reason: thrown instanceof Error ? thrown.message : String(thrown) });
  }
}

await leave(await runProgram(agentProgram({ run })));
