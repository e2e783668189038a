import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RunningSystem } from '../load/running-system.ts';
import { textOf } from './peer-process.ts';
import { type Peer, type ShapeFile, timed, type OpenPeer, type Traits } from './peer.ts';
import { type AnswerRow, type Question, STATISTICS } from './question.ts';
import type { Shape } from './shapes.ts';

const TRAITS: Traits = {
  synced: 'yes: the agent’s journal, and the log',
  sums: 'exact (integers)',
  late: 'taken: the window is amended and told again, with its revision',
  twice: 'counted once; the later value holds, or the first',
  completeness: 'yes, for each window',
};

/**
 * Weir itself: an agent reads the file, sends it by MQTT to a server with a view for each question. Questions are answered
 * by HTTP from the views, after a batch run.
 */
export const weir: Peer = {
  name: 'weir',
  title: 'Weir',
  how: 'This checkout.',
  traits: TRAITS,
  locate: async () => {
    const manifest = await readFile(new URL('../../package.json', import.meta.url), 'utf8');
    const { version } = JSON.parse(manifest) as { readonly version: string };
    return { kind: 'found', version, open: openWeir };
  },
};

async function openWeir(dir: string, { shape, csv, readings }: ShapeFile): Promise<OpenPeer> {
  const system = await RunningSystem.start((broker) => configOf(shape, csv, broker), dir);
  const { url, process: server } = system.server;
  const [{ name: view }] = shape.questions as readonly [Question];
  return {
    pid: server.pid ?? 0,
    dataDir: join(dir, 'data'),
    load: async () => {
      const { ms } = await timed(async () => {
        await system.readFiles();
        await system.whenCounted(view, readings.count);
      });
      await system.run('batch', '--url', url);
      return ms / 1_000;
    },
    ask: async (question) => {
      const { ms, result } = await timed(async () => textOf(await fetch(url + pathOf(question))));
      return { ms, rows: rowsOf(question, result) };
    },
    recompute: async () => {
      const batch = JSON.parse(await system.run('batch', '--full', '--url', url)) as { readonly seconds: number };
      return batch.seconds;
    },
    [Symbol.asyncDispose]: () => system[Symbol.asyncDispose](),
  };
}

function configOf({ kind, decimals, intervalMs, questions }: Shape, csv: string, broker: string): object {
  const metric = 'readings';
  return {
    metrics: { [metric]: { unit: 'W', decimals, kind, interval: `${intervalMs / 1_000}s`, send: 'readings' } },
    agent: { id: 'peer', broker, spool: { bytes: '2GB' } },
    sources: {
      file: {
        kind: 'csv',
        file: csv,
        time: { columns: ['time'], format: 'iso' },
        series: [{ metric, value: 'value', device: '{device}', tags: { region: '{region}' } }],
      },
    },
    views: Object.fromEntries(
      questions.map(({ name, by, windowMs }) => [name, { metric, by: [by], slice: `${windowMs / 1_000}s` }]),
    ),
  };
}

function pathOf({ name, windowMs, fromMs, toMs, kind }: Question): string {
  const [from, to] = [fromMs, toMs].map((ms) => new Date(ms).toISOString()) as [string, string];
  const stats = STATISTICS[kind].join(',');
  const query = new URLSearchParams({ from, to, window: `${windowMs / 1_000}s`, stats, format: 'csv' });
  return `/api/v1/views/${name}/windows?${query.toString()}`;
}

/** start,end,GROUP,statistics…, then how good the answer is. */
function rowsOf({ kind }: Question, csv: string): readonly AnswerRow[] {
  const [, ...lines] = csv.trim().split(/\r?\n/);
  return lines.map((line) => {
    const [start, , group, ...rest] = line.split(',');
    return { group: group!, startMs: Date.parse(start!), values: rest.slice(0, STATISTICS[kind].length) };
  });
}
