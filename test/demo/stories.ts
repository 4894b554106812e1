/** Three alarms as Prometheus sends them, and how each must end. */

import { until, type World } from "./world.ts";

export type Ending = { readonly story: string; readonly wanted: string; readonly found: string; readonly good: boolean };

type Payload = { readonly labels: Readonly<Record<string, string>>; readonly annotations: Readonly<Record<string, string>> };

const OSD_DOWN: Payload = {
  labels: { alertname: "CephOSDDown", ceph_daemon: "osd.12", hostname: "stor-03", job: "ceph", oid: "1.3.6.1.4.1.50495.1.2.1.4.2", severity: "critical", type: "ceph_default" },
  annotations: { summary: "An OSD has been marked down", description: "1 OSD down for over 5 minutes: osd.12 on stor-03" },
};
const POOL_FULL: Payload = {
  labels: { alertname: "CephPoolFull", job: "ceph", name: "rbd-vm", oid: "1.3.6.1.4.1.50495.1.2.1.9.1", severity: "critical", type: "ceph_default" },
  annotations: { summary: "Pool is full - writes are blocked", description: "Pool rbd-vm has reached its maximum quota" },
};
const NODE_DISK: Payload = {
  labels: { alertname: "NodeFilesystemAlmostOutOfSpace", device: "/dev/sda2", instance: "stor-05:9100", job: "node", mountpoint: "/var", severity: "warning" },
  annotations: { summary: "Filesystem has less than 5% space left", description: "/var on stor-05 has only 3.1% available space left" },
};

/** @param press resolves when the person acknowledges, or at once where the demonstration plays by itself */
export async function acknowledged(world: World, say: (line: string) => void, press: () => Promise<void>): Promise<Ending> {
  const id = await send(world, OSD_DOWN, say);
  await until("the listener shows it", async () => world.heard().includes(id.slice(0, 6)));
  say("  the listener rings; li acknowledges: gapbell-client ack");
  await press();
  await world.client("ack", id.slice(0, 8), "--comment", "on my way");
  await until("the agent knows", async () => (await shown(world, id))["attention"] === "acknowledged");
  const { attention, sending } = await shown(world, id);
  const told = mailsAbout(world, id);
  return ending("acknowledged", "acknowledged, nothing sent", `${String(attention)}, ${String(sending)}, ${told} mails`, attention === "acknowledged" && told === 0);
}

export async function escalated(world: World, say: (line: string) => void): Promise<Ending> {
  const id = await send(world, POOL_FULL, say);
  say("  nobody acknowledges; after 5 s the agent asks the relay and hands it over");
  await until("mail and WeCom arrive", async () => mailsAbout(world, id) > 0 && messagesAbout(world, id) > 0);
  for (const mail of world.mail.mails.slice(-1)) say(`  mail to ${mail.to.join(", ")}: ${mail.subject}`);
  for (const message of world.wecom.messages.slice(-1)) say(`  WeCom to ${message.to.join(", ")}: ${message.text.split("\n")[0] ?? ""}`);
  await until("the agent knows", async () => (await shown(world, id))["phase"] === "escalated");
  const { phase } = await shown(world, id);
  return ending("escalated", "mail and WeCom accepted", `${String(phase)}, ${mailsAbout(world, id)} mail, ${messagesAbout(world, id)} WeCom`, phase === "escalated");
}

export async function fallenBack(world: World, say: (line: string) => void): Promise<Ending> {
  await Promise.all([world.mail.close(), world.wecom.close()]);
  say("The mail server and WeCom are gone");
  const id = await send(world, NODE_DISK, say);
  await until("the LAN rings again with the reason", async () => /sending failed|发送失败/.test(world.heard()) && (await shown(world, id))["phase"] === "fallback");
  const { sending, reason, ring } = await shown(world, id);
  say(`  rung again: mail/WeChat sending failed: ${String(reason)}`);
  return ending("fallback", "rung again with the reason", `${String(sending)}, ring ${String(ring)}`, sending === "failed" && Number(ring) > 1 && String(reason) !== "");
}

async function send({ apiPort, agent }: World, payload: Payload, say: (line: string) => void): Promise<string> {
  say(`Prometheus sends ${payload.labels["alertname"] ?? ""}`);
  const now = Date.now();
  const body = [{ ...payload, startsAt: new Date(now).toISOString(), endsAt: new Date(now + 240_000).toISOString(), generatorURL: "http://prometheus:9090/graph" }];
  const answered = await fetch(`http://127.0.0.1:${apiPort}/api/v2/alerts`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (!answered.ok) throw new Error(`The agent answers ${answered.status}: ${await answered.text()}`);
  const { alarms } = JSON.parse(await agent("list", "--json")) as { readonly alarms: readonly { readonly id: string; readonly labels: Readonly<Record<string, string>> }[] };
  const found = alarms.find(({ labels }) => labels["alertname"] === payload.labels["alertname"]);
  if (found === undefined) throw new Error("The agent does not list what it has taken in");
  return found.id;
}

async function shown({ agent }: World, id: string): Promise<Readonly<Record<string, unknown>>> {
  return JSON.parse(await agent("show", id, "--json")) as Readonly<Record<string, unknown>>;
}

function mailsAbout({ mail }: World, id: string): number {
  return mail.mails.filter(({ subject }) => subject.includes(id.slice(0, 6))).length;
}

function messagesAbout({ wecom }: World, id: string): number {
  return wecom.messages.filter(({ title, text }) => `${title}${text}`.includes(id.slice(0, 6))).length;
}

function ending(story: string, wanted: string, found: string, good: boolean): Ending {
  return { story, wanted, found, good };
}
