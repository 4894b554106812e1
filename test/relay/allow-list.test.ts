import { expect, test } from "bun:test";
import { mayWrite } from "../../lib/relay/allow-list.ts";
import { aRecipient } from "../support/an-escalation.ts";

const CASES: readonly { readonly name: string; readonly mail: readonly string[] | undefined; readonly address: string; readonly may: boolean }[] = [
  { name: "no list allows everyone", mail: undefined, address: "li@example.com", may: true },
  { name: "an empty list allows nobody", mail: [], address: "li@example.com", may: false },
  { name: "the very address", mail: ["li@example.com"], address: "li@example.com", may: true },
  { name: "in other letters", mail: ["Li@Example.com"], address: "li@EXAMPLE.com", may: true },
  { name: "a whole domain", mail: ["*@example.com"], address: "li@example.com", may: true },
  { name: "not a domain that ends the same", mail: ["*@example.com"], address: "li@evil-example.com", may: false },
  { name: "not a subdomain", mail: ["*@example.com"], address: "li@mail.example.com", may: false },
  { name: "not with something behind it", mail: ["*@example.com"], address: "li@example.com.evil.net", may: false },
  { name: "a star in the middle", mail: ["ops-*@*.example.com"], address: "ops-1@eu.example.com", may: true },
  { name: "a dot is a dot", mail: ["li@example.com"], address: "li@exampleXcom", may: false },
  { name: "two stars do not share a letter", mail: ["a*b*c"], address: "abc", may: true },
  { name: "head and tail do not overlap", mail: ["ab*ba"], address: "aba", may: false },
];

for (const { name, mail, address, may } of CASES) {
  test(`mail: ${name}`, () => {
    expect(mayWrite({ mail, wecom: undefined }, "mail", aRecipient({ mail: address }))).toBe(may);
  });
}

test("a group robot asks nobody", () => {
  expect(mayWrite({ mail: [], wecom: [] }, "wecom-robot", aRecipient())).toBe(true);
});

test("WeCom has a list of its own", () => {
  expect(mayWrite({ mail: [], wecom: ["li"] }, "wecom", aRecipient())).toBe(true);
  expect(mayWrite({ mail: undefined, wecom: ["zhao"] }, "wecom", aRecipient())).toBe(false);
});
