/** `gapbell-client doctor`: looks at this host and its LAN, and names the one thing that keeps alarms away. */

import { hostname } from "node:os";
import { join } from "node:path";
import type { Command } from "commander";
import { judgeClient } from "../doctor/client.ts";
import type { ClientFacts, HelloFacts } from "../doctor/facts.ts";
import { dice } from "../io/dice.ts";
import { becomeOwner, fileFacts, firewallFacts, interfaceFacts, portFacts, receiveBufferMost, storeFacts } from "../io/doctor-host.ts";
import { systemRoads } from "../io/interfaces.ts";
import { RECEIVE_BUFFER_BYTES } from "../io/lan.ts";
import { askLocal } from "../io/local.ts";
import { lockOwner } from "../io/owner.ts";
import { openStore } from "../io/store.ts";
import { nextEpoch } from "../trust/sealer.ts";
import { record, records } from "./agent-ask.ts";
import { addState, CLIENT_FILES, folderOf, readClientConfig, type StateOptions } from "./client-folders.ts";
import { CLIENT_KEY_FILES, type ClientKeys, readClientKeys } from "./client-keys.ts";
import { looksOf } from "./client-view.ts";
import { greet } from "./doctor-hello.ts";
import { orCannotLook, printFindings, showLooking } from "./doctor-print.ts";
import { type Place, seekAgents, type Sought } from "./doctor-seek.ts";
import { takeEpoch } from "./epoch.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { withExample } from "./main.ts";
import { VERSION } from "./version.ts";

export function addClientDoctor(program: Command): void {
  const doctor = addState(program.command("doctor"))
    .description("look what keeps alarms from arriving here: ends with the one thing to fix (1), or with all roads work (0)")
    .action(async (options: StateOptions) => {
      const { language } = orCannotLook(() => looksOf(options));
      const end = showLooking(language);
      const facts = await look(folderOf(options)).finally(end);
      process.exitCode = printFindings(judgeClient(facts), { language, json: options.json === true });
    });
  withExample(doctor, "gapbell-client doctor\nsudo gapbell-client doctor --state ~/.local/state/gapbell-client   (root can read the firewall's rules)");
}

/** Changes nothing and sends a handful of datagrams. */
async function look(state: string): Promise<ClientFacts> {
  const { lan, agents: configured } = orCannotLook(() => readClientConfig(state));
  const port = portFacts({ protocol: "udp", port: lan.broadcastPort });
  const firewall = await firewallFacts();
  becomeOwner(state);
  const status = await askLocal(join(state, CLIENT_FILES.socket), { method: "GET", route: "/v1/status", signal: AbortSignal.timeout(2000) });
  if (!status.ok && status.fault.kind === "forbidden") {
    throw new ExitFault(EXIT.unavailable, `Could not look: the state folder "${state}" belongs to another user`, "Run this command as that user, or as root");
  }
  const running = status.ok ? record(status.value.body) : undefined;
  const { keys, fault: keysFault } = readKeys(state);
  const store = storeFacts(join(state, CLIENT_FILES.store), "client");
  const known = knownAgents(keys, running);
  const targets = [...known, ...configured.map((address) => ({ voice: "", name: address.host, address }))];
  const sought = await seekAgents({
    roads: systemRoads({ named: lan.interfaces }), broadcastPort: lan.broadcastPort, agentPort: lan.agentPort, unicasts: targets.map(({ address }) => address), tcp: lan.tcp,
  });
  const hello = await helloOf({ state, keys, running, sought, tcp: lan.tcp, mayOpen: store.sameForm && store.facts.state === "good", missing: store.facts.state === "missing" });
  const files = CLIENT_KEY_FILES.map((name) => fileFacts(join(state, name)));
  const now = Date.now();
  return {
    now, version: VERSION, interfaces: interfaceFacts({ named: lan.interfaces }), loops: sought.loops, answers: sought.answers, firewall,
    ports: [port.state === "free" || sought.portFault === "EADDRINUSE" ? port : { ...port, state: sought.portFault === "" ? "shared" : sought.portFault === "EACCES" ? "forbidden" : port.state }],
    // Who has not joined yet has no keys, and that is no fault of theirs.
    keys: files.every(({ state: found }) => found === "missing") ? [] : files, keysFault, store: store.facts,
    buffer: { most: receiveBufferMost(), asked: RECEIVE_BUFFER_BYTES }, lan,
    membership: keys === undefined ? undefined : { cluster: keys.cluster, clusterName: keys.clusterName, operator: keys.operator, kid: keys.group.kid },
    agents: targets.map(({ voice, name }, at) => ({ voice, name, unicast: sought.unicasts[at], hello: hello(voice), road: roadOf(running, voice), broadcastAt: broadcastOf(running, voice) })),
    running: running === undefined ? undefined : { version: String(running["version"] ?? ""), startedAt: Number(running["startedAt"] ?? now) },
  };
}

