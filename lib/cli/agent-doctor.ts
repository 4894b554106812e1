/** `gapbell-agent doctor`: looks at this host, its LAN and the way out, and names the one thing that keeps alarms from people. */

import { join } from "node:path";
import type { Command } from "commander";
import { momentText } from "../alarm/moment.ts";
import type { Language } from "../alarm/language.ts";
import { judgeAgent } from "../doctor/agent.ts";
import type { AgentFacts } from "../doctor/facts.ts";
import { becomeOwner, fileFacts, firewallFacts, interfaceFacts, portFacts, receiveBufferMost, storeFacts } from "../io/doctor-host.ts";
import { systemRoads } from "../io/interfaces.ts";
import { RECEIVE_BUFFER_BYTES } from "../io/lan.ts";
import { askLocal, localSentence } from "../io/local.ts";
import { Ability } from "../wire/relay-api.ts";
import { AGENT_SOCKET, record, records } from "./agent-ask.ts";
import { addFolders, type AgentFolders, type FolderOptions, foldersOf, readAgentConfig } from "./agent-folders.ts";
import { AGENT_DATABASE, AGENT_KEY_FILES, readAgentKeys } from "./agent-keys.ts";
import { orCannotLook, printFindings, showLooking } from "./doctor-print.ts";
import { seekAgents } from "./doctor-seek.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { withExample } from "./main.ts";
import { readerOf } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** An agent that takes longer does not answer. */
const ASK_MS_MOST = 2000;

export function addAgentDoctor(program: Command): void {
  const doctor = addFolders(program.command("doctor"))
    .description("look what keeps alarms from people: ends with the one thing to fix (1), or with all roads work (0)")
    .action(async (options: FolderOptions) => {
      const { language, timezone } = readerOf();
      const facts = await look(foldersOf(options), language);
      process.exitCode = printFindings(judgeAgent(facts, (at) => momentText(at, timezone)), { language, json: options.json === true });
    });
  withExample(doctor, "sudo gapbell-agent doctor\ngapbell-agent doctor --json");
}

/** Changes nothing and sends a handful of datagrams. */
async function look(folders: AgentFolders, language: Language): Promise<AgentFacts> {
  const { lan, api: { listen }, agentName } = orCannotLook(() => readAgentConfig(folders));
  const ports = [portFacts({ protocol: "udp", port: lan.port }), ...(lan.tcp ? [portFacts({ protocol: "tcp", port: lan.port })] : []), ...(listen.port === 0 ? [] : [portFacts({ protocol: "tcp", port: listen.port })])];
  const end = showLooking(language);
  const firewall = await firewallFacts();
  becomeOwner(folders.state);
  const [sought, asked] = await Promise.all([
    seekAgents({ roads: systemRoads({ named: lan.interfaces, exclude: lan.exclude }), broadcastPort: lan.broadcastPort, agentPort: lan.port, unicasts: [], tcp: false }), askRunning(folders.state),
  ]).finally(end);
  const { voice, fault } = voiceOf(folders.state);
  return {
    now: Date.now(), version: VERSION, interfaces: interfaceFacts({ named: lan.interfaces, exclude: lan.exclude }), ports, loops: sought.loops, answers: sought.answers, firewall,
    keys: AGENT_KEY_FILES.map((name) => fileFacts(join(folders.state, name))), keysFault: fault, store: storeFacts(join(folders.state, AGENT_DATABASE), "agent").facts,
    buffer: { most: receiveBufferMost(), asked: RECEIVE_BUFFER_BYTES }, lan, name: agentName, voice, ...asked,
  };
}

async function askRunning(state: string): Promise<Pick<AgentFacts, "running" | "askFault">> {
  const ask = (route: string) => askLocal(join(state, AGENT_SOCKET), { method: "GET", route, signal: AbortSignal.timeout(ASK_MS_MOST) });
  const [listeners, relay] = await Promise.all([ask("/v1/listeners"), ask("/v1/relay")]);
  if (!listeners.ok && listeners.fault.kind === "forbidden") {
    throw new ExitFault(EXIT.unavailable, `Could not look: ${localSentence(listeners.fault, "gapbell-agent")}`);
  }
  if (!listeners.ok || !relay.ok) return { running: undefined, askFault: listeners.ok ? "" : localSentence(listeners.fault, "gapbell-agent") };
  const body = record(relay.value.body);
  const ability = Ability.safeParse(body["ability"]);
  const { answeredAt } = body;
  return {
    askFault: "",
    running: {
      listeners: records(record(listeners.value.body)["listeners"]).map((one) => ({
        operator: String(one["operator"]), host: String(one["host"]), address: String(one["address"] ?? ""), state: String(one["state"]),
        lastHeardAt: typeof one["lastHeardAt"] === "number" ? one["lastHeardAt"] : undefined,
      })),
      peers: records(record(listeners.value.body)["agents"]).map((one) => ({
        name: String(one["name"]), address: String(one["address"] ?? ""), present: one["present"] === true,
        lastHeardAt: typeof one["lastHeardAt"] === "number" ? one["lastHeardAt"] : undefined,
      })),
      relay: {
        joined: record(body["relay"])["joined"] === true, reason: String(body["reason"] ?? ""), answeredAt: typeof answeredAt === "number" ? answeredAt : undefined,
        legs: ability.success ? ability.data.legs : [], channels: ability.success ? ability.data.channels : [],
      },
    },
  };
}

function voiceOf(state: string): { readonly voice: string; readonly fault: string } {
  try {
    return { voice: readAgentKeys(state).voice.id, fault: "" };
  } catch (thrown) {
    return { voice: "", fault: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
