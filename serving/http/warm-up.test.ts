import pino from 'pino';
import { describe, expect, it, vi } from 'vitest';
import { openIndexOf, POWER, POWER_BY_REGION, World, type WorldReading } from '../world.fixtures.ts';
import { ViewReader } from './view-reader.ts';
import { startWarmUp } from './warm-up.ts';

const logger = pino({ level: 'silent' });
const BY_DEVICE = { ...POWER_BY_REGION, name: 'power-by-device', by: ['device'] };

/** A reader of a world whose devices have a reading each in so many minutes. */
async function warming(stack: AsyncDisposableStack, devices: number, timeoutMs: number) {
  const world = await World.open({ view: BY_DEVICE });
  const readings = Array.from({ length: devices * 8 }, (_, i): WorldReading => {
    return { device: `d${i % devices}@A`, atMs: 60_000 * (1_000 + Math.floor(i / devices)), value: i };
  });
  await world.deliver('one', readings);
  const index = stack.use(await openIndexOf(world));
  const metrics = new Map([[POWER.name, POWER]]);
  const reader = new ViewReader(index, { views: [BY_DEVICE], metrics, clock: () => 0 });
  const warmUp = stack.use(startWarmUp(reader, [BY_DEVICE], logger, timeoutMs));
  await warmUp.enough;
  return { warmUp, source: index.source(BY_DEVICE.name)! };
}

describe('what is asked before the first reader', () => {
  it('is of single groups where there are few', async () => {
    await using stack = new AsyncDisposableStack();
    const { source } = await warming(stack, 5, Number.POSITIVE_INFINITY);
    expect(source.groups().every(({ pages }) => pages.size > 0)).toBe(true);
    expect(source.keptSums.bytes).toBe(0);
  });

  it('is of all groups too where there are many', async () => {
    await using stack = new AsyncDisposableStack();
    const { source } = await warming(stack, 70, Number.POSITIVE_INFINITY);
    expect(source.groups().some(({ pages }) => pages.size > 0)).toBe(true);
    expect(source.keptSums.bytes).toBeGreaterThan(0);
  });

  it('lets readers in where it takes long, and goes on beside them', async () => {
    await using stack = new AsyncDisposableStack();
    const { source } = await warming(stack, 70, 0);
    expect(source.groups().filter(({ pages }) => pages.size > 0)).toHaveLength(1);
    await vi.waitUntil(() => source.keptSums.bytes > 0);
  });

  it('ends with the server', async () => {
    await using stack = new AsyncDisposableStack();
    const { source, warmUp } = await warming(stack, 70, 0);
    await warmUp[Symbol.asyncDispose]();
    expect(source.keptSums.bytes).toBe(0);
  });
});
