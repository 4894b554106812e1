import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { joinRelay, openRelayLink } from "../../lib/io/relay-link.ts";
import type { RelayEvent } from "../../lib/wire/relay-api.ts";
import { aJoiner } from "../support/a-relay-host.ts";
import { aRelayProcess, type RelayProcess } from "../support/a-relay-process.ts";
import { anEscalation, aRecipient } from "../support/an-escalation.ts";
import { type MailStandIn, openMailStandIn } from "../support/mail-stand-in.ts";
import { openWecomStandIn, WECOM_STAND_IN, type WecomStandIn } from "../support/wecom-stand-in.ts";

const LI = aJoiner(1);

describe("init and check", () => {
  test("init writes a configuration that passes check, secrets for the owner alone, and never overwrites", async () => {
    await using relay = await aRelayProcess();
    expect((await relay.command("init")).code).toBe(0);
    expect(statSync(relay.folder.at("keys/relay.seed")).mode & 0o777).toBe(0o600);
    expect(statSync(relay.folder.at("keys")).mode & 0o777).toBe(0o700);
    const checked = await relay.command("check", "--json");
    expect({ code: checked.code, out: JSON.parse(checked.out) }).toMatchObject({ code: 0, out: { ok: true, warnings: ["No channel is set up: nobody can be told outside"] } });
    const before = readFileSync(relay.folder.at("keys/relay.seed"), "utf8");
    writeFileSync(relay.folder.at("relay.yaml"), "# mine\n");
    const again = await relay.command("init");
    expect(again.code).toBe(78);
    expect(again.err).toContain("never overwrites");
    expect(readFileSync(relay.folder.at("keys/relay.seed"), "utf8")).toBe(before);
    expect(readFileSync(relay.folder.at("relay.yaml"), "utf8")).toBe("# mine\n");
  }, 30_000);

  const MISTAKES: readonly { readonly name: string; readonly yaml: string; readonly says: readonly string[] }[] = [
    { name: "an unknown word", yaml: "chanels: {}\n", says: ["relay.yaml:1:1", "chanels", "channels"] },
    { name: "an address that is none", yaml: "channels: {}\nlisten: jump1\n", says: ["relay.yaml:2:9", "listen", '"jump1"', "an IPv4 address and a port"] },
    { name: "a port out of range", yaml: "listen: 127.0.0.1:99999\n", says: ["relay.yaml:1:9", "65535"] },
    { name: "a channel without its server", yaml: "channels:\n  mail: {from: bell@example.com}\n", says: ["channels.mail.host", "missing"] },
    { name: "a password for all to see", yaml: "channels:\n  mail: {host: mail.example.com, from: b@example.com, user: b, password: secret}\n", says: ["password", "unknown"] },
    { name: "a secret that is not there", yaml: "channels:\n  wecom: {corp: ww1, agent: 1, secret_file: nowhere}\n", says: ["nowhere"] },
    { name: "broken YAML", yaml: "channels: [\n", says: ["relay.yaml:", "YAML"] },
  ];
  test("a mistake names file, line, what is and what should be, and ends with 78", async () => {
    await using relay = await aRelayProcess();
    await relay.command("init");
    for (const { name, yaml, says } of MISTAKES) {
      writeFileSync(relay.folder.at("relay.yaml"), yaml);
      const { code, err } = await relay.command("check");
      expect({ name, code }).toEqual({ name, code: 78 });
      for (const words of says) expect(err).toContain(words);
    }
  }, 60_000);

  test("a secret that others can read is not used", async () => {
    await using relay = await aRelayProcess();
    await relay.command("init");
    relay.configures("  wecom-robot: {key_file: robot.key}\n");
    writeFileSync(relay.folder.at("robot.key"), "key", { mode: 0o644 });
    const { code, err } = await relay.command("check");
    expect(code).toBe(78);
    expect(err).toContain("robot.key");
  }, 30_000);

  test("wrong use ends with 64, no relay with 69, no configuration with 78", async () => {
    await using relay = await aRelayProcess();
    expect((await relay.command("sing")).code).toBe(64);
    expect((await relay.command("invite", "--expires", "soon")).code).toBe(64);
    expect((await relay.command("probe")).code).toBe(69);
    expect((await relay.command("run")).code).toBe(78);
    expect((await relay.command("--version")).out).toMatch(/^gapbell-relay \d/);
    for (const command of ["init", "invite", "run", "probe", "check"]) expect((await relay.command(command, "--help")).out).toContain("Example:");
  }, 60_000);
});

