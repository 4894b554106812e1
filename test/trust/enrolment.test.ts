/** Joining by invite: who comes in, who does not, and what a newcomer believes. */

import { expect, test } from "bun:test";
import fc from "fast-check";
import { toBase64 } from "../../lib/base/bytes.ts";
import { sha256 } from "../../lib/base/digest.ts";
import type { Body } from "../../lib/wire/message.ts";
import { encodeBody } from "../../lib/wire/packet.ts";
import { issue } from "../../lib/trust/certificate.ts";
import { composeJoin, composeJoined, type Invited, issueMember, judgeJoin, judgeJoined } from "../../lib/trust/enrolment.ts";
import { type Invite, inviteName, joinKeyOf } from "../../lib/trust/invite.ts";
import { clusterIdOf, identityFrom } from "../../lib/trust/keys.ts";
import { fill, IDENTITIES } from "../support/a-cluster.ts";
import { anyBytes } from "../support/any-message.ts";

const CLUSTER = identityFrom({ ed: fill(1), x: fill(1) });
const { agent, listener, other } = IDENTITIES;
const NOW = Date.UTC(2026, 0, 10, 12);
const INVITE: Invite = { cluster: clusterIdOf(CLUSTER.ed), secret: fill(50, 16), address: { host: "127.0.0.1", port: 11_115 }, id: fill(51, 8) };
const WARRANT = { id: inviteName(INVITE.id), operator: "li", robot: false, hash: toBase64(sha256(INVITE.secret)), expires: NOW + 1000 };
const NONCE = fill(60, 16);

function invited(set: Partial<Invited> = {}): Invited {
  return { warrant: issue("warrant", WARRANT, CLUSTER.signer), joinKey: toBase64(joinKeyOf(INVITE.secret)), usedBy: undefined, ...set };
}
const join = (set: Partial<Body<"join">> = {}): Body<"join"> => ({ ...composeJoin({ invite: INVITE, own: listener, nonce: NONCE, host: "laptop" }), ...set });
const judge = (asked: Body<"join">, held: Invited | undefined = invited(), now = NOW) => judgeJoin(asked, { invited: held, clusterKey: CLUSTER.ed, now });

test("who holds the invite comes in, once; the same listener may ask again", () => {
  expect(judge(join())).toMatchObject({ ok: true, value: { again: false, warrant: { operator: "li" }, peer: { id: listener.id } } });
  expect(judge(join(), invited({ usedBy: toBase64(listener.ed) }))).toMatchObject({ ok: true, value: { again: true } });
  // Its answer may have been lost while the invite ran out.
  expect(judge(join(), invited({ usedBy: toBase64(listener.ed) }), NOW + 5000).ok).toBe(true);
});

const unsound = composeJoin({ invite: INVITE, own: { ...listener, x: new Uint8Array(32) }, nonce: NONCE, host: "laptop" });
const REFUSED: readonly { readonly name: string; readonly judged: () => ReturnType<typeof judge>; readonly fault: string }[] = [
  { name: "an invite that nobody has handed out", judged: () => judgeJoin(join(), { invited: undefined, clusterKey: CLUSTER.ed, now: NOW }), fault: "unknown invite" },
  { name: "a warrant of another cluster", judged: () => judge(join(), invited({ warrant: issue("warrant", WARRANT, other.signer) })), fault: "unknown invite" },
  { name: "a wrong secret", judged: () => judge(composeJoin({ invite: { ...INVITE, secret: fill(9, 16) }, own: listener, nonce: NONCE, host: "laptop" })), fault: "wrong secret" },
  { name: "another one's keys under a proof that was overheard", judged: () => judge(join({ ed: toBase64(other.ed), x: toBase64(other.x) })), fault: "wrong secret" },
  { name: "another host under a proof that was overheard", judged: () => judge(join({ host: "elsewhere" })), fault: "wrong secret" },
  { name: "an invite that another listener has used", judged: () => judge(join(), invited({ usedBy: toBase64(other.ed) })), fault: "used before" },
  { name: "an invite that has expired", judged: () => judge(join(), invited(), NOW + 1001), fault: "expired" },
  { name: "a key with which no secret can be agreed", judged: () => judge(unsound), fault: "unsound key" },
];
test.each(REFUSED)("$name: $fault", ({ judged, fault }) => {
  expect(judged()).toEqual({ ok: false, fault } as never);
});

