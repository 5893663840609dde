import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildReport, writeReport } from '../../src/reports/index.js';
import { biEncoders, bm25, crossEncoders, oracle, perQuery, record, store, type FixtureSystem } from './fixtures.js';

const executablePath = '/usr/bin/chromium';
const hostile = '</script><script>window.harmed = true</script><img src=x onerror="window.harmed = true">';
const forums = 'android english gaming gis mathematica physics programmers stats tex unix webmasters wordpress'.split(
  ' ',
);
const tasks = [
  'demo/computing',
  'beir/nfcorpus',
  'beir/scifact',
  ...forums.map((forum) => `beir/cqadupstack/${forum}`),
];
const layered: FixtureSystem[] = [0, 3].map((layer) => ({
  ...biEncoders[2]!,
  name: `BE sgpt-20m weightedmean@${layer}`,
  family: `BE weightedmean@${layer}`,
  settings: { pooling: 'weightedmean', layer },
}));
const prompted: FixtureSystem = {
  ...crossEncoders[0]!,
  name: 'CE gpt-1m A',
  family: 'CE A',
  settings: { prompt: 'A' },
};
const named: FixtureSystem = { ...biEncoders[0]!, name: `BE ${hostile}`, family: hostile, parameters: 40_000_000 };
const systems = [bm25, ...biEncoders.slice(0, 6), ...layered, ...crossEncoders, prompted, named, oracle];

/** What the chart of sizes shows: of the model with several layers only the last. */
const inSizes = systems.filter((system) => !layered.includes(system));

/** Far enough apart on the first task that no point of the chart covers another. */
const score = (system: number, task: number): number => (10 + ((system * 5 + task * 13) % 90)) / 100;

