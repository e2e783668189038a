import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { NO_TOTALS } from '#edge-agent/commit/agent-state.ts';
import type { DeclaredSource } from '#edge-agent/sources/source-kind.ts';
import type { Source } from '#edge-agent/sources/source.ts';
import { judgeConfigText } from '../config/load-config.ts';
import type { WeirConfig } from '../config/schema.ts';
import { agentOf, checkSource, chooseSources, progressLabel, summaryOf } from './edge.ts';

const FILE = '{ kind: csv, file: a.csv, time: { columns: [t] }, series: [{ metric: power, value: v, device: d }] }';
const FOLLOWED = FILE.replace('a.csv', 'a.csv, follow: true');

function configOf(text: string): WeirConfig {
  const judged = judgeConfigText(`metrics: { power: { unit: kW, decimals: 3, kind: gauge, interval: 1m } }\n${text}`);
  if (judged.kind === 'usable') return judged.config;
  throw new Error(judged.faults.map(({ message }) => message).join('\n'));
}

/** The names of the sources that are chosen, and what the log says of the others. */
function chosen(
  text: string,
  once: boolean,
): { readonly names: readonly string[]; readonly logged: readonly unknown[] } {
  const logged: unknown[] = [];
  const logger = pino({ base: null }, { write: (line: string) => void logged.push(JSON.parse(line)) });
  return { names: chooseSources(configOf(text), 'w.yaml', once, logger).map(([name]) => name), logged };
}

describe('the sources of an agent', () => {
  const all = `sources: { b: ${FILE}, live: ${FOLLOWED}, a: ${FILE} }`;

  it('are all that are declared, in their order', () => {
    expect(chosen(all, false)).toEqual({ names: ['b', 'live', 'a'], logged: [] });
  });

  it('are with --once those that end, and the log names the others', () => {
    const { names, logged } = chosen(all, true);
    expect(names).toEqual(['b', 'a']);
    expect(logged).toEqual([
      expect.objectContaining({ source: 'live', msg: 'left out: with --once only sources that end are read' }),
    ]);
  });

  it('have to be there, and with --once one that ends', () => {
    expect(() => chosen('sources: {}', false)).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^w\.yaml has no "sources"; add one/), exitCode: 2 }),
    );
    expect(() => chosen(`sources: { live: ${FOLLOWED} }`, true)).toThrow(
      expect.objectContaining({
        message: 'w.yaml has no source that ends, so --once would never end; leave --once out',
        exitCode: 2,
      }),
    );
  });
});

describe('the beginning of a source', () => {
  /** How many batches of a source of this kind are asked for, before the agent starts. */
  async function read(supports: DeclaredSource['supports']): Promise<number> {
    let batches = 0;
    const source = {
      name: 'm',
      async *batches(): AsyncGenerator<never> {
        for (;;) {
          batches++;
          yield await Promise.resolve(undefined as never);
        }
      },
    };
    await checkSource('m', { supports, open: () => source as unknown as Source }, { metrics: new Map() }, '.');
    return batches;
  }

  it('is read of a file that can be read again, and of nothing else', async () => {
    expect(await read({ nature: 'file', resumes: true })).toBe(1);
    expect(await read({ nature: 'file', resumes: false })).toBe(0);
    expect(await read({ nature: 'live', resumes: true })).toBe(0);
  });
});

describe('an agent', () => {
  it('has to be in the configuration', () => {
    expect(agentOf(configOf('agent: { id: roof-1 }'), 'w.yaml').id).toBe('roof-1');
    expect(() => agentOf(configOf(''), 'w.yaml')).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^w\.yaml has no "agent" section/), exitCode: 2 }),
    );
  });

  it('shows how fast it reads, by the rows since it was started', () => {
    const first = { ...NO_TOTALS, rows: 1_000 };
    const now = { ...NO_TOTALS, rows: 5_000, frames: 1_234 };
    expect(progressLabel('reading', { now, first, seconds: 2, unsent: 3 })).toBe(
      'reading: 5,000 rows, 2,000 rows/s, 1,234 frames, 3 to send',
    );
    expect(progressLabel('reading', { now, first: now, seconds: 0, unsent: 0 })).toBe(
      'reading: 5,000 rows, 0 rows/s, 1,234 frames, 0 to send',
    );
  });

  it('ends --once with a line of its totals, in the order that its help says', () => {
    const totals = {
      ...NO_TOTALS,
      rows: 1,
      readings: 2,
      counted: 3,
      repeats: 4,
      amended: 5,
      missing: 6,
      quarantined: 7,
    };
    expect(
      JSON.stringify(summaryOf({ ...totals, unchecked: 10, ambiguousTimes: 11, frames: 8, bytes: 9 }, 1.234_56)),
    ).toBe(
      '{"rows":1,"readings":2,"counted":3,"repeats":4,"amended":5,"missing":6,"quarantined":7,"unchecked":10,"ambiguous":11,"frames":8,"bytes":9,"seconds":1.235}',
    );
  });
});
