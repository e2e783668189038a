import { aroundEach } from 'vitest';
import { installPlatform } from './install.ts';
import { Platform } from './platform.ts';

// Before anything that keeps a timer, a socket or a file of Node's is loaded.
installPlatform();
const { openEmbeddedKeyValue } = await import('#backbone/key-value/embedded-key-value.ts');
const { runKeyValueCases } = await import('#backbone/key-value/key-value.cases.ts');
const { runLogCases } = await import('#backbone/log/log.cases.ts');
const { openEmbeddedObjects } = await import('#backbone/objects/embedded-objects.ts');
const { runObjectsCases } = await import('#backbone/objects/objects.cases.ts');
const { openEmbeddedTable } = await import('#backbone/table/embedded-table.ts');
const { runTableCases } = await import('#backbone/table/table.cases.ts');

/** Each test lives on a machine of its own, whose time goes on for as long as the test waits for something. */
aroundEach(async (runTest) => {
  const platform = new Platform(1, 0);
  let ended = false;
  const running = platform
    .machine('machine')
    .start()
    .run(runTest)
    .finally(() => (ended = true));
  running.catch(() => undefined);
  while (!ended) await platform.scheduler.runUntil(() => ended);
  await running;
});

let places = 0;

function place(): { readonly dir: string } & AsyncDisposable {
  return { dir: `/place-${places++}`, [Symbol.asyncDispose]: () => Promise.resolve() };
}

runTableCases('a simulated disk', async () => {
  const { dir, ...rest } = place();
  return { open: () => openEmbeddedTable({ dir }), ...rest };
});

runKeyValueCases('a simulated disk', async () => {
  const { dir, ...rest } = place();
  return { open: () => openEmbeddedKeyValue({ dir }), ...rest };
});

runObjectsCases('a simulated disk', async () => {
  const { dir, ...rest } = place();
  return { open: () => openEmbeddedObjects({ dir }), ...rest };
});

runLogCases('a simulated disk', async () => {
  const { dir, ...rest } = place();
  const module = new URL('../../backbone/log/embedded-log.ts', import.meta.url).href;
  return { opening: { module, open: 'openEmbeddedLog', options: { dir } }, ...rest };
});
