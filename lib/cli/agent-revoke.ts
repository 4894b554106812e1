/** `gapbell-agent revoke`: unlocks the cluster key once, and signs which listeners are trusted no more. */

import type { Command } from "commander";
import { momentText } from "../alarm/moment.ts";
import { REVOCATIONS_MOST } from "../port/agent-door.ts";
import { issue } from "../trust/certificate.ts";
import { privateKey } from "../wire/seal.ts";
import { askAgent, record, records } from "./agent-ask.ts";
import { addFolders, type FolderOptions, foldersOf } from "./agent-folders.ts";
import { clusterSeed, PASSPHRASE_OPTION } from "./cluster-seed.ts";
import { EXIT, ExitFault } from "./exit.ts";
import { printJson, withExample } from "./main.ts";
import { plain } from "./table.ts";
import { readerOf } from "./terminal.ts";

type Options = FolderOptions & { readonly operator?: string; readonly passphraseFile?: string };

/** As the running agent lists it. */
type Enrolled = {
  readonly id: string; readonly operator: string; readonly host: string; readonly key: string; readonly serial: number;
  readonly revokedAt: number | undefined;
};

/** Fewer characters of an id name nothing: a host may be called "ab". */
const ID_CHARACTERS_LEAST = 4;

export function addRevoke(program: Command): void {
  const command = addFolders(program.command("revoke"))
    .description("trust listeners no more, at once and for good: a laptop was stolen, or somebody has left")
    .argument("[listener...]", "name of its host, or the first characters of its id, as gapbell-agent listeners shows them")
    .option("--operator <name>", "of this operator only; without a listener: all of theirs")
    .option(...PASSPHRASE_OPTION)
    .action(revoke);
  withExample(command, "gapbell-agent revoke laptop-7\ngapbell-agent revoke --operator li");
}

async function revoke(named: readonly string[], options: Options): Promise<void> {
  const { state } = foldersOf(options);
  const answer = await askAgent(state, { method: "GET", route: "/v1/listeners" });
  const chosen = choose(records(answer["listeners"]).map(enrolledIn), { named, operator: options.operator });
  const wanted = chosen.filter(({ revokedAt }) => revokedAt === undefined);
  // Nobody is asked for a passphrase where nothing is left to sign.
  const done = wanted.length === 0 ? [] : await revokeAll(state, wanted, options.passphraseFile);
  const already = chosen.filter(({ revokedAt }) => revokedAt !== undefined);
  if (options.json === true) return printJson({ revoked: done.map(shown), already: already.map(shown) });
  const { timezone } = readerOf();
  const lines = [
    ...done.map((one) => `Revoked ${nameOf(one)}`),
    ...already.map((one) => `${nameOf(one)} was revoked before, ${momentText(one.revokedAt ?? 0, timezone)}`),
    ...(done.length === 0 ? [] : ["A new group key is in use: nothing that is said from now on can be read with the old ones"]),
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
}

async function revokeAll(state: string, wanted: readonly Enrolled[], passphraseFile: string | undefined): Promise<readonly Enrolled[]> {
  const signer = privateKey("ed", await clusterSeed(state, { passphraseFile, why: "Listeners are revoked" }));
  const at = Date.now();
  for (let from = 0; from < wanted.length; from += REVOCATIONS_MOST) {
    const revocations = wanted.slice(from, from + REVOCATIONS_MOST).map(({ key, serial }) => issue("revocation", { ed: key, serial, at }, signer));
    await askAgent(state, { method: "POST", route: "/v1/revocations", body: { revocations } });
  }
  return wanted.map((one) => ({ ...one, revokedAt: at }));
}

/** Throws an `ExitFault` where a name fits nobody, or more listeners than one. */
function choose(all: readonly Enrolled[], { named, operator }: { readonly named: readonly string[]; readonly operator: string | undefined }): readonly Enrolled[] {
  if (named.length === 0 && operator === undefined) {
    throw new ExitFault(EXIT.usage, "No listener is named", "Name hosts or ids as gapbell-agent listeners shows them, or an operator by --operator");
  }
  const theirs = all.filter((one) => operator === undefined || one.operator === operator);
  if (theirs.length === 0) throw new ExitFault(EXIT.failed, operator === undefined ? "No listener has joined" : `No listener of "${operator}" has joined`);
  const chosen = named.length === 0 ? theirs : named.flatMap((name) => namedBy(name, theirs));
  return [...new Set(chosen)];
}

/** A name that fits one of today is about that one, whoever of the same name was revoked before. */
function namedBy(name: string, theirs: readonly Enrolled[]): readonly Enrolled[] {
  const fits = theirs.filter(({ host, id }) => host === name || (name.length >= ID_CHARACTERS_LEAST && id.startsWith(name.toLowerCase())));
  const trusted = fits.filter(({ revokedAt }) => revokedAt === undefined);
  if (trusted.length > 1) throw new ExitFault(EXIT.failed, `${trusted.length} listeners are called "${name}": ${trusted.map(nameOf).join(", ")}`, "Name one by its id");
  if (fits.length === 0) throw new ExitFault(EXIT.failed, `No listener is called "${name}", and no id begins so`, `Known are ${theirs.slice(0, 10).map(nameOf).join(", ")}`);
  return trusted.length === 1 ? trusted : fits;
}

function nameOf({ host, operator, id }: Enrolled): string {
  return `${plain(host)} of ${plain(operator)} (${id.slice(0, 8)})`;
}

function shown({ id, operator, host, revokedAt }: Enrolled): object {
  return { id, operator, host, revokedAt };
}

function enrolledIn(one: unknown): Enrolled {
  const { id, operator, host, key, serial, revokedAt } = record(one);
  return {
    id: String(id), operator: String(operator), host: String(host), key: String(key), serial: Number(serial),
    revokedAt: typeof revokedAt === "number" ? revokedAt : undefined,
  };
}
