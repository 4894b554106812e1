/** `bun run lab`: builds a lab, says how to step in, and takes it down on Ctrl-C. */

import { aLab, missingForLab } from "./lab.ts";

async function main(): Promise<number> {
  const missing = missingForLab();
  if (missing !== "") {
    console.error(`Cannot build a lab: ${missing}`);
    return 69;
  }
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => stop.resolve());
  console.log("Building …");
  await using lab = await aLab();
  const enter = (host: string): string => `ip netns exec ${lab.host(host).namespace}`;
  const stations = [lab.agent, lab.relay, lab.laptop("li"), lab.laptop("zhao")];
  console.log([
    "", "Step onto a host:", ...lab.network.hosts.map(({ name }) => `  ${enter(name)} bash    # ${name}`),
    "", "Ask what runs there:", ...stations.map((station) => `  ${station.by(station === lab.agent ? "list" : station === lab.relay ? "probe" : "list")}`),
    "", "Raise an alarm, and watch it come:",
    `  ${lab.agent.by("raise", "--label", "module=osd", "--label", "item=osd.12", "--severity", "critical", "--text", "'osd.12 is full'")}`,
    `  tail -f ${lab.network.folder}/laptop-li-client.out`,
    "", "Pull a cable, and put it back (the other end of each is at the hub):",
    `  ip -n ${lab.host("outside").namespace} link set eth0 down    # the way outside`,
    `  ${lab.network.hosts.slice(0, 1).map(({ namespace }) => `ip -n ${namespace.replace(/-[^-]+$/, "-hub")} link`).join("")}    # the switch's ports`,
    "", `Files: ${lab.network.folder}   Ctrl-C takes all of it down.`,
  ].join("\n"));
  const shown = { mails: 0, messages: 0 };
  const watching = setInterval(() => {
    for (const mail of lab.outside.mail.mails.slice(shown.mails)) console.log(`mail to ${mail.to.join(", ")}: ${mail.subject}`);
    for (const message of lab.outside.wecom.messages.slice(shown.messages)) console.log(`WeCom to ${message.to.join(", ")}: ${message.text.split("\n")[0] ?? ""}`);
    Object.assign(shown, { mails: lab.outside.mail.mails.length, messages: lab.outside.wecom.messages.length });
  }, 200);
  await stop.promise;
  clearInterval(watching);
  console.log("\nTaking it down …");
  return 0;
}

process.exit(await main());
