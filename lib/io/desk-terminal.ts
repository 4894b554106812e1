/** The terminal as a desk: one line for each thing that happens, with the bell for what rings. */

import type { Desk } from "../port/desk.ts";

/** @param person whether somebody sits before it: only then has what is printed been seen */
export function terminalDesk({ person, print = (line) => void process.stdout.write(`${line}\n`) }: { readonly person: boolean; readonly print?: (line: string) => void }): Desk {
  return {
    show: ({ alarm, clusterName, rings, unverified }) => {
      const remarks = [unverified ? "freshness not verified" : "", alarm.why === "fallback" ? `mail/WeChat sending failed: ${alarm.reason ?? ""}` : ""].filter((one) => one !== "");
      const head = `${alarm.id.slice(0, 6)}  [${alarm.severity.toUpperCase()}] ${alarm.module}/${alarm.item}: ${alarm.text}  (${clusterName})`;
      print([rings ? `\x07${head}` : `  ${head}`, ...remarks.map((remark) => `        ${remark}`)].map(plain).join("\n"));
      return Promise.resolve(person && rings);
    },
    update: ({ id, line }) => print(plain(`${id.slice(0, 6)}  ${line}`)),
    hearing: (line) => print(line === "" ? "Hearing the agent" : plain(line)),
    close: () => {},
  };
}

/** What a source has written must not move the cursor. */
function plain(text: string): string {
  return [...text].filter((character) => character === "\x07" || character >= " ").join("");
}