const GROUP = { kid: 3, key: fill(4) };
function joined(set: Partial<Body<"joined">> = {}): Body<"joined"> {
  const voiceCertificate = issue("voice", { serial: 1, agent: "node1", ed: toBase64(agent.ed), x: toBase64(agent.x) }, CLUSTER.signer);
  const member = issueMember(WARRANT, { peer: listener, serial: 7, voice: agent });
  return {
    ...composeJoined(join(), { voice: agent, voiceCertificate, clusterKey: CLUSTER.ed, clusterName: "c1", warrant: invited().warrant, member, group: GROUP, peer: listener }),
    ...set,
  };
}
const believe = (answer: Body<"joined">) => judgeJoined(answer, { invite: INVITE, own: listener, nonce: NONCE });

test("the newcomer believes the chain from the cluster's key down to its own, and has the group key", () => {
  expect(believe(joined())).toMatchObject({ ok: true, value: { clusterName: "c1", group: GROUP, voice: { agent: "node1" }, member: { serial: 7 }, warrant: { operator: "li" }, agent: { id: agent.id } } });
});

const member = (set: object, by = agent): string => issue("member", { warrant: WARRANT.id, serial: 7, ed: toBase64(listener.ed), x: toBase64(listener.x), ...set }, by.signer);
const swapped = { serial: 1, agent: "node1", ed: toBase64(other.ed), x: toBase64(other.x) };
const DISBELIEVED: readonly { readonly name: string; readonly answer: () => Body<"joined">; readonly fault: object }[] = [
  { name: "a refusal", answer: () => ({ nonce: toBase64(NONCE), key: toBase64(agent.ed), refused: "expired" }), fault: { kind: "refused", reason: "expired" } },
  { name: "an answer without certificates", answer: () => ({ nonce: toBase64(NONCE), key: toBase64(agent.ed) }), fault: { kind: "incomplete" } },
  { name: "another cluster's key", answer: () => joined({ cluster: toBase64(other.ed) }), fault: { kind: "another cluster" } },
  { name: "the answer to another question", answer: () => joined({ nonce: toBase64(fill(61, 16)) }), fault: { kind: "another cluster" } },
  { name: "a voice with swapped keys, signed by the one in the middle", answer: () => joined({ voice: issue("voice", swapped, other.signer) }), fault: { kind: "forged", what: "voice" } },
  { name: "a warrant signed by the one in the middle", answer: () => joined({ warrant: issue("warrant", WARRANT, other.signer) }), fault: { kind: "forged", what: "warrant" } },
  { name: "the warrant of another invite", answer: () => joined({ warrant: issue("warrant", { ...WARRANT, id: inviteName(fill(52, 8)) }, CLUSTER.signer) }), fault: { kind: "forged", what: "warrant" } },
  { name: "a member certificate that the agent has not signed", answer: () => joined({ member: member({}, other) }), fault: { kind: "forged", what: "member" } },
  { name: "a member certificate with another one's key", answer: () => joined({ member: member({ ed: toBase64(other.ed) }) }), fault: { kind: "forged", what: "member" } },
  { name: "a group key that was sealed for another", answer: () => joined({ group: composeJoined(join(), { voice: agent, voiceCertificate: "", clusterKey: CLUSTER.ed, clusterName: "c1", warrant: "", member: "", group: GROUP, peer: other }).group }), fault: { kind: "forged", what: "group key" } },
];
test.each(DISBELIEVED)("$name is not believed", ({ answer, fault }) => {
  expect(believe(answer())).toEqual({ ok: false, fault } as never);
});

test("with names of 32 Latin letters or 16 Chinese characters the answer fits a datagram", () => {
  const latin = fc.string({ unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_"), minLength: 32, maxLength: 32 });
  const chinese = fc.array(fc.integer({ min: 0x4e00, max: 0x9fff }), { minLength: 16, maxLength: 16 }).map((points) => String.fromCodePoint(...points));
  const name = fc.oneof(latin, chinese);
  fc.assert(
    fc.property(name, name, name, anyBytes(112), (clusterName, agentName, operator, random) => {
      const keys = identityFrom({ ed: random.subarray(32, 64), x: random.subarray(64, 96) });
      const warrant = { ...WARRANT, operator, hash: toBase64(random.subarray(0, 32)) };
      const answer = composeJoined(join({ nonce: toBase64(random.subarray(96, 112)) }), {
        voice: keys, voiceCertificate: issue("voice", { serial: 99_999, agent: agentName, ed: toBase64(keys.ed), x: toBase64(keys.x) }, CLUSTER.signer), clusterKey: CLUSTER.ed, clusterName,
        warrant: issue("warrant", warrant, CLUSTER.signer), member: issueMember(warrant, { peer: listener, serial: 99_999, voice: keys }), group: { kid: 32_767, key: sha256(random) }, peer: listener,
      });
      expect(encodeBody({ kind: "joined", body: answer }, { deflate: true })).toMatchObject({ ok: true });
    }),
    { seed: 20_261_125, numRuns: 100 },
  );
});
