/** What falls due, earliest first: one heap instead of one timer for each. */

import type { Ms } from "./units.ts";

type Entry<Key> = { readonly key: Key; readonly due: Ms; readonly order: number };

/** At most one moment for each key; setting a key again moves it. All operations are logarithmic. */
export class Deadlines<Key> {
  readonly #heap: Entry<Key>[] = [];
  readonly #live = new Map<Key, Entry<Key>>();
  #order = 0;

  set(key: Key, due: Ms): void {
    const held = this.#live.get(key);
    if (held?.due === due) return;
    this.#order += 1;
    const entry = { key, due, order: this.#order };
    this.#live.set(key, entry);
    this.#push(entry);
    this.#compact();
  }

  cancel(key: Key): void {
    this.#live.delete(key);
    this.#compact();
  }

  dueOf(key: Key): Ms | undefined {
    return this.#live.get(key)?.due;
  }

  get size(): number {
    return this.#live.size;
  }

  /** The earliest moment. */
  next(): Ms | undefined {
    this.#dropStale();
    return this.#heap[0]?.due;
  }

  /** Takes out the earliest key that is due; among equals, the one that was set first. */
  takeDue(now: Ms): Key | undefined {
    this.#dropStale();
    const first = this.#heap[0];
    if (first === undefined || first.due > now) return undefined;
    this.#pop();
    this.#live.delete(first.key);
    return first.key;
  }

  #dropStale(): void {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (this.#live.get(first.key) === first) return;
      this.#pop();
    }
  }

  /** Moved and cancelled entries stay in the heap until met; not more of them than live ones. */
  #compact(): void {
    if (this.#heap.length < 64 || this.#heap.length < 2 * this.#live.size + 64) return;
    this.#heap.length = 0;
    for (const entry of this.#live.values()) this.#push(entry);
  }

  #push(entry: Entry<Key>): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(entry);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !before(entry, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const useRight = left !== undefined && right !== undefined && before(right, left);
      const child = useRight ? right : left;
      if (child === undefined || !before(child, last)) break;
      heap[at] = child;
      at = 2 * at + (useRight ? 2 : 1);
    }
    heap[at] = last;
  }
}

function before<Key>(a: Entry<Key>, b: Entry<Key>): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