describe("a relay that runs", () => {
  let relay: RelayProcess;
  let mail: MailStandIn;
  let wecom: WecomStandIn;

  beforeAll(async () => {
    mail = await openMailStandIn({ user: "bell@example.com", password: "mail-secret" });
    wecom = openWecomStandIn({ users: ["li", "zhao"] });
    relay = await aRelayProcess();
    await relay.command("init");
    relay.writes("mail.password", "mail-secret\n");
    relay.writes("wecom.secret", `${WECOM_STAND_IN.secret}\n`);
    relay.writes("robot.key", `${WECOM_STAND_IN.robotKey}\n`);
    relay.configures([
      `  mail: {host: 127.0.0.1, port: ${mail.port}, security: none, user: bell@example.com, password_file: mail.password, from: bell@example.com}`,
      `  wecom: {corp: ${WECOM_STAND_IN.corp}, agent: ${WECOM_STAND_IN.agent}, secret_file: wecom.secret, base: "${wecom.base}"}`,
      `  wecom-robot: {key_file: robot.key, base: "${wecom.base}"}`, "",
    ].join("\n"));
  }, 30_000);

  afterAll(async () => {
    await relay[Symbol.asyncDispose]();
    await mail.close();
    await wecom.close();
  });

  test("carries a real escalation to mail and WeCom, from an invite made before it ran", async () => {
    const invited = await relay.command("invite", "--json");
    const { joinString } = JSON.parse(invited.out) as { joinString: string };
    const running = await relay.runs();
    const joined = await joinRelay(joinString, LI);
    if (!joined.ok) throw new Error(joined.fault.reason);
    const link = openRelayLink(joined.value, LI);

    const asked = await link.ask({ kind: "ability", fresh: true });
    expect(asked).toMatchObject({
      kind: "ability",
      ability: { channels: [
        { channel: "wecom", able: true, level: "authenticated" },
        { channel: "wecom-robot", able: true, level: "connected" },
        { channel: "mail", able: true, level: "authenticated" },
      ] },
    });

    const zhao = aRecipient({ operator: "zhao", language: "zh", mail: "zhao@example.com", wecom: "zhao" });
    const escalation = anEscalation({ recipients: [aRecipient(), zhao] });
    expect(await link.ask({ kind: "submit", escalation })).toEqual({ kind: "stored", deliveries: 6 });
    const events: RelayEvent[] = [];
    while (events.length < 6) {
      const heard = await link.ask({ kind: "events", after: events.at(-1)?.number ?? 0 });
      if (heard.kind !== "events") throw new Error(JSON.stringify(heard));
      events.push(...heard.events);
    }
    expect(events.map(({ verdict, closing }) => `${verdict} ${closing}`)).toEqual(Array(6).fill("accepted true"));
    expect(mail.mails.flatMap(({ to }) => to).sort()).toEqual(["li@example.com", "zhao@example.com"]);
    expect(wecom.messages.filter(({ way }) => way === "application").flatMap(({ to }) => to).sort()).toEqual(["li", "zhao"]);
    expect(wecom.messages.filter(({ way }) => way === "robot")).toHaveLength(1);
    for (const { text } of wecom.messages) expect(text).toContain("osd.12");

    const probed = await relay.command("probe", "--json");
    expect(probed.code).toBe(0);
    expect(JSON.parse(probed.out)).toMatchObject({ channels: [{ level: "sent" }, { level: "sent" }, { level: "sent" }] });

    running.kill("SIGTERM");
    const { code, err } = await running.end();
    expect(code).toBe(0);
    for (const secret of ["mail-secret", WECOM_STAND_IN.secret, WECOM_STAND_IN.robotKey, "li@example.com", "13800001111", "OSD 12"]) {
      expect(err).not.toContain(secret);
    }
  }, 60_000);

  test("killed with an escalation that could not go, it goes on with it after the next start", async () => {
    const first = await relay.runs();
    const { joinString } = JSON.parse((await relay.command("invite", "--json")).out) as { joinString: string };
    const joined = await joinRelay(joinString, LI);
    if (!joined.ok) throw new Error(joined.fault.reason);
    const link = openRelayLink(joined.value, LI);
    mail.failNext("rcpt", { code: 451, text: "4.7.1 greylisted" });
    const before = mail.mails.length;
    expect(await link.ask({ kind: "submit", escalation: anEscalation({ id: "e2", step: 1, via: ["mail"] }) })).toEqual({ kind: "stored", deliveries: 1 });
    const heard = await link.ask({ kind: "events", after: 6 });
    expect(heard).toMatchObject({ kind: "events", events: [{ number: 7, escalation: "e2", closing: false }] });
    first.kill("SIGKILL");
    await first.end();
    expect(mail.mails).toHaveLength(before);

    const second = await relay.runs();
    expect(await link.ask({ kind: "events", after: 6 })).toMatchObject({ kind: "events", events: [{ number: 7 }] });
    expect(await link.ask({ kind: "withdraw", id: "e2" })).toEqual({ kind: "done" });
    second.kill("SIGINT");
    expect((await second.end()).code).toBe(0);
  }, 60_000);

  test("a second one on the same state folder is refused and told who owns it", async () => {
    const running = await relay.runs();
    const second = await relay.command("run");
    expect(second.code).toBe(75);
    expect(second.err).toContain(String(running.pid));
    running.kill("SIGTERM");
    await running.end();
  }, 30_000);
});
