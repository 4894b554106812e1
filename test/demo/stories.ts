/** Three alarms as a real Prometheus sent them, how each must end, and how each has ended. */

import { join } from "node:path";
import { table } from "../../lib/cli/table.ts";
import type { Keys } from "./keys.ts";
import type { Shown, World } from "./world.ts";

/** Recorded from Prometheus 2.42 with the alert rules of Ceph and of the node exporter; only its times are of then. */
const RECORDED = join(import.meta.dir, "..", "golden", "intake", "prometheus-2.42-three-alerts.json");
/** Prometheus names an end four scrape intervals ahead. */
const ENDS_AFTER_MS = 240_000;
/** Less than the policy's deadline for a warning, so that the demonstration also ends well when nobody presses a key. */
const KEY_WITHIN_MS = 20_000;

/** @returns the occurrence's id */
export async function acknowledged(world: World, keys: Keys): Promise<string> {
  const { account } = world;
  account.heading("Story 1: somebody takes it");
  const id = await send(world, "CephOSDDown");
  await world.follow(id, "the listener shows it to li", () => world.listened().includes(`[${short(id)}]`));
  if (keys.there) {
    account.tell("li", `Press any key to acknowledge it (within ${KEY_WITHIN_MS / 1000} s)`);
    if (!(await keys.pressed(KEY_WITHIN_MS))) account.tell("li", "No key was pressed: the demonstration presses it");
  }
  world.goOn();
  account.tell("li", `$ gapbell-client ack ${short(id)} --comment "on my way"`);
  await world.client("ack", id, "--comment", "on my way");
  await world.follow(id, "the agent knows who has it", ({ attention }) => attention === "acknowledged");
  await world.follow(id, "the listener drops it", () => world.listened().includes("Acknowledged by you"));
  return id;
}

export async function escalated(world: World): Promise<string> {
  world.account.heading("Story 2: nobody takes it, and it leaves the room");
  const id = await send(world, "CephPoolFull");
  world.account.tell("li", "Nobody acknowledges it; the policy waits 5 s for a critical alarm");
  await world.follow(id, "mail and WeCom have accepted it", ({ phase }) => phase === "escalated" || phase === "fallback");
  await world.follow(id, "both have arrived", ({ phase }) => phase === "fallback" || (mails(world, id).length > 0 && messages(world, id).length > 0));
  return id;
}

export async function fallenBack(world: World): Promise<string> {
  world.account.heading("Story 3: the way out is broken, and the LAN rings again");
  world.account.tell("outside", "The mail server and WeCom go away");
  await world.cutOff();
  const id = await send(world, "NodeFilesystemAlmostOutOfSpace");
  await world.follow(id, "nothing went out", ({ phase }) => phase === "fallback" || phase === "escalated");
  await world.follow(id, "the listener rings again with the reason", ({ phase }) => phase === "escalated" || rungAgain(world, id));
  return id;
}

/** The table at the end. */
export async function verdict(world: World, { first, second, third }: { readonly first: string; readonly second: string; readonly third: string }): Promise<{ readonly lines: readonly string[]; readonly good: boolean }> {
  const [one, two, three] = await Promise.all([world.shown(first), world.shown(second), world.shown(third)]);
  const untold = (id: string): boolean => mails(world, id).length === 0 && messages(world, id).length === 0;
  const told = (id: string): boolean => mails(world, id).length > 0 && messages(world, id).length > 0;
  const rows: readonly (readonly [story: string, id: string, shown: Shown, good: boolean])[] = [
    ["acknowledged", first, one, one.attention === "acknowledged" && takenBy(one) === "li" && untold(first)],
    ["escalated", second, two, two.phase === "escalated" && two.sending === "successful" && told(second)],
    ["fallback", third, three, three.phase === "fallback" && three.sending === "failed" && (three.reason ?? "") !== "" && three.ring > 1 && rungAgain(world, third) && untold(third)],
  ];
  const lines = table(["STORY", "TAKEN BY", "PHASE", "SENDING", "RING", "MAIL", "WECOM", ""], rows.map(([story, id, shown, good]) => [
    story, takenBy(shown) || "nobody", shown.phase, shown.sending, String(shown.ring),
    received(mails(world, id).map(({ raw }) => raw)), received(messages(world, id).map(({ bytes }) => bytes)), good ? "ok" : "FAIL",
  ]));
  return { lines, good: rows.every(([, , , good]) => good) };
}

function received(bodies: readonly Uint8Array[]): string {
  return bodies.length === 0 ? "none" : `${bodies.length} (${bodies.reduce((sum, { length }) => sum + length, 0)} B)`;
}

async function send(world: World, alertname: string): Promise<string> {
  world.goOn();
  const alerts = (await Bun.file(RECORDED).json()) as readonly { readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> }[];
  const alert = alerts.find(({ labels }) => labels["alertname"] === alertname);
  if (alert === undefined) throw new Error(`No ${alertname} was recorded`);
  const now = Date.now();
  const body = JSON.stringify([{ ...alert, startsAt: new Date(now).toISOString(), endsAt: new Date(now + ENDS_AFTER_MS).toISOString() }]);
  world.account.tell("source", `Prometheus posts ${alertname} (${alert.labels["severity"] ?? ""}) to /api/v2/alerts`);
  const answered = await fetch(`http://127.0.0.1:${world.apiPort}/api/v2/alerts`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const answer = (await answered.json()) as { readonly occurrences?: readonly (string | null)[] };
  const id = answer.occurrences?.[0];
  if (typeof id !== "string") throw new Error(`The agent answers ${answered.status}: ${JSON.stringify(answer)}`);
  return id;
}

function takenBy({ acknowledgement }: Shown): string {
  return acknowledgement?.operator ?? "";
}

/** On the listener's screen, after the alarm itself. */
function rungAgain(world: World, id: string): boolean {
  return world.listened().split(`● [${short(id)}]`).slice(2).some((after) => after.includes("sending failed"));
}

function mails({ mail }: World, id: string) {
  return mail.mails.filter(({ subject }) => subject.includes(short(id)));
}

function messages({ wecom }: World, id: string) {
  return wecom.messages.filter(({ title, text }) => `${title}${text}`.includes(short(id)));
}

function short(id: string): string {
  return id.slice(0, 6);
}

