/** Escalations and their deliveries as they stand, found by every name they have; each change is written with the turn. */

import { assert } from "../base/assert.ts";
import type { Escalation } from "../wire/relay-api.ts";
import type { Draft } from "./draft.ts";
import { type DeliveryRow, type EscalationRow, TABLES } from "./rows.ts";

type StepName = Pick<Escalation, "occurrence" | "revision" | "step" | "attempt">;

export class Book {
  readonly #draft: Draft;
  readonly #escalations = new Map<string, EscalationRow>();
  readonly #deliveries = new Map<string, DeliveryRow>();
  /** Ids of deliveries, by escalation. */
  readonly #byEscalation = new Map<string, Set<string>>();
  /** Open escalations that send something, by cluster, occurrence, revision, step and attempt. */
  readonly #byStep = new Map<string, string>();

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  /** Takes back what was stored, and writes nothing. */
  restore(escalations: readonly EscalationRow[], deliveries: readonly DeliveryRow[]): void {
    for (const row of escalations) this.#shelve(row);
    for (const row of deliveries) {
      assert(this.#escalations.has(row.escalation), "a stored delivery belongs to a stored escalation");
      this.#deliveries.set(row.id, row);
      this.#byEscalation.get(row.escalation)?.add(row.id);
    }
  }

  escalation(id: string): EscalationRow | undefined {
    return this.#escalations.get(id);
  }

  delivery(id: string): DeliveryRow | undefined {
    return this.#deliveries.get(id);
  }

  /** In the order in which they were planned. */
  deliveriesOf(escalation: string): readonly DeliveryRow[] {
    return [...(this.#byEscalation.get(escalation) ?? [])].flatMap((id) => this.#deliveries.get(id) ?? []);
  }

  get deliveries(): readonly DeliveryRow[] {
    return [...this.#deliveries.values()];
  }

  /** The open escalation of this step, under whatever id. */
  openFor(cluster: string, step: StepName): EscalationRow | undefined {
    return this.#escalations.get(this.#byStep.get(stepKey(cluster, step)) ?? "");
  }

  /** How many are open. */
  get open(): number {
    return this.#byStep.size;
  }

  keep(row: EscalationRow): void {
    this.#shelve(row);
    this.#draft.put(TABLES.escalations, row.id, row);
  }

  put(row: DeliveryRow): void {
    assert(this.#escalations.has(row.escalation), "a delivery belongs to an escalation");
    this.#byEscalation.get(row.escalation)?.add(row.id);
    this.#deliveries.set(row.id, row);
    this.#draft.put(TABLES.deliveries, row.id, row);
  }

  drop({ id, escalation }: DeliveryRow): void {
    this.#deliveries.delete(id);
    this.#byEscalation.get(escalation)?.delete(id);
    this.#draft.remove(TABLES.deliveries, id);
  }

  /** An escalation whose deliveries are gone. */
  forget(id: string): void {
    assert(this.deliveriesOf(id).length === 0, "a forgotten escalation sends nothing");
    this.#escalations.delete(id);
    this.#byEscalation.delete(id);
    this.#draft.remove(TABLES.escalations, id);
  }

  #shelve(row: EscalationRow): void {
    this.#escalations.set(row.id, row);
    if (!this.#byEscalation.has(row.id)) this.#byEscalation.set(row.id, new Set());
    const key = stepKey(row.cluster, row);
    if (row.body !== undefined && row.closedAt === undefined) this.#byStep.set(key, row.id);
    else if (this.#byStep.get(key) === row.id) this.#byStep.delete(key);
  }
}

function stepKey(cluster: string, { occurrence, revision, step, attempt = 1 }: StepName): string {
  return `${cluster} ${occurrence} ${revision} ${step} ${attempt}`;
}
