/** The set of open alarms in few bytes. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { toCrockford } from "../../lib/base/bytes.ts";
import { decodeOpenSet, encodeOpenSet, type OpenMark, openSetMac } from "../../lib/wire/open-set.ts";
import { anId } from "../support/a-scripted-agent.ts";
import { fill } from "../support/a-cluster.ts";
import { anyBytes } from "../support/any-message.ts";

const mark: fc.Arbitrary<OpenMark> = fc.record({ id: anyBytes(16).map(toCrockford), revision: fc.integer({ min: 0, max: 2 ** 32 - 1 }), ring: fc.integer({ min: 0, max: 2 ** 31 - 1 }), taken: fc.boolean() });
const marks = fc.uniqueArray(mark, { selector: ({ id }) => id, maxLength: 40 });
const sorted = (some: readonly OpenMark[]): readonly OpenMark[] => [...some].sort((a, b) => (a.id < b.id ? -1 : 1));

test("a set is read back as it was, in the order of ids", () => {
  fc.assert(fc.property(marks, (some) => expect(decodeOpenSet(encodeOpenSet(some))).toEqual(sorted(some))), { seed: 1, numRuns: 100 });
});

test("two sides that know the same agree, in whatever order they learnt it; a ring more, and they do not", () => {
  fc.assert(
    fc.property(marks, (some) => {
      const mac = openSetMac(some, fill(4));
      expect(mac).toHaveLength(11);
      expect(openSetMac([...some].reverse(), fill(4))).toBe(mac);
      expect(openSetMac(some, fill(5))).not.toBe(mac);
      const [first, ...rest] = some;
      if (first === undefined) return;
      for (const other of [rest, [...rest, { ...first, ring: first.ring ^ 1 }], [...rest, { ...first, revision: first.revision ^ 1 }], [...rest, { ...first, taken: !first.taken }]]) expect(openSetMac(other, fill(4))).not.toBe(mac);
    }),
    { seed: 2, numRuns: 100 },
  );
});

test("a mark takes 24 bytes; a length that is not a whole number of them is no set", () => {
  const bytes = encodeOpenSet([{ id: anId(1), revision: 2, ring: 3, taken: false }, { id: anId(2), revision: 1, ring: 1, taken: true }]);
  expect(bytes).toHaveLength(48);
  expect(Buffer.from(bytes.subarray(16, 24)).toString("hex")).toBe("0000000200000003");
  expect(Buffer.from(bytes.subarray(40, 48)).toString("hex")).toBe("0000000180000001");
  for (let length = 0; length <= 48; length += 1) expect(decodeOpenSet(bytes.subarray(0, length)) !== undefined).toBe(length % 24 === 0);
});
