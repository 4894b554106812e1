/**
 * The switch of the lab's LANs, in user space, because this kernel may have no `netem`: it joins the hosts' cables by
 * AF_PACKET and can lose, double, delay and reorder frames, or carry them one way only. Seeded. Runs as a process of its
 * own in the hub's namespace; orders come as lines of JSON on standard input and are answered by a line each.
 *
 * Usage: bun hub.ts SEED PORT:LAN … (names of interfaces, and the number of the LAN that each belongs to)
 */

import { dlopen, FFIType as F, ptr } from "bun:ffi";
import { Prng } from "../../../lib/base/prng.ts";

/** What the hub does to each frame on its way to each receiver. Shares are from 0 to 1. */
export type Weather = {
  readonly loss: number;
  readonly twice: number;
  /** Every frame waits so long, and up to `jitterMs` more by chance: that is what reorders. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Names of ports: what the first sends never reaches the second. */
  readonly oneWay: readonly (readonly [from: string, to: string])[];
};

export const FAIR: Weather = { loss: 0, twice: 0, delayMs: 0, jitterMs: 0, oneWay: [] };

/** if_packet.h, if_ether.h, socket.h of Linux. */
const AF_PACKET = 17;
const SOCK_RAW = 3;
const ETH_P_ALL = 3;
const SOL_PACKET = 263;
const PACKET_VNET_HDR = 15;
const PACKET_IGNORE_OUTGOING = 23;
const MSG_DONTWAIT = 0x40;
const POLLIN = 1;
/** A frame of several segments, and before it how far its checksums and segments are made (virtio_net_hdr). */
const FRAME_BYTES_MOST = 128 * 1024;
const ORDER_BYTES_MOST = 4096;
const IDLE_MS = 1000;

if (import.meta.main) run();

function run(): never {
  const [seed = "1", ...places] = process.argv.slice(2);
  const libc = dlopen("libc.so.6", {
    socket: { args: [F.i32, F.i32, F.i32], returns: F.i32 }, bind: { args: [F.i32, F.ptr, F.i32], returns: F.i32 },
    setsockopt: { args: [F.i32, F.i32, F.i32, F.ptr, F.i32], returns: F.i32 }, if_nametoindex: { args: [F.ptr], returns: F.i32 },
    recv: { args: [F.i32, F.ptr, F.u64, F.i32], returns: F.i64 }, send: { args: [F.i32, F.ptr, F.u64, F.i32], returns: F.i64 },
    read: { args: [F.i32, F.ptr, F.u64], returns: F.i64 }, poll: { args: [F.ptr, F.u64, F.i32], returns: F.i32 },
  }).symbols;

  const ports = places.map((place) => {
    const [name = "", lan = "0"] = place.split(":");
    const fd = libc.socket(AF_PACKET, SOCK_RAW, ETH_P_ALL << 8);
    const address = Buffer.alloc(20);
    address.writeUInt16LE(AF_PACKET, 0);
    address.writeUInt16BE(ETH_P_ALL, 2);
    address.writeInt32LE(libc.if_nametoindex(ptr(Buffer.from(`${name}\0`))), 4);
    const yes = Buffer.alloc(4);
    yes.writeInt32LE(1);
    // Frames leave a host before their checksums are made; what is known of them has to travel along.
    for (const option of [PACKET_VNET_HDR, PACKET_IGNORE_OUTGOING]) {
      if (libc.setsockopt(fd, SOL_PACKET, option, ptr(yes), 4) !== 0) throw new Error(`Cannot set option ${option} on port "${name}"`);
    }
    if (libc.bind(fd, ptr(address), 20) !== 0) throw new Error(`Cannot open port "${name}"`);
    return { name, lan, fd };
  });

  const dice = new Prng(Number(seed));
  const polled = Buffer.alloc(8 * (ports.length + 1));
  for (const [at, fd] of [...ports.map((port) => port.fd), 0].entries()) {
    polled.writeInt32LE(fd, at * 8);
    polled.writeUInt16LE(POLLIN, at * 8 + 4);
  }
  const frame = Buffer.alloc(FRAME_BYTES_MOST);
  const order = Buffer.alloc(ORDER_BYTES_MOST);
  let late: { readonly at: number; readonly fd: number; readonly bytes: Buffer }[] = [];
  let weather = FAIR;

  const put = (fd: number, bytes: Buffer): void => void libc.send(fd, ptr(bytes), bytes.length, 0);
  const carry = (from: (typeof ports)[number], bytes: Buffer): void => {
    for (const to of ports) {
      if (to === from || to.lan !== from.lan || weather.oneWay.some(([a, b]) => a === from.name && b === to.name)) continue;
      for (let copies = dice.fraction() < weather.twice ? 2 : 1; copies > 0; copies -= 1) {
        if (dice.fraction() < weather.loss) continue;
        const delayMs = weather.delayMs + dice.fraction() * weather.jitterMs;
        if (delayMs > 0) late.push({ at: performance.now() + delayMs, fd: to.fd, bytes: Buffer.from(bytes) });
        else put(to.fd, bytes);
      }
    }
  };

  console.log("ready");
  for (;;) {
    const now = performance.now();
    for (const { fd, bytes } of late.filter(({ at }) => at <= now)) put(fd, bytes);
    late = late.filter(({ at }) => at > now);
    if (libc.poll(ptr(polled), ports.length + 1, late.length > 0 ? 1 : IDLE_MS) <= 0) continue;
    if (polled.readUInt16LE(ports.length * 8 + 6) !== 0) {
      const count = Number(libc.read(0, ptr(order), ORDER_BYTES_MOST));
      if (count <= 0) process.exit(0);
      weather = { ...FAIR, ...(JSON.parse(order.toString("utf8", 0, count)) as Partial<Weather>) };
      console.log("done");
    }
    for (const [at, port] of ports.entries()) {
      if (polled.readUInt16LE(at * 8 + 6) === 0) continue;
      // A cable that is pulled reports itself once as an error.
      const count = Number(libc.recv(port.fd, ptr(frame), FRAME_BYTES_MOST, MSG_DONTWAIT));
      if (count > 0) carry(port, frame.subarray(0, count));
    }
  }
}
