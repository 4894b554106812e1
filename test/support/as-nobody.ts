/** What another user of the host would meet: root can do everything, so that refusals show only as somebody else. */

/** Debian's "nobody". */
const NOBODY = 65_534;

/** Acts as an unprivileged user where the tests run as root, and as the present user elsewhere. */
export function asNobody<Value>(act: () => Value): Value {
  const back = becomeNobody();
  try {
    return act();
  } finally {
    back();
  }
}

/** The same for as long as it takes. */
export async function asNobodyFor<Value>(act: () => Promise<Value>): Promise<Value> {
  const back = becomeNobody();
  try {
    return await act();
  } finally {
    back();
  }
}

function becomeNobody(): () => void {
  if (process.geteuid?.() !== 0) return () => {};
  process.seteuid?.(NOBODY);
  return () => process.seteuid?.(0);
}
