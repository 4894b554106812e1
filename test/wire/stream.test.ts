/** Datagrams on a stream: whole again, however the stream was cut. */

import { expect, test } from "bun:test";
import { DATAGRAM_BYTES_MOST } from "../../lib/wire/constants.ts";
import { DATAGRAM_BYTES_LEAST } from "../../lib/wire/packet.ts";
import { onStream, StreamReader } from "../../lib/wire/stream.ts";

const datagrams = [DATAGRAM_BYTES_LEAST, 300, DATAGRAM_BYTES_MOST].map((length, at) => new Uint8Array(length).fill(at + 1));
const stream = Buffer.concat(datagrams.map(onStream));

test("a length of two bytes, big endian, stands before each datagram", () => {
  expect([...onStream(new Uint8Array(300).fill(7)).subarray(0, 4)]).toEqual([1, 44, 7, 7]);
});

test("a stream that is cut at any place gives the same datagrams", () => {
  for (let cut = 0; cut <= stream.length; cut += 1) {
    const reader = new StreamReader();
    const read = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((part) => {
      const taken = reader.take(part);
      return taken.ok ? taken.value.map((bytes) => [...bytes]) : [];
    });
    if (JSON.stringify(read) !== JSON.stringify(datagrams.map((bytes) => [...bytes]))) throw new Error(`cut at ${cut}`);
  }
});

test("a stream that comes byte by byte gives the same datagrams", () => {
  const reader = new StreamReader();
  const read = [...stream].flatMap((byte) => {
    const taken = reader.take(Uint8Array.of(byte));
    return taken.ok ? taken.value.map(({ length }) => length) : [];
  });
  expect(read).toEqual(datagrams.map(({ length }) => length));
});

test("a length that no datagram has is no stream of ours: the first bytes of HTTP and TLS among them", () => {
  const first = [[0, DATAGRAM_BYTES_LEAST - 1], [DATAGRAM_BYTES_MOST >> 8, (DATAGRAM_BYTES_MOST & 255) + 1], [0, 0], [255, 255], [...Buffer.from("GET / HTTP/1.1")], [0x16, 0x03, 0x01]];
  expect(first.map((bytes) => new StreamReader().take(Uint8Array.from(bytes)).ok)).toEqual(first.map(() => false));
});
