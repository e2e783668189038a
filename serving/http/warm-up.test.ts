import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { openIndexOf, POWER, POWER_BY_REGION, World, type WorldReading } from '../world.fixtures.ts';
import { ViewReader } from './view-reader.ts';
import { warmUp } from './warm-up.ts';

const logger = pino({ level: 'silent' });
const BY_DEVICE = { ...POWER_BY_REGION, name: 'power-by-device', by: ['device'] };

/** A reader of a world whose devices have a reading each in so many minutes. */
async function warmed(stack: AsyncDisposableStack, devices: number) {
  const world = await World.open({ view: BY_DEVICE });
  const readings = Array.from({ length: devices * 8 }, (_, i): WorldReading => {
    return { device: `d${i % devices}@A`, atMs: 60_000 * (1_000 + Math.floor(i / devices)), value: i };
  });
  await world.deliver('one', readings);
  const index = stack.use(await openIndexOf(world));
  const metrics = new Map([[POWER.name, POWER]]);
  const reader = new ViewReader(index, { views: [BY_DEVICE], metrics, clock: () => 0 });
  await warmUp(reader, [BY_DEVICE], logger, Number.POSITIVE_INFINITY);
  return index.source(BY_DEVICE.name)!;
}

describe('what is asked before the first reader', () => {
  it('is of single groups where there are few', async () => {
    await using stack = new AsyncDisposableStack();
    const source = await warmed(stack, 5);
    expect(source.groups().every(({ pages }) => pages.size > 0)).toBe(true);
    expect(source.keptSums.bytes).toBe(0);
  });

  it('is of all groups too where there are many', async () => {
    await using stack = new AsyncDisposableStack();
    const source = await warmed(stack, 70);
    expect(source.groups().some(({ pages }) => pages.size > 0)).toBe(true);
    expect(source.keptSums.bytes).toBeGreaterThan(0);
  });
});
