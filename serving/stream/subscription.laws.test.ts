/** Whoever applies all that a subscription is told has what the API answers, after every change. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TextWriter } from '#core/packing/text-writer.ts';
import { windowSpec } from '#core/time/windows.ts';
import { openZone } from '#core/time/zone.ts';
import type { View } from '#core/views/view.ts';
import { answerWindows } from '../answers/answer-windows.ts';
import { parseSpan, parseStats, type WindowsQuery } from '../answers/query.ts';
import { WindowWriter } from '../answers/write-json.ts';
import { ViewReader } from '../http/view-reader.ts';
import { type ReadWindow, readAnswer } from '../serving.fixtures.ts';
import { openIndexOf, POWER, World } from '../world.fixtures.ts';
import { SharedTellings } from './shared-tellings.ts';
import type { StreamMessage } from './stream-reader.fixtures.ts';
import { Subscription } from './subscription.ts';
import { textOfFrame } from './text-frame.fixtures.ts';

const MINUTE_MS = 60_000;
const DEVICES = ['a@r1', 'b@r1', 'c@r2'];
const AGENTS = ['one', 'two'];

interface Step {
  readonly kind: 'deliver' | 'take-back' | 'heartbeat' | 'batch' | 'come-back' | 'be-away';
  readonly device: number;
  readonly minute: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 5, arbitrary: fc.constant('deliver' as const) },
    { weight: 3, arbitrary: fc.constant('take-back' as const) },
    { weight: 3, arbitrary: fc.constantFrom('heartbeat' as const, 'batch', 'come-back', 'be-away') },
  ),
  device: fc.nat(DEVICES.length - 1),
  // Close together: an interval is told as held for three of what is promised at most.
  minute: fc.nat(12),
});

interface Asked {
  readonly view: View;
  readonly window: string;
  readonly stats: string;
}

/** One reader of the stream: what it was told, applied. */
class Follower {
  readonly windows = new Map<string, ReadWindow>();
  readonly #asked: Asked;
  readonly #reader: ViewReader;
  #subscription: Subscription;
  #position: string | undefined;

  constructor(asked: Asked, reader: ViewReader) {
    this.#asked = asked;
    this.#reader = reader;
    this.#subscription = this.#open();
  }

  comeBack(): void {
    this.#subscription = this.#open();
  }

  async listen(): Promise<void> {
    while (this.#subscription.hasNews()) {
      const frame = await this.#subscription.next();
      if (frame !== undefined) this.#take(readAnswer(textOfFrame(frame)) as unknown as StreamMessage);
    }
  }

  #open(): Subscription {
    const { view, window, stats } = this.#asked;
    const resume = this.#position === undefined ? {} : { resume: this.#position };
    const asked = { type: 'subscribe', id: 'a', view: view.name, window, stats: stats.split(','), ...resume } as const;
    return new Subscription(asked, this.#reader, new SharedTellings());
  }

  #take({ type, position, windows, gone = [] }: StreamMessage): void {
    if (type === 'snapshot') this.windows.clear();
    this.#position = position;
    for (const window of windows) this.windows.set(nameOf(window), window);
    for (const one of gone) this.windows.delete(nameOf(one));
  }
}

function nameOf({ start, tags }: Pick<ReadWindow, 'start' | 'tags'>): string {
  return JSON.stringify([start, tags]);
}

/** What the API answers, by the names of the windows. */
async function answered(reader: ViewReader, { view, window, stats }: Asked): Promise<ReadonlyMap<string, ReadWindow>> {
  const query: WindowsQuery = {
    view,
    metric: POWER,
    where: new Map(),
    stats: parseStats(stats, POWER),
    spec: windowSpec(parseSpan('window', window), undefined, openZone('UTC')),
    fromMs: -1_000 * MINUTE_MS,
    toMs: 1_000 * MINUTE_MS,
  };
  const source = reader.source(view.name, undefined);
  const { table, windows } = await answerWindows(reader.index, source, query);
  const writer = new WindowWriter(table, query);
  const out = new TextWriter();
  let separator = '{"windows":[';
  for (const one of windows) {
    out.ascii(separator);
    writer.write(out, one);
    separator = ',';
  }
  if (separator !== ',') out.ascii(separator);
  out.ascii(']}');
  return new Map(readAnswer(out.takeString()).windows.map((one) => [nameOf(one), one]));
}

async function play(steps: readonly Step[], window: string, stats: string): Promise<void> {
  const world = await World.open();
  await using index = await openIndexOf(world);
  const reader = new ViewReader(index, { views: [world.view], metrics: new Map([['power', POWER]]), clock: () => 0 });
  const asked = { view: world.view, window, stats };
  const follower = new Follower(asked, reader);
  const taken = new Set<string>();
  for (const [at, { kind, device, minute }] of steps.entries()) {
    const writer = AGENTS[device % AGENTS.length]!;
    switch (kind) {
      case 'deliver': {
        const place = `${device}/${minute}`;
        if (taken.has(place)) break;
        taken.add(place);
        const reading = { device: DEVICES[device]!, atMs: minute * MINUTE_MS, value: at };
        await world.deliverLinked(writer, [reading], null);
        break;
      }
      case 'take-back':
        await world.takeBack(writer, DEVICES[device]!, minute % 3);
        break;
      case 'heartbeat':
        await world.heartbeat(writer, minute * MINUTE_MS);
        break;
      case 'batch':
        await world.batch(at);
        await index.settled(world.view.name);
        break;
      case 'come-back':
        follower.comeBack();
        break;
      case 'be-away':
        // What comes with the next steps is told together.
        continue;
    }
    if (steps[at + 1]?.kind === 'be-away') continue;
    await follower.listen();
    expect(follower.windows).toEqual(await answered(reader, asked));
  }
}

describe('a subscription', () => {
  it('tells what the API answers, also of windows that come to hold nothing', async () => {
    const steps = fc.array(step, { maxLength: 25, size: 'max' });
    const window = fc.constantFrom('1m', '3m');
    const stats = fc.constantFrom('integral,count', 'count', 'timeMean');
    await fc.assert(fc.asyncProperty(steps, window, stats, play), { numRuns: 100 });
  });
});