describe.skipIf(!existsSync(executablePath))(`a report in a browser (skipped without ${executablePath})`, () => {
  let folder: string;
  let url: string;
  let browser: Browser;
  const complaints: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sgpt-bench-browser-'));
    const results = await Promise.all(
      tasks.flatMap((name, t) =>
        systems.map((system, s) => {
          const texts = (i: number): string => (i === 7 ? hostile : `how to ${i % 2 === 0 ? 'copy' : 'paste'} ${i}`);
          return store(join(folder, 'results'), system, { name, queries: 40 }, score(s, t), s + 1, texts);
        }),
      ),
    );
    const report = await buildReport(results, { title: `Report ${hostile}`, reference: bm25.name });
    await writeReport(report, folder, ['html']);
    url = pathToFileURL(join(folder, 'index.html')).href;
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update'],
    });
  });

  afterAll(async () => {
    await browser.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await browser.newPage({ viewport: { width: 1440, height: 900 }, ...options });
    await page.addInitScript({ path: join(import.meta.dirname, 'in-page.js') });
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      if (request.url() !== url) complaints.push(`asked for ${request.url()}`);
    });
    await page.goto(url);
    await page.waitForSelector('html[data-ready]');
    return page;
  }

  async function openQueries(page: Page): Promise<void> {
    await page.locator('#queries').scrollIntoViewIfNeeded();
    await page.waitForSelector('#query-table .tabulator-row');
  }

  test('opens from disk without a message or a request, and runs nothing from names', async () => {
    const page = await open();
    await openQueries(page);
    await page.waitForTimeout(300);
    expect(complaints).toEqual([]);
    expect(await page.evaluate('window.harmed')).toBeUndefined();
    await page.close();
  });

  test('shows the values at hover, at every point of the chart', async () => {
    const page = await open();
    await page.selectOption('#choose-sizes', { label: 'demo/computing' });
    const place = page.locator('.drawing[data-part=sizes]');
    await place.scrollIntoViewIfNeeded();
    const sized = inSizes.filter(({ parameters }) => parameters !== undefined);
    for (const system of sized) {
      const value = score(systems.indexOf(system), 0);
      const [x, y] = await page.evaluate<[number, number]>(`pixelOf([${system.parameters!}, ${value}])`);
      await page.mouse.move(x, y + 60);
      await page.mouse.move(x, y, { steps: 2 });
      const tip = place.locator('strong').first().locator('xpath=..');
      await expect.poll(() => tip.textContent(), { timeout: 3000 }).toContain(value.toFixed(4));
    }
    await page.close();
  });

  test('goes through all points with the keyboard', async () => {
    const page = await open();
    await page.selectOption('#choose-sizes', { label: 'demo/computing' });
    await page.locator('.drawing[data-part=sizes]').focus();
    const seen = new Set<string>();
    for (let i = 0; i < 40; i++) {
      await page.keyboard.press('ArrowRight');
      seen.add((await page.locator('#pointed-sizes').textContent()) ?? '');
    }
    // A point a sized system, and a level line each for BM25 and the oracle.
    expect(seen.size).toBe(inSizes.length);
    for (const { name, s } of inSizes.map((system) => ({ ...system, s: systems.indexOf(system) })))
      expect([...seen].some((text) => text.startsWith(name) && text.endsWith(score(s, 0).toFixed(4)))).toBe(true);
    await page.close();
  });

  test('unfolds CQADupStack and leads from a score to its record', async () => {
    const page = await open();
    const forum = page.locator('tr.part').first();
    expect(await forum.isVisible()).toBe(false);
    await page.locator('button.unfold').first().press('Enter');
    expect(await forum.isVisible()).toBe(true);
    await page
      .locator('table.scores a.score', { hasText: score(0, 1).toFixed(4) })
      .first()
      .press('Enter');
    const dialog = page.locator('dialog');
    expect(await dialog.textContent()).toContain(`sgpt-bench run --task beir/nfcorpus --model ${bm25.name}`);
    await page.keyboard.press('Escape');
    expect(await dialog.isVisible()).toBe(false);
    await page.close();
  });

  test('sorts and filters the table of costs', async () => {
    const page = await open();
    const table = page.locator('#table-cost');
    const first = (): Promise<string | null> =>
      table.locator('.tabulator-row').first().locator('.tabulator-cell').nth(2).textContent();
    const all = tasks.flatMap((_, t) => systems.map((_, s) => score(s, t)));
    await table.getByText('Score', { exact: true }).click();
    await expect.poll(first).toBe(Math.min(...all).toFixed(4));
    await table.getByText('Score', { exact: true }).click();
    await expect.poll(first).toBe(Math.max(...all).toFixed(4));
    await page
      .getByRole('searchbox', { name: /Filter: .*/ })
      .first()
      .waitFor();
    await page.locator('#table-cost').locator('xpath=preceding-sibling::input').fill('beir/nfcorpus');
    await expect.poll(() => table.locator('.tabulator-row').count()).toBe(systems.length);
    await page.close();
  });

  test('compares two systems query by query', async () => {
    const page = await open();
    await openQueries(page);
    const [a, b] = [0, 5];
    await page.selectOption('#query-task', { label: 'demo/computing' });
    await page.selectOption('#query-a', { label: systems[a]!.name });
    await page.selectOption('#query-b', { label: systems[b]!.name });
    const table = page.locator('#query-table');
    const cells = (row: number): Promise<string[]> =>
      table.locator('.tabulator-row').nth(row).locator('.tabulator-cell').allTextContents();
    const values = [a, b].map((s) => {
      const made = record(systems[s]!, { name: 'demo/computing', queries: 40 }, score(s, 0));
      return perQuery(made, s + 1).queries.map(({ values: [value] }) => value!);
    });
    await expect
      .poll(() => cells(0))
      .toEqual(expect.arrayContaining([values[0]![0]!.toFixed(4), values[1]![0]!.toFixed(4)]));
    const differences = values[1]!.map((value, i) => Number((value - values[0]![i]!).toFixed(4)));
    await table.getByText('B − A').click();
    await expect.poll(async () => Number((await cells(0))[3])).toBeCloseTo(Math.min(...differences), 3);
    await page.fill('#query-filter', 'paste');
    await expect.poll(async () => (await cells(0))[0]).toContain('paste');
    await page.fill('#query-filter', 'how to copy 12');
    await expect.poll(() => table.locator('.tabulator-row').count()).toBe(1);
    await table.locator('button').press('Enter');
    const detail = page.locator('#query-detail');
    await expect.poll(() => detail.locator('li').count()).toBe(20);
    expect(await detail.textContent()).toContain('grade 2');
    await page.close();
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    test.each([390, 1440])(`fits %d px in ${colorScheme} colours, with every label whole`, async (width) => {
      const page = await open({ viewport: { width, height: 844 }, colorScheme });
      await openQueries(page);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(width);
      expect(await page.evaluate('labelFaults()')).toEqual([]);
      await page.close();
    });
  }

  test.each([
    [390, 'dark'],
    [1440, 'light'],
  ] as const)('axe finds no serious fault at %d px in %s colours', async (width, colorScheme) => {
    const page = await open({ viewport: { width, height: 844 }, colorScheme });
    await openQueries(page);
    await page.evaluate(await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
    const { violations } = await page.evaluate<{
      violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
    }>("axe.run({ resultTypes: ['violations'] })");
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => [id, nodes[0]!.html.slice(0, 300), nodes[0]!.failureSummary])).toEqual([]);
    await page.close();
  });
});
