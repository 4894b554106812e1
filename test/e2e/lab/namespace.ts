/** Opens sockets of this process inside another host's network: a socket stays in the network where it was made. */

import { dlopen, FFIType } from "bun:ffi";
import { closeSync, openSync } from "node:fs";

/** linux/sched.h */
const CLONE_NEWNET = 0x40000000;

/**
 * @param act makes its sockets before it returns; what it awaits later may be anywhere
 * @returns what `act` returns
 */
export function inside<Value>(namespace: string, act: () => Value): Value {
  const { symbols, close } = dlopen("libc.so.6", { setns: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } });
  const home = openSync("/proc/thread-self/ns/net", "r");
  const there = openSync(`/run/netns/${namespace}`, "r");
  try {
    if (symbols.setns(there, CLONE_NEWNET) !== 0) throw new Error(`Cannot step into "${namespace}"`);
    return act();
  } finally {
    if (symbols.setns(home, CLONE_NEWNET) !== 0) process.abort();
    closeSync(there);
    closeSync(home);
    close();
  }
}
