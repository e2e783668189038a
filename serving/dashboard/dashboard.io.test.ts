import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { recorded, RECORDED_AT_MS, RECORDED_GROUPS, RecordedServer } from './recorded-server.fixtures.ts';

const found = await serverForTests('chromium');
const snapshot = await recorded('snapshot');
const changes = await recorded('changes');

/** What the page may weigh on the wire. */
const BYTES_MAX = 60 * 1024;

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-dashboard-'));
  await build({
    root: fileURLToPath(new URL('.', import.meta.url)),
    logLevel: 'warn',
    build: { outDir: dir, emptyOutDir: true },
  });
});

afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe('the built page', () => {
  it('is light', async () => {
    const files = await readdir(join(dir, 'assets'));
    const sizes = await Promise.all(
      files.map(async (file) => gzipSync(await readFile(join(dir, 'assets', file))).length),
    );
    expect(sizes.length).toBeGreaterThan(2);
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThan(BYTES_MAX);
  });
});

describe.runIf(found)('the dashboard in a browser', () => {
  let browser: Browser;
  let complaints: string[];

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: found?.path ?? '' });
  });

  afterAll(async () => {
    await browser.close();
  });

  beforeEach(() => {
    complaints = [];
  });

  /** Where and when a viewer looks: in Denmark, at the time of the recording. */
  interface Viewer extends BrowserContextOptions {
    readonly atMs?: number;
  }

  /** A page that listens to the server; what its console says against it is kept. */
  async function opened(
    server: RecordedServer,
    hash = '',
    { atMs = RECORDED_AT_MS, ...options }: Viewer = {},
  ): Promise<Page> {
    const page = await browser.newPage({ locale: 'en-GB', timezoneId: 'Europe/Copenhagen', ...options });
    await page.clock.install({ time: atMs });
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => request.url().startsWith(server.url) || complaints.push(request.url()));
    await page.goto(`${server.url}${hash}`);
    return page;
  }

  /** The page once it shows the recorded snapshot. */
  async function showing(server: RecordedServer, hash = '', viewer: Viewer = {}): Promise<{ page: Page; id: string }> {
    const page = await opened(server, hash, viewer);
    const { id } = await server.asked('subscribe');
    server.tell(id, snapshot);
    await page.waitForSelector('.figure-value');
    return { page, id };
  }

  const rowsOf = (page: Page): Promise<string[]> => page.locator('.answers tbody tr').allInnerTexts();

  it('shows windows, how complete they are, and who is there, under the strictest policy', async () => {
    await using server = await RecordedServer.open(dir);
    const { page } = await showing(server, '#span=15m');
    expect(await page.locator('.figure-name').allInnerTexts()).toStrictEqual(['DK1', 'DK2']);
    expect((await rowsOf(page))[2]?.split(/\s+/)).toStrictEqual(
      '16:37–16:38 DK1 1.011 0.117 12.238 1,440 100 % final'.split(' '),
    );
    await page.getByText(/^data up to \d+ s ago · 1 agent online$/).waitFor();
    expect(await page.locator('.panel', { hasText: 'simulate-denmark' }).innerText()).toContain('online since 16:38');
    expect(await page.title()).toBe('usage-by-region · Weir');
    expect(complaints).toStrictEqual([]);
    await page.close();
  });

  it('shows the times of the server in the zone of the viewer, whose clock is a year ahead', async () => {
    await using server = await RecordedServer.open(dir);
    const atMs = Date.UTC(2027, 9, 3, 5);
    const { page } = await showing(server, '#span=15m', { atMs, timezoneId: 'Asia/Kathmandu', locale: 'de-DE' });
    await page.getByText(/^data up to \d+ s ago · 1 agent online$/).waitFor();
    expect((await rowsOf(page))[2]?.split(/\s+/)).toStrictEqual(
      '21:22–21:23 DK1 1,011 0,117 12,238 1.440 100 % final'.split(' '),
    );
    await page.close();
  });

  it('shows the day of what is not of today', async () => {
    await using server = await RecordedServer.open(dir, Date.UTC(2027, 0, 2, 3, 4, 5));
    const { page } = await showing(server, '#span=15m');
    await page.getByText('data up to 41 d ago · 1 agent online').waitFor();
    expect((await rowsOf(page))[2]).toMatch(/^21 Nov 2026, 16:37–16:38\s/);
    await page.close();
  });

  it('shows a changed window, with digits that a double does not hold, and marks what was final before', async () => {
    await using server = await RecordedServer.open(dir);
    server.says('/api/v1/views', (await recorded('views')).replace('"gauge"', '"delta"'));
    const { page, id } = await showing(server, '#span=15m&stat=sum');
    const first = JSON.parse(snapshot) as { windows: { start: string; final: boolean; tags: { region: string } }[] };
    const last = first.windows.findLast(({ final, tags }) => final && tags.region === 'DK1')!;
    const amended = JSON.stringify({ ...last, revision: 99, stats: { count: 1441, sum: 0 } }).replace(
      '"sum":0',
      '"sum":9007199254740993.123',
    );
    server.tell(
      id,
      changes.replace(/"windows": ?\[[^]*\]/, () => `"windows":[${amended}]`),
    );
    const row = page.locator('.row-revised');
    await row.waitFor();
    expect(await row.innerText()).toContain('9,007,199,254,740,993.123');
    expect(await row.innerText()).toContain('final, revised');
    await page.close();
  });

  it('says when the server is away, and resumes from its position when it is back', async () => {
    await using server = await RecordedServer.open(dir);
    const { page, id } = await showing(server);
    server.tell(id, changes);
    const { position } = JSON.parse(changes) as { position: string };
    await page.waitForFunction((count) => document.body.innerText.includes(count), '520');
    await server.close();
    await page.getByText('Server away').waitFor();
    expect(await page.locator('.figure-value').count()).toBe(2);
    await server.listen();
    expect(await server.asked('subscribe')).toMatchObject({ id, resume: position });
    await page.getByText('Live', { exact: true }).waitFor();
    await page.close();
  });

  it('tells what was refused with reason and text, and how much it was, and calls nothing live while an agent is away', async () => {
    await using server = await RecordedServer.open(dir);
    const { agents } = JSON.parse(await recorded('agents')) as { agents: object[] };
    const away = { agent: 'roof-2', presence: null, ledger: null, refused: { rows: 2, readings: 2, frames: 0 } };
    server.says('/api/v1/agents', JSON.stringify({ agents: [...agents, away] }));
    const item = { line: 7, readings: 1, reason: 'value "?" is no number', text: '16/12/2006;17:24:00;?' };
    const report = { agent: 'roof-2', at: '2026-11-21T15:38:00Z', kind: 'rows', source: 'household' };
    const refused = [{ ...report, code: 'rows', detail: '', items: [item, { ...item, line: 9 }] }];
    server.says('/api/v1/quarantine', JSON.stringify({ total: 1, refused }));
    const { page } = await showing(server);
    await page.getByText(/^data up to \d+ s ago · 1 of 2 agents online$/).waitFor();
    expect(await page.getByRole('status').first().innerText()).toBe('Connected');
    await page.getByText('Refused 2 rows').click();
    await page.locator('.refused li').first().waitFor();
    expect(await page.locator('.refused li').allInnerTexts()).toStrictEqual([
      'roof-2 household line 9 · 16:38\n\nvalue "?" is no number\n\n16/12/2006;17:24:00;?',
      'roof-2 household line 7 · 16:38\n\nvalue "?" is no number\n\n16/12/2006;17:24:00;?',
    ]);
    await page.close();
  });

  it('asks for what is chosen and keeps it in the address', async () => {
    await using server = await RecordedServer.open(dir);
    const { page } = await showing(server, '#span=6h&window=5m');
    await page.getByRole('radio', { name: 'Min–max' }).check();
    await page.getByRole('group', { name: 'Window' }).getByRole('radio', { name: '15 minutes' }).check();
    expect(await server.asked('subscribe')).toMatchObject({
      view: 'usage-by-region',
      window: '15m',
      last: '6h',
      zone: 'Europe/Copenhagen',
    });
    expect(new URL(page.url()).hash).toBe('#window=15m&span=6h&stat=band');
    await page.close();
  });

  it('tells the windows one after the other to those who step through them', async () => {
    await using server = await RecordedServer.open(dir);
    const { page } = await showing(server, '#span=15m');
    const strip = page.getByRole('slider');
    await strip.focus();
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('ArrowLeft');
    await page.locator('.tooltip').waitFor();
    expect(await strip.getAttribute('aria-valuetext')).toMatch(
      /^16:37–16:38\. DK1: 1\.011 kW, 100 % complete, final\. DK2: /,
    );
    await page.keyboard.press('Escape');
    await page.locator('.tooltip').waitFor({ state: 'detached' });
    await page.close();
  });

  it('hides the line of a group and shows it again', async () => {
    await using server = await RecordedServer.open(dir);
    const { page } = await showing(server);
    const figure = page.getByRole('button', { name: 'DK2' });
    await figure.click();
    expect(await figure.getAttribute('aria-pressed')).toBe('false');
    expect(new URL(page.url()).hash).toContain('hide=');
    await figure.click();
    expect(await figure.getAttribute('aria-pressed')).toBe('true');
    await page.close();
  });

  it('draws the first eight of many groups, and offers only windows that fit the span', async () => {
    await using server = await RecordedServer.open(dir);
    const page = await opened(server, '#span=15m');
    const { id } = await server.asked('subscribe');
    const { windows, ...head } = JSON.parse(snapshot) as { windows: object[] };
    const houses = Array.from({ length: 10 }, (_, i) => ({ ...windows.at(-1), tags: { house: `house-${i + 1}` } }));
    server.tell(id, JSON.stringify({ ...head, windows: houses }));
    await page.getByText('8 of 10 groups are drawn.').waitFor();
    expect(await page.locator('.figure[aria-pressed=false]').allInnerTexts()).toHaveLength(2);
    await page.getByRole('button', { name: 'house-3' }).click();
    await page.locator('.figure[aria-pressed=true]', { hasText: 'house-9' }).waitFor();
    expect(await page.getByRole('button', { name: 'house-10' }).getAttribute('aria-pressed')).toBe('false');
    await page.getByRole('button', { name: 'house-10' }).click();
    await page.locator('.figure[aria-pressed=true] .figure-name', { hasText: /^house-10$/ }).waitFor();
    expect(await page.locator('.figure-name').first().innerText()).toBe('house-10');
    const bar = page.locator('.figure progress').first();
    expect([await bar.getAttribute('max'), await bar.getAttribute('value')]).toStrictEqual(['1', '0.5']);
    const choices = page.getByRole('group', { name: 'Window' }).getByRole('radio');
    expect(await choices.evaluateAll((all) => all.map((one) => (one as HTMLInputElement).disabled))).toStrictEqual([
      false,
      false,
      true,
      true,
      true,
      true,
      true,
    ]);
    await page.close();
  });

  it('finds any of many groups by its name, and asks for it and the first others', async () => {
    await using server = await RecordedServer.open(dir);
    const houses = Array.from({ length: 50 }, (_, i) => ({ tags: { house: `house-${i + 1}` } }));
    const groupsOf = (groups: object[], found: number): string =>
      JSON.stringify({ view: 'usage-by-region', total: 50, found, data: null, groups });
    server.says(RECORDED_GROUPS, groupsOf(houses.slice(0, 24), 50));
    const page = await opened(server, '#span=15m');
    const first = await server.asked('subscribe');
    expect(first['where']).toStrictEqual({ house: houses.slice(0, 24).map(({ tags }) => tags.house) });
    const { windows, ...head } = JSON.parse(snapshot) as { windows: object[] };
    const told = (some: object[]): string =>
      JSON.stringify({ ...head, windows: some.map((house) => ({ ...windows.at(-1), ...house })) });
    server.tell(first.id, told(houses.slice(0, 24)));
    await page.getByText('24 of 50 groups are shown.').waitFor();
    server.says(RECORDED_GROUPS, groupsOf(houses.slice(49), 1));
    await page.getByRole('searchbox', { name: 'Find a group' }).fill('50');
    const found = page.getByRole('button', { name: 'house-50', exact: true });
    await found.waitFor();
    server.says(RECORDED_GROUPS, groupsOf(houses.slice(0, 24), 50));
    await found.click();
    const next = await server.asked('subscribe');
    expect((next['where'] as { house: string[] }).house.slice(0, 2)).toStrictEqual(['house-50', 'house-1']);
    server.tell(next.id, told([...houses.slice(0, 23), houses[49]!]));
    await page.locator('.figure[aria-pressed=true] .figure-name', { hasText: /^house-50$/ }).waitFor();
    expect(await page.locator('.figure-name').first().innerText()).toBe('house-50');
    expect(new URLSearchParams(new URL(page.url()).hash.slice(1)).getAll('group')).toStrictEqual([
      '[["house","house-50"]]',
    ]);
    await page.getByRole('button', { name: 'Pick house-50 no longer' }).click();
    expect((await server.asked('subscribe'))['where']).toStrictEqual(first['where']);
    await page.close();
  });

  it('shows any period, by the clock of the viewer, and does not call it live', async () => {
    await using server = await RecordedServer.open(dir);
    server.says('/api/v1/views/usage-by-region/windows', snapshot);
    const page = await opened(server, '#window=1m&from=2026-11-21T15:30Z&to=2026-11-21T15:36Z');
    await page.waitForSelector('.figure-value');
    expect(server.requested('/api/v1/views/usage-by-region/windows')).toStrictEqual({
      from: '2026-11-21T15:30Z',
      to: '2026-11-21T15:36Z',
      window: '1m',
      zone: 'Europe/Copenhagen',
      stats: 'count,mean,min,max',
    });
    expect(await page.getByRole('status').first().innerText()).toBe('Connected');
    expect(await page.getByLabel('From').inputValue()).toBe('2026-11-21T16:30');
    await page.getByText('There is data: 21 Nov, 16:24 – 21 Nov, 16:39.').waitFor();
    await page.getByLabel('To', { exact: true }).fill('2026-11-20T16:36');
    await page.getByText('A period begins before it ends.').waitFor();
    await page.getByLabel('From').fill('2006-12-16T17:24');
    await page.getByLabel('To', { exact: true }).fill('2010-11-26T21:02');
    expect(new URL(page.url()).hash).toContain('from=2006-12-16T16%3A24Z&to=2010-11-26T20%3A02Z');
    await page.getByText(/mean per day in Europe\/Copenhagen$/).waitFor();
    await page.getByLabel('Days from').selectOption('06:00');
    await page.getByText(/mean per day from 06:00 in Europe\/Copenhagen$/).waitFor();
    expect(server.requested('/api/v1/views/usage-by-region/windows')).toMatchObject({ window: '1d', offset: '6h' });
    await server.close();
    await page.clock.fastForward('00:31');
    await page.getByText('Server away').waitFor();
    expect(await page.locator('.figure-value').count()).toBe(2);
    await server.listen();
    await page.getByRole('radio', { name: '1 hour' }).first().check();
    expect(await server.asked('subscribe')).toMatchObject({ last: '1h' });
    await page.close();
  });

  it('cuts no label of its axes, however long', async () => {
    await using server = await RecordedServer.open(dir);
    let value = 10_000_250;
    const long = snapshot.replaceAll(/"mean": [\d.]+/g, () => `"mean": ${(value += 0.125)}`);
    server.says('/api/v1/views/usage-by-region/windows', long);
    // The last line of the axis of time stands at its very end, with a day, which is longer than a time.
    const page = await opened(server, '#window=5m&from=2026-11-14T23:00Z&to=2026-11-21T23:00Z', { locale: 'de-DE' });
    await page.waitForSelector('.figure-value');
    const inkAt = (side: 'left' | 'right'): Promise<number> =>
      page.locator('.plot canvas').evaluate((canvas: HTMLCanvasElement, at) => {
        const { data } = canvas
          .getContext('2d')!
          .getImageData(at === 'left' ? 0 : canvas.width - 1, 0, 1, canvas.height);
        return data.filter((part, i) => i % 4 === 3 && part > 0).length;
      }, side);
    await expect.poll(() => inkAt('left')).toBe(0);
    await expect.poll(() => inkAt('right')).toBe(0);
    await page.close();
  });

  it('shows its windows where the browser names a language that is no language tag', async () => {
    await using server = await RecordedServer.open(dir);
    const page = await browser.newPage();
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.addInitScript(() => {
      Object.defineProperty(navigator, 'language', { value: 'en-US@posix', configurable: true });
    });
    await page.goto(server.url);
    const { id } = await server.asked('subscribe');
    server.tell(id, snapshot);
    await page.waitForSelector('.figure-value');
    await page.close();
  });

  it('fits a phone, in the dark as well', async () => {
    await using server = await RecordedServer.open(dir);
    const { page } = await showing(server, '', { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
    for (const width of [390, 360, 320]) {
      await page.setViewportSize({ width, height: 844 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
    }
    expect(await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)).toBe(
      'rgb(16, 22, 26)',
    );
    await page.close();
  });

  it('says what to do where there are no readings, no view, no such view, or a question is refused', async () => {
    await using server = await RecordedServer.open(dir);
    server.says('/api/v1/agents', '{"agents":[]}');
    const page = await opened(server);
    const { id } = await server.asked('subscribe');
    server.tell(id, '{"type":"snapshot","id":"","version":1,"position":"p","freshness":null,"windows":[]}');
    await page.getByText('npx weir edge --config weir.yaml').waitFor();
    server.tell(
      id,
      '{"type":"error","id":"","problem":{"status":400,"title":"No","detail":"window 1d has edges inside slices"}}',
    );
    await page.getByRole('alert').getByText('window 1d has edges inside slices').waitFor();
    await page.evaluate(() => (location.hash = '#view=usage'));
    await page.getByText('There is no view usage').waitFor();
    server.says('/api/v1/views', '{"views":[]}');
    await page.reload();
    await page.getByText('No view is declared yet').waitFor();
    await page.close();
  });
});
