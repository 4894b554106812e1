import { expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { certificatePem, derOf, fingerprintOf, isPinned, TLS_NAME, tlsIdentity } from "../../lib/io/certificate.ts";

const seed = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);

test("the same seed gives the same certificate, another seed another", () => {
  expect(tlsIdentity(seed(1))).toEqual(tlsIdentity(seed(1)));
  expect(tlsIdentity(seed(1)).certificate).not.toBe(tlsIdentity(seed(2)).certificate);
  expect(tlsIdentity(seed(1)).key).not.toBe(tlsIdentity(seed(2)).key);
});

test("it is a certificate that others can read, signed by its own key, good at whatever time a clock shows", () => {
  const { certificate, key } = tlsIdentity(seed(1));
  const read = new X509Certificate(certificate);
  expect(read.verify(read.publicKey)).toBe(true);
  expect(read.checkIssued(read)).toBe(true);
  expect(read.subjectAltName).toBe(`DNS:${TLS_NAME}`);
  expect(read.subject).toMatch(/^CN=gapbell [0-9a-f]{16}$/);
  expect(read.validFrom).toBe("Jan  1 00:00:00 1970 GMT");
  expect(read.validTo).toContain("9999");
  expect(key).toContain("BEGIN PRIVATE KEY");
});

test("two keys never share a name, because the lookup of a pinned certificate goes by name", () => {
  const subjects = Array.from({ length: 50 }, (_, i) => new X509Certificate(tlsIdentity(seed(i)).certificate).subject);
  expect(new Set(subjects).size).toBe(50);
});

test("serial numbers are positive and of full length whatever the key", () => {
  for (let i = 0; i < 50; i += 1) {
    expect(new X509Certificate(tlsIdentity(seed(i)).certificate).serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
  }
});

test("the pin is the certificate, not its spelling", () => {
  const { certificate } = tlsIdentity(seed(1));
  const der = derOf(certificate);
  expect(der).toBeDefined();
  expect(isPinned(certificatePem(der ?? seed(0)), certificate)).toBe(true);
  expect(isPinned(certificate.replaceAll("\n", "\r\n"), certificate)).toBe(true);
  expect(isPinned(tlsIdentity(seed(2)).certificate, certificate)).toBe(false);
  expect(isPinned("", "")).toBe(false);
});

test("what is no certificate has no fingerprint", () => {
  expect(fingerprintOf(tlsIdentity(seed(1)).certificate)).toMatch(/^[0-9a-f]{64}$/);
  for (const text of ["", "hello", tlsIdentity(seed(1)).key, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]) {
    expect(fingerprintOf(text)).toBeUndefined();
  }
});
