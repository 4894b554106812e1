/** A roster as it is written in `roster.yaml`, and as it is read: li answers for osd, zhao for net, chief is the last resort. */

import { misfitText } from "../../lib/base/misfit.ts";
import { parseRoster, type Roster } from "../../lib/duty/roster.ts";

export type Written = Readonly<Record<string, unknown>>;

/** Everything has a value; a field that a test sets replaces the whole field. */
export function aWrittenRoster(set: Written = {}): Written {
  return {
    operators: {
      li: { language: "zh", timezone: "Asia/Shanghai", modules: ["osd"], mail: "li@example.org", wecom: "li" },
      zhao: { modules: ["net"], mail: "zhao@example.org" },
      chief: { mail: "chief@example.org" },
    },
    teams: { storage: ["li", "zhao"] },
    last_resort: ["chief"],
    ...set,
  };
}

export function aRoster(set: Written = {}): Roster {
  const parsed = parseRoster(aWrittenRoster(set));
  if (!parsed.ok) throw new Error(parsed.fault.map(misfitText).join("\n"));
  return parsed.value;
}
