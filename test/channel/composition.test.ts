import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SEVERITIES } from "../../lib/alarm/severity.ts";
import { utf8Length } from "../../lib/base/bytes.ts";
import { fit } from "../../lib/channel/budget.ts";
import { compositionOf, SUBJECT_BYTES_MOST } from "../../lib/channel/composition.ts";
import { PHRASES } from "../../lib/channel/phrases.ts";
import { aDispatch, anEscalation, aRecipient } from "../support/an-escalation.ts";

const AT = Date.UTC(2026, 10, 24, 8, 30, 5);

describe("what a person outside reads", () => {
  test("an alarm in English, whole", () => {
    const { subject, text } = compositionOf(aDispatch({ escalation: anEscalation({ reason: "Nobody on the LAN has taken it" }) }));
    expect(subject).toBe("[CRIT] osd.12: OSD 12 is down — c1 #7F3K2A");
    expect(text).toBe(
      [
        "[CRIT] osd.12 — c1 #7F3K2A",
        "2026-11-24 16:30:05 UTC+8",
        "OSD 12 is down",
        "",
        "Module: osd",
        "Why you are told: Nobody on the LAN has taken it",
        "",
        "To take it, on the cluster's LAN: gapbell-client ack 7F3K2A",
        "",
        "host node3, out in 600 s",
      ].join("\n"),
    );
  });

  test("an alarm in Chinese, at the reader's time", () => {
    const { subject, text } = compositionOf(aDispatch({ recipients: [aRecipient({ language: "zh", timezone: "Europe/Berlin" })] }));
    expect(subject).toBe("[紧急] osd.12: OSD 12 is down — c1 #7F3K2A");
    expect(text).toStartWith("[紧急] osd.12 — c1 #7F3K2A\n2026-11-24 09:30:05 UTC+1\n");
    expect(text).toContain("模块: osd");
  });

  test("fields that must not leave the room leave no trace and no empty line", () => {
    const { module: _m, item: _i, text: _t, detail: _d, ...bare } = anEscalation();
    const { subject, text } = compositionOf(aDispatch({ escalation: bare }));
    expect(subject).toBe("[CRIT] Alarm — c1 #7F3K2A");
    expect(text).toBe(
      ["[CRIT] Alarm — c1 #7F3K2A", "2026-11-24 16:30:05 UTC+8", "", "To take it, on the cluster's LAN: gapbell-client ack 7F3K2A"].join("\n"),
    );
  });

  test("without an item the module names the thing; without times no time is shown", () => {
    const { item: _i, ...bare } = anEscalation({ generatedAt: 0, raisedAt: 0 });
    const { text } = compositionOf(aDispatch({ escalation: bare }));
    expect(text).toStartWith("[CRIT] osd — c1 #7F3K2A\nOSD 12 is down\n");
    expect(text).not.toContain("1970");
  });

  test("the source's time is shown where it is another than ours", () => {
    expect(compositionOf(aDispatch({ escalation: anEscalation({ generatedAt: AT - 60_000 }) })).text).toContain(
      "Reported by the source: 2026-11-24 16:29:05 UTC+8",
    );
  });

  test("a reminder and a new revision say so, so that no message is the bytes of an earlier one", () => {
    const texts = [
      { step: 0, revision: 1 }, { step: 1, revision: 1 }, { step: 2, revision: 1 }, { step: 0, revision: 2 }, { step: 1, revision: 2 },
      { step: 0, revision: 1, attempt: 2 }, { step: 0, revision: 1, attempt: 3 },
    ].map((fields) => compositionOf(aDispatch({ escalation: anEscalation(fields) })).text);
    expect(new Set(texts).size).toBe(7);
    expect(texts[1]).toContain("Message 2: nobody has taken this alarm yet");
    expect(texts[3]).toContain("Revision 2: the alarm has changed");
  });

  test("the same dispatch gives the same bytes", () => {
    expect(compositionOf(aDispatch())).toEqual(compositionOf(aDispatch()));
  });

  test("a repeat after an unsure attempt is marked", () => {
    expect(compositionOf(aDispatch({ resent: true })).text).toContain("2026-11-24 16:30:05 UTC+8 (sent again)");
  });

  test("the plain form holds none of the texts that a provider may forbid", () => {
    const { subject, text } = compositionOf(aDispatch({ plain: true }));
    for (const field of ["osd", "down", "node3"]) expect(`${subject}\n${text}`).not.toContain(field);
    expect(text).toStartWith("[CRIT] Alarm — c1 #7F3K2A\n2026-11-24 16:30:05 UTC+8\nThe text is left out");
  });

  test("a notice that it is taken names who and when, under the same subject", () => {
    const about = { kind: "taken", by: "zhao", at: AT + 60_000 } as const;
    const { subject, text } = compositionOf(aDispatch({ about }));
    expect(subject).toBe(compositionOf(aDispatch()).subject);
    expect(text).toBe("[CRIT] osd.12 — c1 #7F3K2A\nTaken by zhao at 2026-11-24 16:31:05 UTC+8\nOSD 12 is down");
  });

  test("a notice that it is cleared begins with OK", () => {
    const about = { kind: "cleared", by: "", at: AT } as const;
    const { subject, text } = compositionOf(aDispatch({ about, recipients: [aRecipient({ language: "zh" })] }));
    expect(subject).toStartWith("[恢复] osd.12");
    expect(text).toStartWith("[恢复] osd.12 — c1 #7F3K2A\n已于 2026-11-24 16:30:05 UTC+8 恢复");
  });

  test("a group reads the language that most of its people read", () => {
    const zh = aRecipient({ operator: "li", language: "zh" });
    const en = aRecipient({ operator: "ana", language: "en", timezone: "UTC" });
    expect(compositionOf(aDispatch({ recipients: [en, zh, zh] })).text).toStartWith("[紧急]");
    expect(compositionOf(aDispatch({ recipients: [zh, en, en] })).text).toStartWith("[CRIT]");
    expect(compositionOf(aDispatch({ recipients: [zh, en] })).text).toStartWith("[紧急]");
  });
});

describe("what a phone shows before it is opened", () => {
  const anyText = fc.string({ unit: "binary", maxLength: 128 });

  test("severity, item, cluster, time and id stand in the first 200 bytes, however long the fields are", () => {
    const escalation = anEscalation({ item: "盘".repeat(128), clusterName: "集".repeat(32), raisedAt: AT });
    for (const language of ["en", "zh"] as const) {
      for (const severity of SEVERITIES) {
        const { text } = compositionOf(aDispatch({ escalation: { ...escalation, severity }, recipients: [aRecipient({ language })] }));
        const start = fit(text, 200);
        for (const part of [PHRASES[language].tag[severity], "盘盘盘", "集集集", "#7F3K2A", "2026-11-24 16:30:05 UTC+8"]) expect(start).toContain(part);
      }
    }
    expect(compositionOf(aDispatch({ escalation })).text).toContain(`Item: ${"盘".repeat(128)}`);
  });

  test("the subject is one clean line within its bytes and keeps the id, whatever the fields hold", () => {
    fc.assert(
      fc.property(anyText, anyText, anyText, (item, text, clusterName) => {
        const { subject } = compositionOf(aDispatch({ escalation: anEscalation({ item, text, clusterName: clusterName.slice(0, 32) }) }));
        expect(utf8Length(subject)).toBeLessThanOrEqual(SUBJECT_BYTES_MOST);
        expect(subject).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(subject).toEndWith("#7F3K2A");
      }),
      { seed: 20_261_124, numRuns: 300 },
    );
  });
});
