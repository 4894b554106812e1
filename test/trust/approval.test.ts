/** Joining by approval: what the eight characters hold together, and what a newcomer believes of the answer. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { toBase64 } from "../../lib/base/bytes.ts";
import { approvalId, type Asking, codeOf, commitmentOf, composeCommit, hashOf, judgeApproved, judgeReveal, type Offer, parseCode, transcriptOf } from "../../lib/trust/approval.ts";
import { issue } from "../../lib/trust/certificate.ts";
import { composeJoined, issueMember } from "../../lib/trust/enrolment.ts";
import { inviteName } from "../../lib/trust/invite.ts";
import { identityFrom } from "../../lib/trust/keys.ts";
import { BODY_BYTES_MOST } from "../../lib/wire/constants.ts";
import type { Body } from "../../lib/wire/message.ts";
import { encodeBody } from "../../lib/wire/packet.ts";
import { fill, IDENTITIES } from "../support/a-cluster.ts";
import { anyBytes, longText } from "../support/any-message.ts";

const CLUSTER = identityFrom({ ed: fill(1), x: fill(1) });
const { agent, listener, other } = IDENTITIES;
const ASKING: Asking = { ed: toBase64(listener.ed), x: toBase64(listener.x), nonce: toBase64(fill(61, 16)), host: "laptop", operator: "li" };
const OFFER: Offer = { cluster: toBase64(CLUSTER.ed), ed: toBase64(agent.ed), x: toBase64(agent.x), nonce: toBase64(fill(62, 16)) };

const key = anyBytes(32).map(toBase64);
const nonce = anyBytes(16).map(toBase64);
const FOREIGN: readonly { readonly name: string; readonly asking?: fc.Arbitrary<Partial<Asking>>; readonly offer?: fc.Arbitrary<Partial<Offer>> }[] = [
  { name: "cluster key", offer: fc.record({ cluster: key }) },
  { name: "agent's Ed25519 key", offer: fc.record({ ed: key }) },
  { name: "agent's X25519 key", offer: fc.record({ x: key }) },
  { name: "agent's nonce", offer: fc.record({ nonce }) },
  { name: "listener's Ed25519 key", asking: fc.record({ ed: key }) },
  { name: "listener's X25519 key", asking: fc.record({ x: key }) },
  { name: "listener's nonce", asking: fc.record({ nonce }) },
  { name: "host", asking: fc.record({ host: fc.string({ minLength: 1, maxLength: 20 }).filter((host) => host !== ASKING.host) }) },
  { name: "operator", asking: fc.record({ operator: fc.string({ maxLength: 20 }).filter((operator) => operator !== ASKING.operator) }) },
];
test.each([...FOREIGN])("another $name makes another code", ({ asking = fc.constant({}), offer = fc.constant({}) }) => {
  const code = codeOf(transcriptOf(ASKING, OFFER));
  fc.assert(
    fc.property(asking, offer, (askingSet, offerSet) => {
      expect(codeOf(transcriptOf({ ...ASKING, ...askingSet }, { ...OFFER, ...offerSet }))).not.toBe(code);
    }),
    { seed: 20_261_125, numRuns: 50 },
  );
});

test("the first COMMIT shows nothing that it commits to but the key that signs it", () => {
  const { commit, key: shown, pad, ...more } = composeCommit(ASKING, { revealed: false });
  expect(more).toEqual({});
  expect([shown, /^\.+$/.test(pad)]).toEqual([ASKING.ed, true]);
  for (const secret of [ASKING.x, ASKING.nonce, ASKING.host]) expect(commit).not.toContain(secret);
});

test("a COMMIT is as long as a body may be, whatever the host and the operator are called", () => {
  fc.assert(
    fc.property(longText(64), longText(32), fc.boolean(), (host, operator, revealed) => {
      const encoded = encodeBody({ kind: "commit", body: composeCommit({ ...ASKING, host, operator }, { revealed }) }, { deflate: false });
      expect(encoded.ok ? encoded.value.bytes.length : encoded.fault).toBe(BODY_BYTES_MOST);
    }),
    { seed: 20_261_125, numRuns: 60 },
  );
});

test("what is revealed must be what was committed to, with a key that gives a secret", () => {
  const reveal = composeCommit(ASKING, { revealed: true });
  expect(judgeReveal(reveal)).toMatchObject({ ok: true, value: { asking: ASKING, peer: { id: listener.id } } });
  const changes: readonly Partial<Body<"commit">>[] = [
    { key: toBase64(other.ed) }, { x: toBase64(other.x) }, { nonce: toBase64(fill(63, 16)) }, { host: "elsewhere" }, { operator: "zhao" }, { x: undefined }, { nonce: undefined },
  ];
  for (const change of changes) expect(judgeReveal({ ...reveal, ...change })).toEqual({ ok: false, fault: "wrong commitment" });
  expect(judgeReveal(composeCommit({ ...ASKING, x: toBase64(fill(0)) }, { revealed: true }))).toEqual({ ok: false, fault: "unsound key" });
});

test("a code is read as people type it", () => {
  fc.assert(
    fc.property(anyBytes(32), (bytes) => {
      const code = codeOf(toBase64(bytes));
      expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
      const sloppy = ` ${code.toLowerCase().replace("-", " ").replaceAll("0", "o").replaceAll("1", "l")} `;
      for (const typed of [code, code.replace("-", ""), sloppy]) expect(parseCode(typed)).toEqual({ ok: true, value: code });
    }),
    { seed: 20_261_125, numRuns: 200 },
  );
  expect(parseCode("K7QM-3X9")).toEqual({ ok: false, fault: "it has 7 characters, must have 8" });
  expect(parseCode("K7QM-3X9U")).toMatchObject({ ok: false, fault: expect.stringContaining('character 8 is "U"') });
});

const PAPER = { id: inviteName(approvalId(commitmentOf(ASKING))), operator: "li", robot: false, hash: hashOf(transcriptOf(ASKING, OFFER)), expires: 1 };
const voiceOf = (voice: typeof agent): string => issue("voice", { serial: 1, agent: "node1", ed: toBase64(voice.ed), x: toBase64(voice.x) }, CLUSTER.signer);

function joined({ paper = PAPER, voice = agent, signer = CLUSTER, nonce: echoed = ASKING.nonce } = {}): Body<"joined"> {
  return composeJoined({ nonce: echoed }, {
    voice, voiceCertificate: voiceOf(voice), clusterKey: CLUSTER.ed, clusterName: "c1", warrant: issue("warrant", paper, signer.signer),
    member: issueMember(paper, { peer: listener, serial: 7, voice }), group: { kid: 1, key: fill(4) }, peer: listener,
  });
}
const believe = (answer: Body<"joined">, set: Partial<Offer> = {}) => judgeApproved(answer, { asking: ASKING, offer: { ...OFFER, ...set }, own: listener });

test("the newcomer believes the warrant of its own transcript, and what follows from the cluster key in it", () => {
  expect(believe(joined())).toMatchObject({ ok: true, value: { clusterName: "c1", warrant: { operator: "li" }, agent: { id: agent.id }, member: { serial: 7 } } });
});

const DISBELIEVED: readonly { readonly name: string; readonly judged: () => ReturnType<typeof believe>; readonly fault: object }[] = [
  { name: "a warrant for another transcript", judged: () => believe(joined({ paper: { ...PAPER, hash: toBase64(fill(5)) } })), fault: { kind: "forged", what: "warrant" } },
  { name: "the warrant of an invite", judged: () => believe(joined({ paper: { ...PAPER, id: inviteName(fill(9, 8)) } })), fault: { kind: "forged", what: "warrant" } },
  { name: "a warrant that the cluster key has not signed", judged: () => believe(joined({ signer: other })), fault: { kind: "forged", what: "warrant" } },
  { name: "another agent of the cluster than the one in the code", judged: () => believe(joined({ voice: other })), fault: { kind: "forged", what: "voice" } },
  { name: "another cluster key than the one in the code", judged: () => believe(joined(), { cluster: toBase64(other.ed) }), fault: { kind: "another cluster" } },
  { name: "the answer to another question", judged: () => believe(joined({ nonce: toBase64(fill(64, 16)) })), fault: { kind: "another cluster" } },
];
test.each([...DISBELIEVED])("$name is not believed", ({ judged, fault }) => {
  expect(judged()).toEqual({ ok: false, fault } as never);
});
