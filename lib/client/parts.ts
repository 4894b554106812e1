/** The parts that the listener's machine is made of, handed together to the functions that react to one kind of event. */

import type { Tally } from "../base/tally.ts";
import type { Ms, WallMs } from "../base/units.ts";
import type { Rules } from "../classify/rule.ts";
import type { OccurrenceId } from "../alarm/alarm.ts";
import type { Acks } from "./acks.ts";
import type { Draft } from "./draft.ts";
import type { Fetching } from "./fetching.ts";
import type { Gathering } from "./gathering.ts";
import type { Ears } from "./hearing.ts";
import type { Address } from "../port/lan.ts";
import type { Inbox } from "./inbox.ts";
import type { Receipts } from "./receipts.ts";
import type { Roads } from "./roads.ts";
import type { ClientSelf } from "./turn.ts";
import type { OpenMark } from "../wire/open-set.ts";
import type { Floor } from "../trust/floor.ts";
import type { GroupKeys } from "../trust/group-keys.ts";
import type { PeerId } from "../trust/keys.ts";

/** The rules as the agent sent them; `digest` "" where there are none yet. */
export type HeldRules = { readonly digest: string; readonly rules: Rules | undefined };

/** What an open set comes to, under the group key of this number. */
export type Expected = { readonly kid: number; readonly open: string };

export type Parts = {
  readonly self: ClientSelf;
  readonly startedAt: WallMs;
  readonly group: GroupKeys;
  readonly floor: Floor;
  readonly draft: Draft;
  readonly inbox: Inbox;
  readonly receipts: Receipts;
  readonly acks: Acks;
  readonly ears: Ears;
  readonly roads: Roads;
  readonly fetching: Fetching;
  readonly gathering: Gathering;
  /** Who waits to hear what became of an acknowledgement. */
  readonly waiting: Map<OccurrenceId, readonly { readonly ticket: number; readonly due: Ms }[]>;
  /** What each agent's open set comes to, as it last said, and under which group key. */
  readonly expected: Map<PeerId, Expected>;
  /** The last complete list of each agent. */
  readonly lists: Map<PeerId, Expected & { readonly marks: readonly OpenMark[] }>;
  /** The rules' digest that each agent last named. */
  readonly digests: Map<PeerId, string>;
  /** The agents that each agent has told of, in this life of the process. */
  readonly voices: Map<PeerId, { readonly digest: string; readonly ids: ReadonlySet<PeerId> }>;
  /** Messages of the LAN that were opened and came to nothing. */
  readonly refusals: Tally;
  rules: HeldRules;
};

/** The name by which people know an agent. */
export function nameOf({ ears }: Parts, agent: PeerId): string {
  return ears.get(agent)?.agent.name ?? agent.slice(0, 6);
}

/** Where an agent is reached now; undefined until it is heard. */
export function addressOf({ ears, roads }: Parts, agent: PeerId): Address | undefined {
  const address = ears.get(agent)?.agent.address;
  return address === undefined ? undefined : roads.towards(agent, address);
}
