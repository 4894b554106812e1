/** A second agent is let in by two texts: what each step writes, and what it says where something does not belong together. */

import { expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { agentProgram } from "../../lib/cli/agent-commands.ts";
import { loadFolder } from "../../lib/cli/agent-folders.ts";
import { readAgentKeys } from "../../lib/cli/agent-keys.ts";
import { agentApi } from "../../lib/io/api.ts";
import { serveLocal } from "../../lib/io/local.ts";
import { openStore } from "../../lib/io/store.ts";
import { OWNER } from "../../lib/io/tokens.ts";
import type { Question } from "../../lib/port/agent-door.ts";
import { readVoice } from "../../lib/trust/voice.ts";
import { command, type Ended } from "../support/in-process-command.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const program = () => agentProgram({ run: async () => 0 });
/** What the running agent uses now; its file has the first one. */
const GROUP = { kid: 7, key: "A".repeat(43) };
const MEMBER = { member: "AAAA", warrant: "AAAA", host: "laptop", joinedAt: 1 };

type Cluster = Disposable & {
  readonly at: (name: string) => string;
  /** Other agents that the running one knows. */
  peers: readonly object[];
  /** The highest serial of a voice that it has known. */
  serial: number;
  readonly asked: readonly Question[];
  /** A step on the host whose state folder is called so. */
  readonly pair: (state: string, ...words: readonly string[]) => Promise<Ended>;
  /** What a step prints, carried to a file. */
  readonly carried: (name: string, ended: Ended) => string;
};

/** Agent a with keys of its own, and its socket. */
async function withCluster(use: (cluster: Cluster) => Promise<void>): Promise<void> {
  using folder: TempFolder = tempFolder();
  writeFileSync(folder.at("passphrase"), "correct horse battery", { mode: 0o600 });
  const words = ["init", "--cluster", "c1", "--operator", "li", "--mail", "li@example.com", "--agent", "a", "--passphrase-file", folder.at("passphrase")];
  await command(program(), [...words, "--state", folder.at("a")]);
  const asked: Question[] = [];
  const cluster: Cluster = {
    at: folder.at, peers: [], serial: 1, asked,
    pair: (state, ...more) => command(program(), ["pair", ...more, "--state", folder.at(state), ...(more[0] === "grant" ? ["--passphrase-file", folder.at("passphrase"), "--address", "10.0.0.1"] : [])]),
    carried: (name, { out }) => {
      writeFileSync(folder.at(name), out);
      return folder.at(name);
    },
    [Symbol.dispose]: () => {},
  };
  const api = agentApi({
    report: async () => ({ status: 200, body: {} }), admit: () => OWNER, version: "test",
    ask: async (question) => {
      asked.push(question);
      return { status: 200, body: question.kind === "peers" ? { serial: cluster.serial, peers: cluster.peers } : { group: GROUP, members: [MEMBER], invites: [] } };
    },
  });
  const served = await serveLocal(folder.at("a/agent.sock"), api.fetch);
  if (!served.ok) throw new Error(served.fault.kind);
  try {
    await use(cluster);
  } finally {
    await served.value.stop();
  }
}

/** The whole way. */
async function paired(cluster: Cluster, agent = "b"): Promise<{ readonly ask: Ended; readonly grant: Ended; readonly accept: Ended }> {
  const ask = await cluster.pair(agent, "ask", "--agent", agent);
  const grant = await cluster.pair("a", "grant", "--file", cluster.carried(`${agent}.ask`, ask));
  const accept = await cluster.pair(agent, "accept", "--file", cluster.carried(`${agent}.grant`, grant));
  return { ask, grant, accept };
}

test("an agent that was let in has the cluster's secrets, keys of its own, and the first agent's configuration under its own name", async () => {
  await withCluster(async (cluster) => {
    const { accept } = await paired(cluster);
    expect(accept).toMatchObject({ code: 0, err: "" });
    const [a, b] = [readAgentKeys(cluster.at("a")), readAgentKeys(cluster.at("b"))];
    expect([b.clusterKey, b.secrets, b.group.kid]).toEqual([a.clusterKey, a.secrets, GROUP.kid]);
    expect(b.voice.id).not.toBe(a.voice.id);
    expect(b.relayClient.certificate).not.toBe(a.relayClient.certificate);
    expect(readVoice(b.voiceCertificate, a.clusterKey)).toMatchObject({ ok: true, value: { name: "b", serial: 2, peer: { id: b.voice.id } } });
    expect(loadFolder({ config: cluster.at("b") })).toMatchObject({ ok: true, value: { agentName: "b", clusterName: "c1", warnings: [] } });
    expect(readFileSync(cluster.at("b/roster.yaml"), "utf8")).toBe(readFileSync(cluster.at("a/roster.yaml"), "utf8"));
    expect(existsSync(cluster.at("b/keys/cluster.key"))).toBe(false);
    expect(existsSync(cluster.at("b/pair.request"))).toBe(false);
  });
});

test("what was let in passes check", async () => {
  await withCluster(async (cluster) => {
    await paired(cluster);
    expect(await command(program(), ["check", "--state", cluster.at("b")])).toMatchObject({ code: 0, err: "" });
  });
});

test("the running agent hears of the other, and the other finds the first and its listeners in its store", async () => {
  await withCluster(async (cluster) => {
    await paired(cluster);
    expect(cluster.asked).toMatchObject([{ kind: "peers" }, { kind: "paired", voice: readAgentKeys(cluster.at("b")).voiceCertificate }]);
    const store = openStore({ path: cluster.at("b/agent.db"), role: "agent" });
    if (!store.ok) throw new Error(store.fault.kind);
    expect(store.value.load("peers")).toMatchObject([{ row: { voice: readAgentKeys(cluster.at("a")).voiceCertificate, address: { host: "10.0.0.1", port: 11_115 } } }]);
    expect(store.value.load("meta")).toMatchObject([{ id: "granted", row: { members: [MEMBER], invites: [] } }]);
    store.value.close();
  });
});

test("both sides show the same code, and the grant holds nothing that is not sealed", async () => {
  await withCluster(async (cluster) => {
    const { ask, grant } = await paired(cluster);
    const [code = "none"] = /\w{4}-\w{4}-\w{4}/.exec(ask.err) ?? [];
    expect(grant.err).toContain(code);
    for (const secret of ["cluster.secret", "group.key"]) expect(grant.out).not.toContain(readFileSync(cluster.at(`a/keys/${secret}`), "utf8").slice(0, 20));
  });
});

test("asking twice is asking the same", async () => {
  await withCluster(async (cluster) => {
    const first = await cluster.pair("b", "ask", "--agent", "b");
    expect((await cluster.pair("b", "ask")).out).toBe(first.out);
    expect(await cluster.pair("b", "ask", "--agent", "c")).toMatchObject({ code: 1, err: expect.stringContaining('A request of agent "b" waits here already') });
  });
});

test("granting twice gives the same voice, not another serial", async () => {
  await withCluster(async (cluster) => {
    const ask = cluster.carried("b.ask", await cluster.pair("b", "ask", "--agent", "b"));
    await cluster.pair("a", "grant", "--file", ask);
    const given = cluster.asked.flatMap((question) => (question.kind === "paired" ? [question.voice] : []));
    const voiced = readVoice(given[0] ?? "", readAgentKeys(cluster.at("a")).clusterKey);
    if (!voiced.ok) throw new Error(voiced.fault);
    cluster.peers = [{ id: voiced.value.peer.id, name: "b", serial: 2, voice: given[0], present: false }];
    await cluster.pair("a", "grant", "--file", ask);
    expect(cluster.asked.at(-1)).toEqual({ kind: "paired", voice: given[0] ?? "" });
  });
});

test("a lost agent that comes back with new keys gets a higher serial; one that is heard is not replaced", async () => {
  await withCluster(async (cluster) => {
    cluster.serial = 7;
    cluster.peers = [{ id: "0123456789abcdef", name: "b", serial: 7, voice: "x", present: true, address: "10.0.0.2:11115" }];
    const ask = cluster.carried("b.ask", await cluster.pair("b", "ask", "--agent", "b"));
    expect(await cluster.pair("a", "grant", "--file", ask)).toMatchObject({ code: 1, err: expect.stringContaining('Another agent called "b" is heard now, at 10.0.0.2:11115') });
    cluster.peers = [{ id: "0123456789abcdef", name: "b", serial: 7, voice: "x", present: false }];
    const grant = await cluster.pair("a", "grant", "--file", ask);
    await cluster.pair("b", "accept", "--file", cluster.carried("b.grant", grant));
    expect(readVoice(readAgentKeys(cluster.at("b")).voiceCertificate, readAgentKeys(cluster.at("a")).clusterKey)).toMatchObject({ value: { serial: 8 } });
  });
});

test("a grant is good once, on one host, for one request", async () => {
  await withCluster(async (cluster) => {
    const { grant } = await paired(cluster);
    const carried = cluster.carried("again.grant", grant);
    expect(await cluster.pair("b", "accept", "--file", carried)).toMatchObject({ code: 1, err: expect.stringContaining("Refuse to write over") });
    expect(await cluster.pair("c", "accept", "--file", carried)).toMatchObject({ code: 78, err: expect.stringContaining("No request was made on this host") });
    await cluster.pair("c", "ask", "--agent", "c");
    expect(await cluster.pair("c", "accept", "--file", carried)).toMatchObject({ code: 1, err: expect.stringContaining("The grant is not for the request of this host") });
    expect(existsSync(cluster.at("c/keys"))).toBe(false);
  });
});

test("a text that is none, or has lost a character, is refused by name", async () => {
  await withCluster(async (cluster) => {
    const ask = await cluster.pair("b", "ask", "--agent", "b");
    const line = ask.out.split("\n")[1] ?? "";
    writeFileSync(cluster.at("short.ask"), `${line.slice(0, 60)}${line.slice(60).replace(/[A-Za-z]/, (letter) => (letter === "A" ? "B" : "A"))}`);
    writeFileSync(cluster.at("none"), "hello\n");
    expect(await cluster.pair("a", "grant", "--file", cluster.at("none"))).toMatchObject({ code: 64, err: expect.stringContaining("it is not what") });
    expect((await cluster.pair("a", "grant", "--file", cluster.at("short.ask"))).code).toBe(64);
    expect(await cluster.pair("b", "accept", "--file", cluster.at("none"))).toMatchObject({ code: 64, err: expect.stringContaining('it is not what "gapbell-agent pair grant" prints') });
  });
});

test("nothing is granted under this agent's own name, by a wrong passphrase, or where the cluster key does not lie", async () => {
  await withCluster(async (cluster) => {
    const named = cluster.carried("x.ask", await cluster.pair("x", "ask", "--agent", "a"));
    expect(await cluster.pair("a", "grant", "--file", named)).toMatchObject({ code: 1, err: expect.stringContaining('called "a", and so is this one') });
    const ask = cluster.carried("b.ask", await cluster.pair("b", "ask", "--agent", "b"));
    writeFileSync(cluster.at("passphrase"), "wrong horse battery", { mode: 0o600 });
    expect(await cluster.pair("a", "grant", "--file", ask)).toMatchObject({ code: 1, out: "", err: expect.stringContaining("The passphrase does not open") });
    expect(cluster.asked.map(({ kind }) => kind)).not.toContain("paired");
  });
});

test("the running agent is told that another is gone for good", async () => {
  await withCluster(async (cluster) => {
    expect(await cluster.pair("a", "end", "--agent", "b")).toMatchObject({ code: 0, out: expect.stringContaining("Agent b is forgotten here") });
    expect(cluster.asked).toEqual([{ kind: "unpaired", agent: "b" }]);
  });
});
