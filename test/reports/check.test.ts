import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderAnnotations } from '../../src/reports/check/annotations.js';
import { escapeXml, renderJunit } from '../../src/reports/check/junit.js';
import { renderCheckMarkdown } from '../../src/reports/check/markdown.js';
import { renderCheckText } from '../../src/reports/check/text.js';
import type { CheckCase, CheckReport } from '../../src/results/check/check-report.js';

const passed: CheckCase = {
  task: 'demo/computing',
  system: 'BM25 elasticsearch',
  measure: 'nDCG@10',
  verdict: 'passed',
  outcome: 'equal',
  expected: 0.65,
  found: 0.65,
  p: 1,
  message: 'every query scored the same',
};
const failed: CheckCase = {
  ...passed,
  verdict: 'failed',
  outcome: 'dropped',
  found: 0.5,
  p: 0.00001,
  message: 'it fell',
};
const warned: CheckCase = { ...failed, verdict: 'warned', outcome: 'drop, not significant', p: 0.25 };
const improved: CheckCase = { ...passed, outcome: 'improved', found: 0.7, p: 0.01, message: 'it rose' };
const added: CheckCase = {
  ...passed,
  verdict: 'skipped',
  outcome: 'new',
  expected: null,
  p: null,
  message: 'not known',
};

function report(...cases: CheckCase[]): CheckReport {
  return { title: 'Baseline b.json', against: 'baseline', rule: 'It fails where it fell.', cases };
}

/** Names that a task, a system or a message may have at worst. */
const nasty = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom('|', '\n', '\r', '%', ':', ',', '::', '<', '>', '&', '"', "'", ']]>', '`', '\\', '\ud800', '\0'),
    )
    .map((parts) => parts.join('')),
);
const nastyCase = fc
  .record({
    base: fc.constantFrom(passed, failed, warned, improved, added),
    task: nasty,
    system: nasty,
    message: nasty,
  })
  .map(({ base, ...texts }): CheckCase => ({ ...base, ...texts }));

describe('the summary in Markdown', () => {
  it('counts, tables and explains', () => {
    const text = renderCheckMarkdown([report(passed, failed, warned, improved, added, added)]);
    expect(text).toContain('**1 failed, 1 warned, 2 passed, 2 skipped.** It fails where it fell.');
    expect(text).toContain(
      '| ❌ | demo/computing | BM25 elasticsearch | nDCG@10 | 0.6500 | 0.5000 | -0.1500 | <0.0001 | dropped |',
    );
    expect(text).toContain('- ❌ demo/computing: BM25 elasticsearch: it fell');
    expect(text).toContain(
      '- ➖ 2 results (demo/computing: BM25 elasticsearch, demo/computing: BM25 elasticsearch): not known',
    );
    expect(text).not.toContain('every query scored the same');
  });

  it('has nine cells in every row, whatever the names are', () => {
    fc.assert(
      fc.property(fc.array(nastyCase, { minLength: 1 }), (cases) => {
        const rows = renderCheckMarkdown([report(...cases)])
          .split('\n')
          .filter((line) => line.startsWith('|'));
        expect(rows).toHaveLength(cases.length + 2);
        for (const row of rows) expect(row.replace(/\\[\\|]/g, '').split('|')).toHaveLength(11);
      }),
    );
  });
});

describe('JUnit XML', () => {
  it('has a suite a check and a case a result', () => {
    const text = renderJunit([report(passed, failed, added)]);
    expect(text).toContain('<testsuite name="Baseline b.json" tests="3" failures="1" errors="0" skipped="1">');
    expect(text).toContain('<testcase classname="demo/computing" name="BM25 elasticsearch nDCG@10">');
    expect(text).toContain('<failure type="dropped" message="it fell">it fell</failure>');
    expect(text).toContain('<skipped message="not known"/>');
  });

  it('escapes so that a reader gets the text back, but for what XML does not allow', () => {
    const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
    const read = (text: string): string =>
      text.replace(/&(?:#(\d+)|(\w+));/g, (_, code: string | undefined, name: string) =>
        code === undefined ? named[name]! : String.fromCharCode(Number(code)),
      );
    fc.assert(
      fc.property(nasty, (text) => {
        const escaped = escapeXml(text);
        expect(escaped).not.toMatch(/[<>"'\n\r\t]|[\x00-\x1f\ufffe\uffff]|\p{Surrogate}/u);
        const allowed = text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd');
        expect(read(escaped)).toBe(allowed);
      }),
    );
  });
});

describe('annotations', () => {
  it('are an error, a warning and a notice', () => {
    expect(renderAnnotations([report(passed, failed, warned, improved, added)])).toBe(
      '::error title=Baseline b.json%3A dropped::demo/computing: BM25 elasticsearch: it fell\n' +
        '::warning title=Baseline b.json%3A drop%2C not significant::demo/computing: BM25 elasticsearch: it fell\n' +
        '::notice title=Baseline b.json%3A improved::demo/computing: BM25 elasticsearch: it rose\n',
    );
  });

  it('are one line each, and give back any text', () => {
    fc.assert(
      fc.property(nastyCase, (one) => {
        const failure = { ...one, verdict: 'failed' } as const;
        const lines = renderAnnotations([report(failure)]).split(/\r|\n/);
        expect(lines).toHaveLength(2);
        const data = /^::error title=[^:,]*::(.*)$/s.exec(lines[0]!)![1]!;
        const read = data.replace(/%0A/g, '\n').replace(/%0D/g, '\r').replace(/%25/g, '%');
        expect(read).toBe(`${one.task}: ${one.system}: ${one.message}`);
      }),
    );
  });
});

describe('the text for a terminal', () => {
  it('has no control characters, whatever the names are', () => {
    fc.assert(
      fc.property(fc.array(nastyCase), (cases) => {
        expect(renderCheckText(report(...cases)).replaceAll('\n', '')).not.toMatch(/(?![\u200c\u200d])[\p{Cc}\p{Cf}]/u);
      }),
    );
  });

  it('ends with the count', () => {
    expect(renderCheckText(report(passed, failed)).trimEnd().split('\n').at(-1)).toBe('1 failed, 1 passed');
    expect(renderCheckText(report())).toContain('nothing to check');
  });
});
