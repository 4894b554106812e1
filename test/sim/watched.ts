/** Production parts with an eye on them: the machine as the drive knows it, and the sealer. Nothing behaves otherwise for being seen. */

import type { Now } from "../../lib/base/units.ts";
import type { Result } from "../../lib/base/result.ts";
import type { Machine } from "../../lib/port/drive.ts";
import { Sealer, type SealFault, type SealOptions, type SealTo } from "../../lib/trust/sealer.ts";
import type { KeyRing } from "../../lib/trust/keys.ts";
import type { Message } from "../../lib/wire/message.ts";
import type { Seal } from "../../lib/wire/seal.ts";
import type { Change } from "../../lib/port/store.ts";
import type { Host } from "./host.ts";
import type { Said } from "./watch.ts";
import type { World } from "./world.ts";

/** @param see hears of each turn before it is carried out */
export function watched<Event extends { readonly kind: string }, Turn extends { readonly changes: readonly unknown[]; readonly effects: readonly { readonly kind: string }[] }>(
  machine: Machine<Event, Turn>, { world, host, see }: { readonly world: World; readonly host: Host; readonly see: (turn: Turn) => void },
): Machine<Event, Turn> {
  const { transcript } = world;
  return {
    handle(event: Event, now: Now): void {
      world.steps += 1;
      transcript.mix(host.index * 64 + kindNumber(event.kind));
      transcript.mix(Math.round(now.mono));
      transcript.line(() => `${world.moment()} ${host.name} ← ${describe(event)}`);
      try {
        machine.handle(event, now);
      } catch (thrown) {
        world.broke(host, thrown);
      }
    },
    takeTurn(): Turn | undefined {
      try {
        const turn = machine.takeTurn();
        if (turn === undefined) return undefined;
        transcript.mix(turn.changes.length * 1024 + turn.effects.length);
        transcript.line(() => `${world.moment()} ${host.name} → ${rowsOf(turn.changes)}; ${turn.effects.map(describe).join("; ") || "nothing said"}`);
        see(turn);
        return turn;
      } catch (thrown) {
        world.broke(host, thrown);
        return undefined;
      }
    },
    nextWakeup: () => machine.nextWakeup(),
  };
}

/** Says who seals what, and counts on nothing else. */
export class WatchedSealer extends Sealer {
  readonly #tell: (said: Omit<Said, "host" | "sender">) => void;

  constructor({ ring, epoch, seal, tell }: { readonly ring: KeyRing; readonly epoch: bigint; readonly seal: Seal; readonly tell: (said: Omit<Said, "host" | "sender">) => void }) {
    super({ ring, epoch, seal });
    this.#tell = tell;
  }

  override seal(message: Message, to: SealTo, options: SealOptions): Result<Uint8Array, SealFault> {
    const sealed = super.seal(message, to, options);
    if (sealed.ok) this.#tell({ message, to, epoch: this.epoch, counter: this.counter });
    return sealed;
  }
}

const NUMBERS = new Map<string, number>();

function kindNumber(kind: string): number {
  let number = NUMBERS.get(kind);
  if (number === undefined) NUMBERS.set(kind, (number = Bun.hash.xxHash32(kind) & 63));
  return number;
}

function rowsOf(changes: readonly unknown[]): string {
  const said = (changes as readonly Change[]).map((change) => {
    if (change.kind === "append") return `${change.entry.body.kind} ${change.entry.occurrence.slice(0, 6)}`;
    if (change.kind === "forget") return `forget ${change.occurrence.slice(0, 6)}`;
    return `${change.kind} ${change.table} ${change.id.slice(0, 40)}${change.table === "alarms" && change.kind === "put" ? ` ${JSON.stringify((change.row as { readonly alarm: { readonly life: unknown } }).alarm.life)}` : ""}`;
  });
  return said.length === 0 ? "writes nothing" : `writes ${said.join(", ")}`;
}

/** One event or effect in a line, as far as a person reading a transcript needs it. */
function describe(what: { readonly kind: string }): string {
  const { kind, ...rest } = what;
  const text = JSON.stringify(rest, (name, value: unknown) =>
    typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? new TextDecoder().decode(value) : name === "voice" || name === "pad" || name === "escalation" && typeof value === "object" ? "…" : value);
  return `${kind} ${text.length > 600 ? `${text.slice(0, 600)}…` : text}`;
}
