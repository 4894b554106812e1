/** `init` writes what `check` accepts, for its owner only, and never over anything. */

import { expect, test } from "bun:test";
import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { toBase64 } from "../../lib/base/bytes.ts";
import { agentProgram } from "../../lib/cli/agent-commands.ts";
import { loadFolder } from "../../lib/cli/agent-folders.ts";
import { readAgentKeys } from "../../lib/cli/agent-keys.ts";
import { fingerprintOf } from "../../lib/io/certificate.ts";
import { read } from "../../lib/trust/certificate.ts";
import { unlockClusterKey } from "../../lib/trust/cluster-key.ts";
import { clusterIdOf } from "../../lib/trust/keys.ts";
import { privateKey, rawPublic } from "../../lib/wire/seal.ts";
import { command } from "../support/in-process-command.ts";
import { tempFolder, type TempFolder } from "../support/temp-folder.ts";

const program = () => agentProgram({ run: async () => 0 });
const PASSPHRASE = "correct horse battery";

/** A folder with a passphrase file in it. */
function aPlace(): TempFolder {
  const folder = tempFolder();
  writeFileSync(folder.at("passphrase"), `${PASSPHRASE}\n`, { mode: 0o600 });
  return folder;
}

function init(folder: TempFolder, ...more: readonly string[]) {
  return command(program(), ["init", "--cluster", "c1", "--operator", "li", "--mail", "li@example.com", "--agent", "node-1",
    "--state", folder.at("state"), "--passphrase-file", folder.at("passphrase"), ...more]);
}

test("what init writes passes check", async () => {
  using folder = aPlace();
  expect(await init(folder)).toMatchObject({ code: 0, err: "" });
  expect(await command(program(), ["check", "--state", folder.at("state")])).toMatchObject({ code: 0, err: "" });
  const config = loadFolder({ config: folder.at("state") });
  expect(config.ok && config.value).toMatchObject({
    clusterName: "c1", agentName: "node-1",
    settings: { roster: { lastResort: ["li"], operators: { li: { mail: "li@example.com", modules: ["*"] } } }, rules: { rules: [{ name: "default", match: [] }] } },
    warnings: [],
  });
});

