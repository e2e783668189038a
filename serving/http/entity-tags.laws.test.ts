import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Manifest } from '#backbone/manifests/manifest.ts';
import { TextWriter } from '#core/packing/text-writer.ts';
import { windowSpec } from '#core/time/windows.ts';
import { openZone } from '#core/time/zone.ts';
import { answerSessions } from '../answers/answer-sessions.ts';
import { answerWindows, type WindowsAnswer, withSource } from '../answers/answer-windows.ts';
import { parseSpan, parseStats, type SessionsQuery, type ViewQuery, type WindowsQuery } from '../answers/query.ts';
import { extentOfSessions, extentOfWindows } from '../answers/unchanged.ts';
import { WindowWriter } from '../answers/write-json.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import { openIndexOf, POWER, POWER_BY_REGION, World } from '../world.fixtures.ts';
import { EntityTags, type Match } from './entity-tags.ts';

const START = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const HOURS = 6;
const VIEW = POWER_BY_REGION.name;
const UTC = openZone('UTC');

/** What happens to a world. */
type Step =
  | { readonly kind: 'deliver'; readonly agent: string; readonly device: string; readonly minute: number }
  | { readonly kind: 'heartbeat'; readonly agent: string; readonly minute: number }
  | { readonly kind: 'lose'; readonly agent: string }
  | { readonly kind: 'batch' | 'roll' };

const agent = fc.constantFrom('a', 'b');
const minute = fc.integer({ min: 0, max: HOURS * 60 - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('deliver'), agent, device: fc.constantFrom('1', '2'), minute }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('heartbeat'), agent, minute }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose'), agent }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('batch', 'roll') }) },
);

class Played {
  readonly #world: World;
  readonly #watermarks = new Map<string, number>();
  #batches = 0;

  constructor(world: World) {
    this.#world = world;
  }

  async play(one: Step): Promise<void> {
    const world = this.#world;
    switch (one.kind) {
      case 'deliver': {
        const device = `${one.agent}${one.device}@${one.device === '1' ? 'north' : 'south'}`;
        const atMs = START + one.minute * MINUTE;
        await world.deliver(one.agent, [{ device, atMs, value: one.minute }], this.#watermarks.get(one.agent) ?? null);
        return;
      }
      case 'heartbeat': {
        const atMs = Math.max(this.#watermarks.get(one.agent) ?? 0, START + one.minute * MINUTE);
        this.#watermarks.set(one.agent, atMs);
        await world.heartbeat(one.agent, atMs);
        return;
      }
      case 'lose':
        world.lose(one.agent);
        return;
      case 'batch':
        await world.batch(START + ++this.#batches);
        return;
      case 'roll':
        await world.manifests.change(VIEW, (manifest) => rolled(manifest!));
        return;
    }
  }
}

/** The manifest with the batch state before the live one; what was live comes back where it is rolled as often again. */
function rolled(manifest: Manifest): Manifest {
  const versions = manifest.versions.map((version) => {
    const [before, ...others] = version.history;
    return before === undefined ? version : { ...version, batch: before, history: [...others, version.batch] };
  });
  return { ...manifest, versions };
}

const about = (stats: string, where: ViewQuery['where'] = new Map()): ViewQuery => ({
  view: POWER_BY_REGION,
  metric: POWER,
  stats: parseStats(stats, POWER),
  where,
});
const windowsOf = (base: ViewQuery, window: string, from: number, to: number): WindowsQuery => ({
  ...base,
  spec: windowSpec(parseSpan('window', window), undefined, UTC),
  fromMs: START + from * MINUTE,
  toMs: START + to * MINUTE,
});
const sessionsOf = (gap: string, from: number, to: number): SessionsQuery => ({
  ...about('count,sum'),
  gap: parseSpan('gap', gap),
  fromMs: START + from * MINUTE,
  toMs: START + to * MINUTE,
});

const QUERIES: readonly (WindowsQuery | SessionsQuery)[] = [
  windowsOf(about('count,sum'), '1h', 0, 120),
  windowsOf(about('count,sum'), '1h', 90, 250),
  windowsOf(about('integral,last'), '1h', 60, 180),
  windowsOf(about('count', new Map([['region', ['south']]])), '2h', 0, 360),
  sessionsOf('10m', 100, 200),
  sessionsOf('1h', 0, 30),
];

/** An answer with what it says, as far as its tag promises that. */
interface Told extends Match {
  readonly text: string;
}

async function ask(index: ServingIndex, tags: EntityTags, query: WindowsQuery | SessionsQuery): Promise<Told> {
  const sourceOf = () => index.source(VIEW)!;
  const { source, answer } = await withSource(index, VIEW, sourceOf, async (one) => {
    const made = 'spec' in query ? await answerWindows(index, one, query) : await answerSessions(index, one, query);
    return { source: one, answer: made };
  });
  return { ...tags.ofAnswer({ source, query, format: 'json' }, answer), text: textOf(query, answer) };
}

function textOf(query: WindowsQuery | SessionsQuery, answer: WindowsAnswer): string {
  const { table, windows, freshnessMs, without, version } = answer;
  const writer = new WindowWriter(table, query);
  const { toMs } = 'spec' in query ? extentOfWindows(query) : extentOfSessions(query, windows);
  const freshness = freshnessMs === null ? null : Math.min(freshnessMs, toMs);
  const out = new TextWriter();
  for (const window of windows) writer.write(out, window);
  return JSON.stringify([version, freshness, without, out.takeString()]);
}

describe('a tag that is still good', () => {
  it('stands for the same answer, whatever came, was lost, published or rolled back since', async () => {
    let good = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 14 }), async (steps) => {
        const world = await World.open();
        await using index = await openIndexOf(world);
        const tags = new EntityTags('secret', index);
        const played = new Played(world);
        const told = QUERIES.map((): Told[] => []);
        for (const one of steps) {
          await played.play(one);
          for (const [i, query] of QUERIES.entries()) {
            const now = await ask(index, tags, query);
            const asked = { source: index.source(VIEW)!, query, format: 'json' } as const;
            for (const before of told[i]!) {
              const match = tags.match(asked, before.tag);
              if (match === undefined) continue;
              good++;
              expect(now.text).toBe(before.text);
              expect(match).toStrictEqual({ tag: before.tag, isFinal: now.isFinal });
            }
            told[i]!.push(now);
          }
        }
      }),
      { numRuns: 80 },
    );
    expect(good).toBeGreaterThan(50);
  });
});
