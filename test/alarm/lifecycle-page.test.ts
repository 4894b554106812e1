/** The page about the life of an alarm says what the code does. */

import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { PHASE } from "../../lib/alarm/lifecycle.ts";
import { LIFECYCLE_PAGE, lifecyclePage } from "../support/lifecycle-page.ts";

test("docs/lifecycle.md is made from the tables as they are", () => {
  expect(readFileSync(LIFECYCLE_PAGE, "utf8")).toBe(lifecyclePage());
});

test("the page has a row for each phase", () => {
  const page = lifecyclePage();
  for (const phase of Object.keys(PHASE)) expect(page).toContain(`| **${phase}** |`);
});
