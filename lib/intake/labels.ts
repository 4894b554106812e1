/** Labels as every way in takes them: names and values that are texts, within limits, none of them empty. */

import { z } from "zod";
import type { Labels } from "../alarm/alarm.ts";
import { utf8Length } from "../base/bytes.ts";

/** A Prometheus target of Kubernetes carries about 30. */
export const LABELS_MOST = 64;
/** What the LAN carries of a name. */
export const LABEL_NAME_BYTES_MOST = 128;
export const LABEL_VALUE_BYTES_MOST = 1024;

/** Empty values are taken and dropped, as Prometheus means them: an empty label is an absent one. */
export const LabelSet = z
  .record(z.string(), z.string())
  .superRefine((labels, context) => {
    const names = Object.keys(labels);
    const refuse = (message: string, path: string[] = []) => context.addIssue({ code: "custom", message, path });
    if (names.length > LABELS_MOST) return refuse(`at most ${LABELS_MOST} labels`);
    if (!names.some((name) => labels[name] !== "")) return refuse("at least one label that is not empty");
    for (const name of names) {
      if (name === "") return refuse("a label with a name", [name]);
      if (utf8Length(name) > LABEL_NAME_BYTES_MOST) return refuse(`a name of at most ${LABEL_NAME_BYTES_MOST} bytes`, [name]);
      if (utf8Length(labels[name] ?? "") > LABEL_VALUE_BYTES_MOST) {
        return refuse(`at most ${LABEL_VALUE_BYTES_MOST} bytes`, [name]);
      }
    }
  })
  .transform((labels): Labels => Object.fromEntries(Object.entries(labels).filter(([, value]) => value !== "")));

/** All labels but those named. */
export function without(labels: Labels, names: readonly string[]): Labels {
  if (!names.some((name) => Object.hasOwn(labels, name))) return labels;
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !names.includes(name)));
}