test("the rules that stand there as remarks are good as well", async () => {
  using folder = aPlace();
  await init(folder);
  const path = folder.at("state/rules.yaml");
  const lines = readFileSync(path, "utf8").split("\n");
  const list = lines.indexOf("rules:");
  writeFileSync(path, lines.map((line, at) => (at > list ? line.replace(/^( {2})# (- | {2})/, "$1$2") : line)).join("\n"));
  const config = loadFolder({ config: folder.at("state") });
  expect(config).toMatchObject({ ok: true });
  expect(config.ok && config.value.settings.rules.rules.map(({ name }) => name)).toEqual(["ceph-osd", "ceph-pool-full", "ceph-mon", "node-network", "node", "watchdog", "default"]);
});

test("the keys belong together and are what the agent reads", async () => {
  using folder = aPlace();
  const { out } = await init(folder, "--json");
  const keys = readAgentKeys(folder.at("state"));
  expect(JSON.parse(out)).toMatchObject({ cluster: "c1", agent: "node-1", clusterId: toBase64(clusterIdOf(keys.clusterKey)) });
  const voice = read("voice", keys.voiceCertificate, keys.clusterKey);
  expect(voice).toMatchObject({ ok: true, value: { serial: 1, agent: "node-1", ed: toBase64(keys.voice.ed), x: toBase64(keys.voice.x) } });
  const seed = unlockClusterKey(readFileSync(folder.at("state/keys/cluster.key"), "utf8"), PASSPHRASE);
  expect(seed.ok && rawPublic(privateKey("ed", seed.value))).toEqual(keys.clusterKey);
  expect(fingerprintOf(keys.relayClient.certificate)).toBeString();
  expect(keys.group.kid).toBe(1);
});

test("two clusters share no secret", async () => {
  using one = aPlace();
  using other = aPlace();
  await init(one);
  await init(other);
  for (const name of readdirSync(one.at("state/keys"))) {
    expect(readFileSync(one.at(`state/keys/${name}`), "utf8")).not.toBe(readFileSync(other.at(`state/keys/${name}`), "utf8"));
  }
});

test("nobody but the owner can read what was written", async () => {
  using folder = aPlace();
  await init(folder);
  for (const name of ["state", "state/keys"]) expect(statSync(folder.at(name)).mode & 0o777).toBe(0o700);
  const files = ["agent.yaml", "rules.yaml", "roster.yaml", ...readdirSync(folder.at("state/keys")).map((name) => `keys/${name}`)];
  expect(files).toHaveLength(11);
  for (const name of files) expect([name, statSync(folder.at(`state/${name}`)).mode & 0o777]).toEqual([name, 0o600]);
});

test.each(["agent.yaml", "rules.yaml", "roster.yaml", "keys", "agent.db"])("a folder that holds %s already is left alone", async (name) => {
  using folder = aPlace();
  mkdirSync(folder.at("state"));
  writeFileSync(folder.at(`state/${name}`), "mine");
  const { code, err } = await init(folder);
  expect(code).toBe(1);
  expect(err).toContain(`Refuse to write over "${folder.at(`state/${name}`)}"`);
  expect(readdirSync(folder.at("state"))).toEqual([name]);
  expect(readFileSync(folder.at(`state/${name}`), "utf8")).toBe("mine");
});

test("configuration and state may lie apart", async () => {
  using folder = aPlace();
  await init(folder, "--config", folder.at("etc"));
  expect(readdirSync(folder.at("state"))).toEqual(["keys"]);
  expect(await command(program(), ["check", "--state", folder.at("state"), "--config", folder.at("etc")])).toMatchObject({ code: 0 });
});

const BAD: readonly (readonly [name: string, words: readonly string[], said: string])[] = [
  ["a cluster's name with a space", ["--cluster", "c 1"], 'cluster is "c 1", must be a name'],
  ["an operator's name that means something else", ["--operator", "last_resort"], "operators.last_resort is"],
  ["a mail address that is none", ["--mail", "li"], 'operators.li.mail is "li", must be one mail address'],
  ["a WeCom id that means everybody", ["--wecom", "@all"], 'operators.li.wecom is "@all"'],
  ["an agent's name with a slash", ["--agent", "a/b"], 'agent is "a/b"'],
];

test.each(BAD)("%s is refused and leaves nothing behind", async (_, words, said) => {
  using folder = aPlace();
  const { code, err } = await init(folder, ...words);
  expect(code).toBe(64);
  expect(err).toContain(said);
  expect(existsSync(folder.at("state"))).toBe(false);
});

test("names that YAML would take for something else survive", async () => {
  using folder = aPlace();
  expect(await init(folder, "--cluster", "007", "--operator", "no", "--agent", "1e3", "--mobile", "13800001111")).toMatchObject({ code: 0 });
  const config = loadFolder({ config: folder.at("state") });
  expect(config.ok && [config.value.clusterName, config.value.agentName, config.value.settings.roster.operators["no"]?.mobile]).toEqual(["007", "1e3", "13800001111"]);
});

test("an operator whom nothing reaches outside cannot be the last resort", async () => {
  using folder = aPlace();
  const { code, err } = await command(program(), ["init", "--cluster", "c1", "--operator", "li", "--state", folder.at("state"), "--passphrase-file", folder.at("passphrase")]);
  expect([code, err]).toEqual([64, 'gapbell-agent: Nobody can be told outside: "li" needs --mail, --wecom or --mobile\n']);
});

test.each([["is too short", "short\n", 0o600, 64, "must have at least 8"], ["others can read", `${PASSPHRASE}\n`, 0o644, 78, "chmod 600"]])(
  "a passphrase file that %s is refused",
  async (_, text, mode, code, said) => {
    using folder = aPlace();
    writeFileSync(folder.at("passphrase"), text);
    chmodSync(folder.at("passphrase"), mode);
    const ended = await init(folder);
    expect(ended.code).toBe(code);
    expect(ended.err).toContain(said);
    expect(existsSync(folder.at("state"))).toBe(false);
  },
);

test("check tells every mistake of all files with its place, and ends with 78", async () => {
  using folder = aPlace();
  await init(folder);
  appendFileSync(folder.at("state/rules.yaml"), "    severty: major\n");
  appendFileSync(folder.at("state/roster.yaml"), "last_resorts: [li]\n");
  const { code, err } = await command(program(), ["check", "--state", folder.at("state")]);
  expect(code).toBe(78);
  expect(err).toMatch(/rules\.yaml:\d+:\d+: .*severty.*did you mean "severity"/);
  expect(err).toMatch(/roster\.yaml:\d+:\d+: .*last_resorts/);
  const json = await command(program(), ["check", "--state", folder.at("state"), "--json"]);
  expect(JSON.parse(json.out)).toMatchObject({ ok: false, faults: [{ file: folder.at("state/rules.yaml"), nearest: "severity" }, { file: folder.at("state/roster.yaml") }] });
});

test("check misses a key", async () => {
  using folder = aPlace();
  await init(folder);
  renameSync(folder.at("state/keys/voice.cert"), folder.at("voice.cert"));
  const { code, err } = await command(program(), ["check", "--state", folder.at("state")]);
  expect(code).toBe(78);
  expect(err).toContain("voice.cert");
});

test("check refuses a token that can be guessed", async () => {
  using folder = aPlace();
  await init(folder);
  writeFileSync(folder.at("state/li.token"), "short\n", { mode: 0o600 });
  const path = folder.at("state/agent.yaml");
  writeFileSync(path, readFileSync(path, "utf8").replace("  # tokens: {li: /etc/gapbell/li.token}", "  tokens: {li: li.token}"));
  const { code, err } = await command(program(), ["check", "--state", folder.at("state")]);
  expect(code).toBe(78);
  expect(err).toContain("it has 5 characters, must have at least 16");
});
