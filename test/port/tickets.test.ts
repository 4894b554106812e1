import { expect, test } from "bun:test";
import { Tickets, TICKETS_MOST } from "../../lib/port/tickets.ts";

const DONE = { status: 200, body: {} };

test("each question gets its own answer, in whatever order they come", async () => {
  const tickets = new Tickets();
  const numbers: number[] = [];
  const first = tickets.ask((ticket) => numbers.push(ticket));
  const second = tickets.ask((ticket) => numbers.push(ticket));
  expect(tickets.waiting).toBe(2);
  tickets.answer(numbers[1] ?? 0, { status: 404, body: "second" });
  tickets.answer(numbers[0] ?? 0, { status: 200, body: "first" });
  expect([await first, await second]).toEqual([{ status: 200, body: "first" }, { status: 404, body: "second" }]);
  expect(tickets.waiting).toBe(0);
});

test("a question may be answered while it is asked", async () => {
  const tickets = new Tickets();
  expect(await tickets.ask((ticket) => tickets.answer(ticket, DONE))).toEqual(DONE);
});

test("one more than may wait is refused at once, and never becomes an event", async () => {
  const tickets = new Tickets();
  const numbers: number[] = [];
  const waiting = Array.from({ length: TICKETS_MOST }, () => tickets.ask((ticket) => numbers.push(ticket)));
  expect(await tickets.ask((ticket) => numbers.push(ticket))).toMatchObject({ status: 503 });
  expect(numbers).toHaveLength(TICKETS_MOST);
  tickets.answer(numbers[0] ?? 0, DONE);
  await waiting[0];
  const again = tickets.ask((ticket) => tickets.answer(ticket, DONE));
  expect(await again).toEqual(DONE);
});

test("no ticket is answered twice, and none that was never asked", async () => {
  const tickets = new Tickets();
  let number = 0;
  const asked = tickets.ask((ticket) => {
    number = ticket;
  });
  tickets.answer(number, DONE);
  await asked;
  expect(() => tickets.answer(number, DONE)).toThrow("a ticket is answered once");
  expect(() => tickets.answer(number + 1, DONE)).toThrow("a ticket is answered once");
});
