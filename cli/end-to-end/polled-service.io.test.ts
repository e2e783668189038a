/** A service is polled through all that happens to it and to the agent, and comes out as its own final truth. */
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { makeDirectory } from '#backbone/disk/directory.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { type EdgeAgent, startEdgeAgent } from '#edge-agent/edge-agent.ts';
import { pollSchema } from '#edge-agent/sources/poll/poll-section.ts';
import { POLL, PollSource } from '#edge-agent/sources/poll/poll-source.ts';
import { declareSource } from '#edge-agent/sources/source-kind.ts';
import { ConsumptionService } from '#simulators/services/consumption-service.ts';
import { Consumption, PUBLISHED_MS_MAX, SETTLED_MS } from '#simulators/services/consumption.ts';
import { type RunningServer, startServer } from '../compose/server.ts';
import { judgeConfigText } from '../config/load-config.ts';
import type { WeirConfig } from '../config/schema.ts';

const SEED = 11;
const HOUR_MS = 3_600_000;
/** Over the change of the clocks of autumn, by which the service's ranges go. */
const FROM_MS = Date.UTC(2024, 9, 24);
const START_MS = Date.UTC(2024, 9, 26, 9, 20);
const TO_MS = Date.UTC(2024, 9, 28);
/** Longer than it takes an hour to settle. A window is final once no correction is expected any more. */
const OVERLAP_MS = 48 * HOUR_MS;
const END_MS = TO_MS + OVERLAP_MS + PUBLISHED_MS_MAX + HOUR_MS;
/** The agent is stopped at every so manieth wait, in whatever it is doing, and started again. */
const WAITS_PER_STOP = 40;
const STOPS_MIN = 5;

const DOOR = { host: '127.0.0.1', port: 0 };
const logger = pino({ level: 'silent' });

const CONFIG = `
metrics: { load: { unit: kWh, decimals: 3, kind: delta, interval: 1h } }
views: { load: { metric: load, by: [device], slice: 1h } }
`;

let folder: TemporaryDirectory;
beforeEach(async () => {
  folder = await makeTemporaryDirectory('polled');
});
afterEach(() => folder[Symbol.asyncDispose]());

function configOf(text: string): WeirConfig {
  const judged = judgeConfigText(text);
  if (judged.kind === 'usable') return judged.config;
  throw new Error(judged.faults.map(({ message }) => message).join('\n'));
}

/** Hourly windows, as `start device count sum final`. */
async function windowsOf({ httpPort }: RunningServer): Promise<readonly string[]> {
  const range = `from=${new Date(FROM_MS).toISOString()}&to=${new Date(TO_MS).toISOString()}&window=1h`;
  const url = `http://127.0.0.1:${httpPort}/api/v1/views/load/windows?${range}&stats=count,sum&format=csv`;
  const [, ...lines] = (await (await fetch(url)).text()).trimEnd().split('\r\n');
  // start,end,device,count,sum,completeness,final,revision
  const fields = lines.map((line) => line.split(','));
  return fields
    .map(([start, , device, count, sum, , isFinal]) => `${start} ${device} ${count} ${Number(sum)} ${isFinal}`)
    .toSorted();
}

/** The same, final, of what the service says in the end. */
function truthOf(consumption: Consumption): readonly string[] {
  const settled = consumption.settled(FROM_MS, TO_MS);
  return settled
    .map(
      ({ hourMs, area, wattHours }) =>
        `${new Date(hourMs).toISOString().slice(0, 19)}Z ${area} 1 ${wattHours / 1_000} true`,
    )
    .toSorted();
}

/** A clock that goes on as the source waits. */
class Waits {
  nowMs = START_MS;
  #count = 0;
  #isDue: () => void = () => undefined;

  /** Resolves when the agent is to be stopped, or the service has settled. */
  due(): Promise<void> {
    return new Promise((resolve) => {
      this.#isDue = resolve;
    });
  }

  readonly pause = async (ms: number, signal: AbortSignal): Promise<void> => {
    this.nowMs += ms;
    const isDue = this.nowMs >= END_MS || ++this.#count % WAITS_PER_STOP === 0;
    if (!isDue) return;
    this.#isDue();
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  };
}

describe('a polled service that corrects itself, is busy, fails and is cut off', () => {
  it('has its final truth in every window once it has settled, however often the agent was stopped', async () => {
    const waits = new Waits();
    const nowMs = (): number => waits.nowMs;
    const consumption = new Consumption(SEED, ['DK1', 'DK2']);
    const faults = { busy: 0.1, down: 0.1, cut: 0.1, slow: 0.1 };
    await using service = await ConsumptionService.start({ consumption, seed: SEED, nowMs, faults });
    const config = configOf(CONFIG);
    await using server = await startServer({
      config,
      dataDir: join(folder.dir, 'data'),
      http: DOOR,
      mqtt: DOOR,
      dashboardDir: undefined,
      version: '1.2.3',
      logger,
    });
    const section = pollSchema.parse({
      kind: 'poll',
      url: `${service.url}?start={from}&end={to}`,
      every: '30m',
      overlap: '2d',
      since: new Date(FROM_MS).toISOString(),
      range: { zone: 'Europe/Copenhagen', step: '12h' },
      pages: { offset: 'offset', limit: 'limit', size: 25, total: 'total' },
      rows: 'records',
      time: { columns: ['HourUTC'], format: 'iso' },
      series: [{ metric: 'load', value: 'ConsumptionkWh', device: '{PriceArea}' }],
    });
    const market = declareSource(
      { ...POLL, open: (name, one, options) => new PollSource({ ...options, name, section: one, pause: waits.pause }) },
      section,
    );
    const dir = join(folder.dir, 'agent');
    await makeDirectory(dir);
    const start = (): Promise<EdgeAgent> =>
      startEdgeAgent({
        id: 'market-1',
        broker: `mqtt://127.0.0.1:${server.mqttPort}`,
        spool: { dir, bytes: 64_000_000 },
        metrics: config.metrics,
        sources: [['market', market]],
        folder: folder.dir,
        stdin: () => process.stdin,
        nowMs,
        random: () => 0.5,
        logger,
      });
    const truth = truthOf(consumption);
    let stops = 0;
    for (let isSettled = false; !isSettled; stops++) {
      const due = waits.due();
      await using agent = await start();
      await Promise.race([due, agent.ended]);
      isSettled = waits.nowMs >= END_MS;
      if (!isSettled) {
        // What is said to be final is so.
        expect(truth).toEqual(
          expect.arrayContaining((await windowsOf(server)).filter((window) => window.endsWith('true'))),
        );
        continue;
      }
      await agent.drain();
      const { counted, repeats, amended, readings, missing, quarantined } = agent.totals();
      expect(readings).toBe(counted + repeats + amended + missing + quarantined);
      expect({ missing, quarantined }).toEqual({ missing: 0, quarantined: 0 });
      expect(Math.min(repeats, amended)).toBeGreaterThan(0);
    }
    expect(OVERLAP_MS).toBeGreaterThan(SETTLED_MS);
    expect(stops).toBeGreaterThan(STOPS_MIN);
    expect(Math.min(...Object.values(service.answered))).toBeGreaterThan(0);

    await vi.waitFor(async () => expect(await windowsOf(server)).toEqual(truth), { timeout: 20_000 });
  }, 120_000);
});
