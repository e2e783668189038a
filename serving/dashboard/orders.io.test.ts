import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import { recorded, RECORDED_AT_MS, RecordedServer } from './recorded-server.fixtures.ts';

const found = await serverForTests('chromium');
const BATCH = '/api/v1/batch';
const ROLLBACK = '/api/v1/views/usage-by-region/rollback';
const LINES = { type: 'application/x-ndjson' };

describe.runIf(found)('orders from the dashboard', () => {
  let browser: Browser;
  let dir: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'weir-orders-'));
    const root = fileURLToPath(new URL('.', import.meta.url));
    await build({ root, logLevel: 'warn', build: { outDir: dir, emptyOutDir: true } });
    browser = await chromium.launch({ executablePath: found?.path ?? '' });
  });

  afterAll(async () => {
    await browser.close();
    await rm(dir, { recursive: true, force: true });
  });

  /** The page for who is allowed that. */
  async function opened(server: RecordedServer, allows: readonly string[]): Promise<Page> {
    const access = { name: 'anna', session: true, may: 'operate', views: null, where: {}, until: null, allows };
    server.says('/api/v1/whoami', JSON.stringify(access));
    const page = await browser.newPage({ locale: 'en-GB', timezoneId: 'UTC' });
    await page.clock.install({ time: RECORDED_AT_MS });
    await page.goto(server.url);
    await page.getByRole('combobox', { name: 'View' }).waitFor();
    return page;
  }

  const press = (page: Page, name: string): Promise<void> => page.getByRole('button', { name, exact: true }).click();

  it('are offered to who may give them, and to nobody else', async () => {
    await using server = await RecordedServer.open(dir);
    for (const [allows, buttons] of [
      [['inspect'], []],
      [['inspect', 'recompute'], ['Recompute …']],
      [
        ['inspect', 'recompute', 'decide'],
        ['Recompute …', 'Roll back …'],
      ],
    ] as const) {
      const page = await opened(server, allows);
      expect(await page.locator('.orders button').allInnerTexts()).toStrictEqual(buttons);
      await page.close();
    }
  });

  it('are given once they are confirmed, from its own origin, and say how they ended and since when it holds', async () => {
    await using server = await RecordedServer.open(dir);
    server.says(
      BATCH,
      '{"progress":{"label":"fold","done":1,"total":4}}\n{"result":{"version":1,"positions":[9],"readings":1234567,"seconds":2.46}}\n',
      LINES,
    );
    const page = await opened(server, ['recompute', 'decide']);
    await page.getByText('not recomputed yet').waitFor();
    await press(page, 'Recompute …');
    await page.getByRole('dialog').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await press(page, 'Recompute …');
    await press(page, 'Cancel');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    expect(server.ordered).toStrictEqual([]);
    const views = await recorded('views');
    server.says('/api/v1/views', views.replace('"published": null', '"published": "2026-11-21T15:38:31Z"'));
    await press(page, 'Recompute …');
    await page.getByRole('checkbox').check();
    await press(page, 'Recompute');
    await page.getByText('Recomputed 1,234,567 readings in 2.5 s.').waitFor();
    await page.getByText('recomputed 5 s ago').waitFor();
    const origin = new URL(server.url).origin;
    expect(server.ordered).toStrictEqual([{ path: BATCH, origin, body: '{"full":true}' }]);
    server.says(ROLLBACK, '{"view":"usage-by-region","version":1,"positions":[4]}');
    await press(page, 'Roll back …');
    await page.getByText('Roll back usage-by-region?').waitFor();
    await press(page, 'Roll back');
    await page.getByText('What was live before is live again.').waitFor();
    expect(server.ordered.at(-1)).toMatchObject({ path: ROLLBACK, origin });
    await page.close();
  });

  it('say why they were refused or failed, and that it is not known how they ended', async () => {
    await using server = await RecordedServer.open(dir);
    const page = await opened(server, ['recompute', 'decide']);
    const problem = (detail: string): string => JSON.stringify({ title: 'Conflict', status: 409, detail });
    server.says(ROLLBACK, problem('There is no earlier result.'), { status: 409, type: 'application/problem+json' });
    await press(page, 'Roll back …');
    await press(page, 'Roll back');
    await page.getByRole('alert').getByText('There is no earlier result.').waitFor();
    for (const [lines, said] of [
      [`{"problem":${problem('The disk is full.')}}\n`, 'The disk is full.'],
      ['{"progress":{"label":"fold","done":1,"total":4}}\n', 'The server did not say how it ended.'],
    ] as const) {
      server.says(BATCH, lines, LINES);
      await press(page, 'Recompute …');
      await press(page, 'Recompute');
      await page.getByRole('alert').getByText(said).waitFor();
    }
    server.says(BATCH, JSON.stringify({ title: 'Unauthorized', status: 401, detail: 'Sign in.' }), { status: 401 });
    server.says('/api/v1/whoami', JSON.stringify({ title: 'Unauthorized', status: 401, detail: 'x' }), { status: 401 });
    await press(page, 'Recompute …');
    await press(page, 'Recompute');
    await page.getByText('You are signed out').waitFor();
    await page.close();
  });

  it('fit a phone, with a finger’s width for each button', async () => {
    await using server = await RecordedServer.open(dir);
    const page = await opened(server, ['recompute', 'decide']);
    await page.setViewportSize({ width: 320, height: 700 });
    await press(page, 'Roll back …');
    const box = (await page.getByRole('dialog').boundingBox())!;
    expect(box.x).toBeGreaterThanOrEqual(0);
    expect(box.x + box.width).toBeLessThanOrEqual(320);
    for (const button of await page.locator('.orders button').all())
      expect((await button.boundingBox())!.height).toBeGreaterThanOrEqual(40);
    await page.close();
  });
});
