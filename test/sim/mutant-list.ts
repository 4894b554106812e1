/** One-line bugs, each with the sentence that it breaks: texts that must match exactly once, so that none rots unseen. */

export type Mutant = {
  readonly name: string;
  readonly file: string;
  readonly old: string;
  readonly to: string;
  /** Which sentence of the design it breaks. */
  readonly breaks: string;
};

export const MUTANTS: readonly Mutant[] = [
  {
    name: "the agent answers and speaks before it commits", file: "lib/agent/perform.ts", breaks: "S2, S8: durable before said",
    old: "const committed = turn.changes.length === 0 ? undefined : await ports.store.commit(turn.changes);",
    to: "const committed = undefined as { ok: true } | { ok: false; fault: { reason: string } } | undefined; if (turn.changes.length > 0) void ports.store.commit(turn.changes);",
  },
  {
    name: "an answer is given though the commit failed", file: "lib/agent/perform.ts", breaks: "S8: what could not be made durable is 503",
    old: "tickets.answer(effect.ticket, { status: 503, body:", to: "tickets.answer(effect.ticket, effect.kind === \"answer\" ? effect.reply : { status: 503, body:",
  },
  {
    name: "the listener gives its receipt before its disk has it", file: "lib/client/perform.ts", breaks: "S2: receipt means on the host's disk",
    old: "const committed = await ports.store.commit(turn.changes);",
    to: "void ports.store.commit(turn.changes); const committed = { ok: true } as { ok: true } | { ok: false; fault: { reason: string } };",
  },
  {
    name: "a receipt stops the clock", file: "lib/agent/hear.ts", breaks: "S9: a receipt never stops a deadline",
    old: "parts.draft.remember(named, now.wall, { kind: level, operator, listener, ring });",
    to: "parts.draft.remember(named, now.wall, { kind: level, operator, listener, ring }); { const alarm = parts.book.get(id); if (alarm !== undefined && alarm.life.condition !== \"cleared\") acknowledge(parts, alarm, { operator, way: \"listener\", comment: \"\", revision: alarm.life.revision }, now); }",
  },
  {
    name: "a robot counts as a person", file: "lib/agent/hear.ts", breaks: "S9: a script's acknowledgement is recorded as robot",
    old: "const way = member.robot || body.robot ? \"robot\" : \"listener\";", to: "const way = \"listener\" as \"robot\" | \"listener\";",
  },
  {
    name: "anybody may take what only those told may", file: "lib/agent/acknowledge.ts", breaks: "ack: responsible",
    old: "if (policy.ack === \"responsible\" && !told)", to: "if (policy.ack === \"responsible\" && !told && way === \"outside\")",
  },
  {
    name: "a re-raise moves the deadline", file: "lib/alarm/lifecycle.ts", breaks: "S10: while nobody has acknowledged, the deadline never moves later",
    old: "ackDue: again ? (taken ? fresh : Math.min(life.ackDue, fresh)) : life.ackDue,", to: "ackDue: fresh,",
  },
  {
    name: "a restart begins the deadline anew", file: "lib/agent/restore.ts", breaks: "S10: a restarted process goes on with what was left",
    old: "return { ...alarm, life: { ...life, ackDue, due } };",
    to: "return { ...alarm, life: { ...life, ackDue: life.phase === \"waiting\" ? now.mono + 300_000 : ackDue, due: life.phase === \"waiting\" ? now.mono + 300_000 : due } };",
  },
  {
    name: "the deadline is read by the wall clock after a restart", file: "lib/base/anchor.ts", breaks: "S10: deadlines are on the boot clock",
    old: "return stored.boot === boot ? stored.monoDue : mono", to: "return stored.boot === \"\" ? stored.monoDue : mono",
  },
  {
    name: "stale counts as cleared", file: "lib/alarm/lifecycle.ts", breaks: "only an explicit clear clears",
    old: "raised: { raise: \"stay\", silence: \"stale\", clear: \"cleared\" },", to: "raised: { raise: \"stay\", silence: \"cleared\" as \"stale\", clear: \"cleared\" },",
  },
  {
    name: "an end in the future clears", file: "lib/intake/alertmanager-api.ts", breaks: "only an endsAt that has passed clears",
    old: "endsAt <= context.now;", to: "endsAt <= context.now + 300_000;",
  },
  {
    name: "the ability gates the submission", file: "lib/alarm/lifecycle.ts", breaks: "L1: submitted whenever the relay answers at all",
    old: "if (taken === \"fallBackAndSubmit\") effects.push({ kind: \"submit\" });", to: "",
  },
  {
    name: "nothing follows a failed way out", file: "lib/alarm/lifecycle.ts", breaks: "L1: the LAN rings and the relay is probed again",
    old: "deadline: \"probeAgain\", able: \"stay\"", to: "deadline: \"stay\" as \"probeAgain\", able: \"stay\"",
  },
  {
    name: "the fallback is forgotten where the relay is silent", file: "lib/alarm/lifecycle.ts", breaks: "S1: every wait has a deadline of its own",
    old: "deadline: \"fallBack\", able: \"submit\", unable: \"fallBackAndSubmit\", silent: \"fallBack\",",
    to: "deadline: \"stay\" as \"fallBack\", able: \"submit\", unable: \"fallBackAndSubmit\", silent: \"stay\" as \"fallBack\",",
  },
  {
    name: "a verdict is awaited for ever", file: "lib/alarm/lifecycle.ts", breaks: "S1",
    old: "return { ...life, phase: \"escalating\", due: now + policy.verdictTimeoutMs, ...given(life) };",
    to: "return { ...life, phase: \"escalating\", due: now + 1e12, ...given(life) };",
  },
  {
    name: "a taken alarm is not withdrawn", file: "lib/alarm/lifecycle.ts", breaks: "S4: nothing goes after its acknowledgement is stored",
    old: "if (wanted && before.submitted) effects.push({ kind: \"withdraw\" });", to: "",
  },
  {
    name: "an alarm is submitted again though somebody has it", file: "lib/agent/pursuits.ts", breaks: "S4",
    old: "if (pursuit.deliveries === undefined && !pursuit.withdrawn) this.#ask({ kind: \"submit\", escalation: pursuit.escalation });",
    to: "this.#ask({ kind: \"submit\", escalation: pursuit.escalation });",
  },
  {
    name: "an escalation has another id each time", file: "lib/agent/pursuits.ts", breaks: "told once: the same revision and step is the same escalation",
    old: "if (last !== undefined && !isOver(last, now.wall)) {", to: "if (last !== undefined && now.wall < 0) {",
  },
  {
    name: "the relay begins a known escalation anew", file: "lib/relay/outbox.ts", breaks: "S3: one message for each escalation, operator and channel",
    old: "if (!revives(known, asker, now)) return ok(this.#joined(known, asker, now));",
    to: "if (!revives(known, asker)) for (const delivery of this.#book.deliveriesOf(known.id)) this.#drop(delivery);",
  },
  {
    name: "the relay sends again what was accepted", file: "lib/relay/delivery.ts", breaks: "S3",
    old: "const closing = stopped || repeat !== \"later\";", to: "const closing = stopped || (repeat !== \"later\" && outcome.kind !== \"accepted\");",
  },
  {
    name: "the relay forgets what was under way when it died", file: "lib/relay/outbox.ts", breaks: "L1: a call that was cut off ends as unsure, and is followed",
    old: "if (delivery.state === \"started\") this.#settle(delivery, CUT_OFF, now);", to: "void delivery;",
  },
  {
    name: "the relay tries a failed delivery only once", file: "lib/relay/delivery.ts", breaks: "L1: the relay goes on trying",
    old: "return { row, waitMs: closing ? undefined : waitMs };", to: "return { row, waitMs: undefined };",
  },
  {
    name: "a step is written to everybody", file: "lib/agent/advance.ts", breaks: "S5: only those whom the step names",
    old: "const rung = people(recipientsOf(to, { responsible: alarm.responsible, roster }));",
    to: "const rung = people([...recipientsOf(to, { responsible: alarm.responsible, roster }), ...Object.keys(roster.operators)]);",
  },
  {
    name: "the least alarm goes first", file: "lib/agent/push-queue.ts", breaks: "S6: by severity, then by time",
    old: "return repeat ? SEVERITIES.length + rank : rank + 1;", to: "return repeat ? SEVERITIES.length + rank : SEVERITIES.length + 1 - rank;",
  },
  {
    name: "the order of alarms is reversed within a severity", file: "lib/classify/order.ts", breaks: "S6",
    old: "|| a.at - b.at ||", to: "|| b.at - a.at ||",
  },
  {
    name: "the window is one counter too wide", file: "lib/trust/window.ts", breaks: "S7: no packet is let in twice",
    old: "return behind < WINDOW_COUNTERS && ((this.#seen >> behind) & 1n) === 0n;", to: "return behind <= WINDOW_COUNTERS && ((this.#seen >> behind) & 1n) === 0n;",
  },
  {
    name: "a packet does not move the window", file: "lib/trust/opener.ts", breaks: "S7",
    old: "if (freshness === \"fresh\") this.#windows.get(header.sender)?.window.commit(header.counter);", to: "",
  },
  {
    name: "a beacon's signature is not checked", file: "lib/trust/opener.ts", breaks: "S7: a forged packet changes nothing",
    old: "if (!this.#seal.openClear(datagram, verifier).ok) return fail(\"signature\");", to: "",
  },
  {
    name: "an epoch that is believed anew forgets what was heard", file: "lib/trust/opener.ts", breaks: "S7",
    old: "if (held?.epoch === epoch) held.window.raise(counter);", to: "if (held?.epoch === epoch && counter < 0n) held.window.raise(counter);",
  },
  {
    name: "a counter is spent only where the seal succeeded", file: "lib/trust/sealer.ts", breaks: "no counter is used twice with one key",
    old: "    this.#counter += 1n;\n", to: "    if (to.kind !== \"clear\") this.#counter += 1n;\n",
  },
  {
    name: "the epoch does not grow where the clock was set back", file: "lib/trust/sealer.ts", breaks: "no counter is used twice with one key",
    old: "const byStore = stored + 65_536n + BigInt(random32);", to: "const byStore = stored;",
  },
  {
    name: "a listener rings for every copy", file: "lib/client/hear.ts", breaks: "no occurrence and ring is rung twice",
    old: "entry.attention === \"unacknowledged\" && entry.item.ring > entry.rung;", to: "entry.attention === \"unacknowledged\";",
  },
  {
    name: "a listener forgets what it rang", file: "lib/client/hear.ts", breaks: "no occurrence and ring is rung twice, also after a restart",
    old: "const shown = rings ? (inbox.note(item.id, { rung: entry.item.ring }, now) ?? entry) : entry;", to: "const shown = entry;",
  },
  {
    name: "a listener goes on showing what the complete list leaves out", file: "lib/client/inbox.ts", breaks: "agreement: listeners and agent know the same open alarms",
    old: "overtaken(word, before) || listed.has(item.id)) return [];", to: "overtaken(word, before) || listed.has(item.id) || item.id !== \"\") return [];",
  },
  {
    name: "an old occurrence takes the key of the open one", file: "lib/agent/book.ts", breaks: "catching up: a clear finds the open occurrence",
    old: "if (this.#isLatest(alarm)) this.#byKey.set(alarm.key, alarm.id);", to: "this.#byKey.set(alarm.key, alarm.id);",
  },
  {
    name: "a report that repeats an alarm is answered and not stored", file: "lib/agent/admit.ts", breaks: "S8",
    old: "begin(parts, { id, key, report, decided: { ...decided, severity: decided.severity } }, now);",
    to: "if (report.text !== \"r1 is broken\") begin(parts, { id, key, report, decided: { ...decided, severity: decided.severity } }, now);",
  },
  {
    name: "nobody outside hears the end", file: "lib/agent/pursuits.ts", breaks: "everybody told outside hears once how it ended",
    old: "if (!pursuit.noticed) this.#owe({ ...pursuit, noticed: true }, { kind: \"notice\", notice }, now);", to: "if (!pursuit.noticed) this.#put({ ...pursuit, noticed: true });",
  },
  {
    name: "the agent polls its relay without a pause", file: "lib/agent/escalate.ts", breaks: "L2: no effect repeats without bound",
    old: "this.#due.set(\"ability\", now.mono + ABILITY_EVERY_MS);", to: "this.#due.set(\"ability\", now.mono + 100);",
  },
  {
    name: "the LAN's rate is not kept", file: "lib/agent/push.ts", breaks: "L2",
    old: "mayLeave: () => this.#bucket.allow(now)", to: "mayLeave: () => true",
  },
  {
    name: "a settled alarm is told for ever", file: "lib/agent/push.ts", breaks: "L2: when all is over nobody is told anything",
    old: "if (at === undefined) this.#states.delete(id);", to: "if (at === undefined) { state.repeat = 0; this.#stateRepeats.set(id, now + 30_000); }",
  },
  {
    name: "criticals wait for a minute", file: "lib/agent/push.ts", breaks: "the n-th critical leaves within its bound",
    old: "    this.#repeats.set(push.id, now);\n", to: "    this.#repeats.set(push.id, now + 60_000);\n",
  },
  {
    name: "a revoked listener keeps the group key", file: "lib/agent/revoke.ts", breaks: "revoked: at once, with a new group key",
    old: "renewGroup(parts, { grace: false }, now);", to: "",
  },
];