function roadOf(running: Readonly<Record<string, unknown>> | undefined, voice: string): string | undefined {
  const road = records(running?.["agents"]).find(({ id }) => id === voice)?.["road"];
  return typeof road === "string" ? road : undefined;
}

function broadcastOf(running: Readonly<Record<string, unknown>> | undefined, voice: string): number | undefined {
  const at = records(running?.["agents"]).find(({ id }) => id === voice)?.["broadcastAt"];
  return typeof at === "number" ? at : undefined;
}

function readKeys(state: string): { readonly keys: ClientKeys | undefined; readonly fault: string } {
  try {
    return { keys: readClientKeys(state), fault: "" };
  } catch (thrown) {
    return { keys: undefined, fault: thrown instanceof ExitFault ? thrown.message : String(thrown) };
  }
}

/** Those that the running listener knows, else the one that it joined through. */
function knownAgents(keys: ClientKeys | undefined, running: Readonly<Record<string, unknown>> | undefined): readonly { readonly voice: string; readonly name: string; readonly address: { readonly host: string; readonly port: number } }[] {
  const told = records(running?.["agents"]).flatMap(({ id, name, address }) => {
    const [host = "", port = ""] = String(address ?? "").split(":");
    return host === "" ? [] : [{ voice: String(id), name: String(name), address: { host, port: Number(port) } }];
  });
  if (told.length > 0 || keys === undefined) return told;
  const { peer, name, address } = keys.agent;
  return [{ voice: peer.id, name, address }];
}

type Asked = {
  readonly state: string; readonly keys: ClientKeys | undefined; readonly running: Readonly<Record<string, unknown>> | undefined; readonly sought: Sought; readonly tcp: boolean;
  readonly mayOpen: boolean; readonly missing: boolean;
};

/** Whoever runs owns the identity and is asked; otherwise the doctor takes it for a moment, as a listener would. */
async function helloOf({ state, keys, running, sought, tcp, mayOpen, missing }: Asked): Promise<(voice: string) => HelloFacts> {
  if (running !== undefined) {
    const grades = new Map(records(running["agents"]).map(({ id, hearing }) => [String(id), String(hearing)]));
    return (voice) => ({
      by: "running", outcome: grades.get(voice) === "heard" ? "welcomed" : grades.get(voice) === "searching" ? "not asked" : "unanswered", why: "the running listener says so",
    });
  }
  const not = (why: string): ((voice: string) => HelloFacts) => () => ({ by: "nobody", outcome: "not asked", why });
  if (keys === undefined) return not("the keys cannot be used");
  const path = join(state, CLIENT_FILES.store);
  if (lockOwner(path) !== undefined) return not("another process owns the store");
  const place = sought.places.get(keys.agent.peer.id);
  if (place === undefined) return not("it does not answer at all");
  if (!mayOpen && !missing) return not("the store cannot be opened without changing it");
  const welcomed = await greetAs(keys, { place, path, tcp, fresh: missing });
  if (welcomed === undefined) return not("another process owns the store");
  return (voice) => (voice === keys.agent.peer.id
    ? { by: "self", outcome: welcomed ? "welcomed" : "unanswered", why: "the doctor asked" }
    : { by: "nobody", outcome: "not asked", why: "it does not answer at all" });
}

/**
 * Takes the identity as a start of the listener does: with the store held, and with an epoch of its own, which is the
 * only thing that the doctor ever writes; without it a nonce could come twice.
 *
 * @param fresh there is no store yet, and none is made: then the clock alone makes an epoch that no other life has had
 * @returns undefined where another process has become the owner meanwhile
 */
async function greetAs(keys: ClientKeys, { place, path, tcp, fresh }: { readonly place: Place; readonly path: string; readonly tcp: boolean; readonly fresh: boolean }): Promise<boolean | undefined> {
  const greeting = { keys, place, tcp, host: hostname() };
  if (fresh) return greet({ ...greeting, epoch: nextEpoch({ stored: 0n, wallMs: Date.now(), random32: new DataView(dice.bytes(4).buffer).getUint32(0) }) });
  const store = openStore({ path, role: "client" });
  if (!store.ok) return undefined;
  try {
    return await greet({ ...greeting, epoch: await takeEpoch(store.value, Date.now()) });
  } finally {
    store.value.close();
  }
}
