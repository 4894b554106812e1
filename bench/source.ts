/** The source: hands alarms in over HTTP, one at a time at a pace, or as many as fit, and notes when each was accepted. */

export type Sent = {
  /** For each alarm, by its number: when its request began, and when its success had been read. Milliseconds of `performance.now`. */
  readonly sentAt: readonly number[];
  readonly acceptedAt: readonly number[];
};

/** Requests in flight at once in a storm. */
const IN_FLIGHT = 4;

const SEVERITIES = ["critical", "major", "major", "minor", "minor", "minor", "minor", "warning", "warning", "warning"] as const;

export type Alarm = { readonly condition: "raised"; readonly severity: string; readonly text: string; readonly labels: Readonly<Record<string, string>> };

/** The nth alarm of a run: about 380 bytes, as Ceph has them; every tenth is critical. */
export function alarmAt(run: string, nth: number): Alarm {
  return {
    condition: "raised", severity: SEVERITIES[(nth * 7) % 10] ?? "minor",
    text: `${run}-${nth} OSD osd.${nth % 97} on host node${nth % 13} reports slow operations`,
    labels: {
      alertname: "CephDaemonSlowOps", ceph_daemon: `osd.${nth % 97}`, instance: `10.11.131.${nth % 250}:9283`, job: "ceph",
      cluster: "c1", pool: `volumes-${nth % 7}`, device: `sd${"abcdefgh"[nth % 8]}`, run, number: String(nth),
    },
  };
}

/** The number of the alarm whose text this is; undefined for another run's. */
export function numberIn(text: string, run: string): number | undefined {
  return text.startsWith(`${run}-`) ? Number.parseInt(text.slice(run.length + 1), 10) : undefined;
}

/** One alarm to a request, one request after the other, not faster than the pace. */
export async function handInPaced(url: string, run: string, { count, everyMs }: { readonly count: number; readonly everyMs: number }): Promise<Sent> {
  const sentAt: number[] = [];
  const acceptedAt: number[] = [];
  const begun = performance.now();
  for (let nth = 0; nth < count; nth += 1) {
    await Bun.sleep(Math.max(0, begun + nth * everyMs - performance.now()));
    sentAt.push(performance.now());
    await post(url, alarmAt(run, nth));
    acceptedAt.push(performance.now());
  }
  return { sentAt, acceptedAt };
}

/** So many to a request, spread over a time, but no faster than they are accepted. @param withinMs 0 for as fast as that is */
export async function handInStorm(url: string, run: string, { count, batch, withinMs }: { readonly count: number; readonly batch: number; readonly withinMs: number }): Promise<Sent> {
  const begun = performance.now();
  const sentAt: number[] = [];
  const acceptedAt: number[] = [];
  let next = 0;
  const hand = async (): Promise<void> => {
    while (next < count) {
      const numbers = Array.from({ length: Math.min(batch, count - next) }, (_, at) => next + at);
      next += numbers.length;
      await Bun.sleep(Math.max(0, begun + ((numbers[0] ?? 0) / count) * withinMs - performance.now()));
      const sent = performance.now();
      await post(url, numbers.map((nth) => alarmAt(run, nth)));
      const accepted = performance.now();
      for (const nth of numbers) {
        sentAt[nth] = sent;
        acceptedAt[nth] = accepted;
      }
    }
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, hand));
  return { sentAt, acceptedAt };
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`An alarm was answered with ${response.status}: ${text}`);
}
