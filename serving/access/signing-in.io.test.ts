import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import type { IdentityHarness } from '#backbone/identity/identity.fixtures.ts';
import type { View } from '#core/views/view.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';
import type { Served } from '../serving.fixtures.ts';
import { POWER_BY_REGION, type World } from '../world.fixtures.ts';
import { at, serveAsking, START } from './access.fixtures.ts';
import { SESSION_MS } from './sessions.ts';

const found = await serverForTests('chromium');

const OTHER: View = { name: 'other', metric: 'power', by: ['house'], where: {}, sliceMs: 60_000 };

describe.runIf(found)('the dashboard of a server that asks who comes', () => {
  let folder: TemporaryDirectory;
  let browser: Browser;
  let nowMs: number;
  let identity: IdentityHarness;
  let world: World;
  let served: Served;
  /** What pages asked of the API and were refused. */
  let refused: string[];

  beforeAll(async () => {
    folder = await makeTemporaryDirectory('dashboard');
    const root = fileURLToPath(new URL('../dashboard', import.meta.url));
    await build({ root, logLevel: 'warn', build: { outDir: folder.dir, emptyOutDir: true } });
    browser = await chromium.launch({ executablePath: found?.path ?? '' });
  });

  afterAll(async () => {
    await browser.close();
    await folder[Symbol.asyncDispose]();
  });

  beforeEach(async () => {
    nowMs = START;
    refused = [];
    ({ identity, world, served } = await serveAsking(() => nowMs, {
      views: [POWER_BY_REGION, OTHER],
      presence: () => [{ agent: 'a', online: true, sinceMs: START, lastSeenMs: START }],
      dashboardDir: folder.dir,
    }));
  });

  /** A browser of its own, at the address. */
  async function opened(path = '/'): Promise<Page> {
    const context = await browser.newContext({ locale: 'en-GB', timezoneId: 'UTC' });
    onTestFinished(() => context.close());
    const page = await context.newPage();
    page.on('response', (response) => {
      const url = new URL(response.url());
      if (url.pathname.startsWith('/api/') && response.status() >= 400) refused.push(url.pathname);
    });
    await page.goto(served.url + path);
    return page;
  }

  async function signIn(page: Page, token: string): Promise<void> {
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }

  const figures = (page: Page): Promise<string[]> => page.locator('.figure-name').allInnerTexts();

  it('leads to the page where one signs in, says of a wrong token that it is, and then to what was asked for', async () => {
    const page = await opened('/#view=power-by-region&span=6h');
    expect(new URL(page.url()).pathname).toBe('/login');
    await signIn(page, 'no-token');
    await page.getByRole('alert').getByText('This token is not known, or has ended.').waitFor();
    await signIn(page, await identity.add('reader'));
    await page.locator('.figure-value').first().waitFor();
    expect(new URL(page.url()).pathname + new URL(page.url()).hash).toBe('/#view=power-by-region&span=6h');
    expect(await figures(page)).toEqual(['north', 'south']);
    await page.getByRole('heading', { name: 'Agents' }).waitFor();
    await page.locator('.signed-in').getByText('reader', { exact: true }).waitFor();
    expect(refused).toEqual([]);
  });

  it('signs out, in every window of the session, and shows nothing any longer', async () => {
    const page = await opened();
    await signIn(page, await identity.add('reader'));
    await page.locator('.figure-value').first().waitFor();
    const other = await page.context().newPage();
    await other.goto(served.url);
    await other.locator('.figure-value').first().waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByLabel('Token').waitFor();
    await other.getByText('You are signed out').waitFor({ timeout: 2_000 });
    expect(await other.locator('.figure-value, .panel').count()).toBe(0);
    await page.goBack();
    await page.getByText('You are signed out').waitFor();
    expect(await page.locator('.figure-value, .panel').count()).toBe(0);
  });

  it.each([
    ['its token is revoked', () => identity.revokeToken('reader')],
    ['its time is over', () => Promise.resolve(void (nowMs += SESSION_MS))],
  ])('says within two seconds that a session has ended where %s, and leads back in', async (_, end) => {
    const page = await opened('/#view=power-by-region');
    await signIn(page, await identity.add('reader'));
    await page.locator('.figure-value').first().waitFor();
    await end();
    await page.getByRole('alert').getByText('You are signed out').waitFor({ timeout: 2_000 });
    expect(await page.locator('.figure-value, .panel').count()).toBe(0);
    await page.getByRole('link', { name: 'Sign in' }).click();
    await signIn(page, await identity.add('next'));
    await page.locator('.figure-value').first().waitFor();
    expect(new URL(page.url()).hash).toBe('#view=power-by-region');
  });

  it('shows a confined token what it may see, says what that is, and asks for nothing else', async () => {
    const page = await opened();
    await signIn(page, await identity.add('north', { where: { region: ['north'] } }));
    await page.locator('.figure-value').first().waitFor();
    expect(await figures(page)).toEqual(['north']);
    await page.getByText('You see only what is of region north.').waitFor();
    expect(await page.getByLabel('View').locator('option').allInnerTexts()).toEqual(['power-by-region']);
    await world.deliver('a', [at(2, 'm1@north'), at(2, 'm2@south')]);
    await page.getByText('00:02–00:03').first().waitFor();
    expect(await page.locator('main').innerText()).not.toMatch(/south/);
    expect(await page.locator('.panel', { hasText: /Agents|Refused/ }).count()).toBe(0);
    expect(refused).toEqual([]);
  });

  it('says of a token for which there is no view that it is confined, and not to declare one', async () => {
    const page = await opened();
    await signIn(page, await identity.add('nothing', { views: ['elsewhere'] }));
    await page.getByText('No view is for you to see').waitFor();
    expect(refused).toEqual([]);
  });
});
