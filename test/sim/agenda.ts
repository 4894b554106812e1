/** What happens next in virtual time: one heap, in order of moment and, among equals, of entry. Nothing else moves the clock. */

type Item = { readonly at: number; readonly order: number; readonly run: () => void };

export class Agenda {
  #now = 0;
  #order = 0;
  readonly #heap: Item[] = [];
  /** What happens at this very moment, before time goes on. */
  #ready: (() => void)[] = [];
  #head = 0;

  /** True time in milliseconds since the world began; no machine ever sees it. */
  get now(): number {
    return this.#now;
  }

  /** How much waits. */
  get size(): number {
    return this.#heap.length + this.#ready.length - this.#head;
  }

  at(at: number, run: () => void): void {
    this.#order += 1;
    this.#push({ at: Math.max(at, this.#now), order: this.#order, run });
  }

  after(ms: number, run: () => void): void {
    this.at(this.#now + ms, run);
  }

  /** After everything that happens at this moment already. */
  soon(run: () => void): void {
    this.#ready.push(run);
  }

  /** Takes the next thing that happens no later than `until`; time stands at its moment from now on. */
  take(until: number): (() => void) | undefined {
    if (this.#head < this.#ready.length) {
      const run = this.#ready[this.#head];
      this.#head += 1;
      if (this.#head > 1024) {
        this.#ready = this.#ready.slice(this.#head);
        this.#head = 0;
      }
      return run;
    }
    this.#ready.length = 0;
    this.#head = 0;
    const first = this.#heap[0];
    if (first === undefined || first.at > until) {
      this.#now = Math.max(this.#now, until);
      return undefined;
    }
    this.#pop();
    this.#now = first.at;
    return first.run;
  }

  #push(item: Item): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up];
      if (parent === undefined || !before(item, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = item;
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

function before(a: Item, b: Item): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
