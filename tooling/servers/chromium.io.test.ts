import { chromium } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { serverForTests } from './server-for-tests.ts';

const browser = await serverForTests('chromium');

describe.runIf(browser)('the browser of the tests', () => {
  it('shows a page as wide as a phone', async () => {
    const running = await chromium.launch({ executablePath: browser?.path ?? '' });
    try {
      const page = await running.newPage({ viewport: { width: 390, height: 844 } });
      await page.setContent('<h1>Weir</h1><script>document.title = innerWidth + " wide"</script>');
      expect(await page.textContent('h1')).toBe('Weir');
      expect(await page.title()).toBe('390 wide');
      expect((await page.screenshot()).subarray(1, 4).toString()).toBe('PNG');
    } finally {
      await running.close();
    }
  });
});
