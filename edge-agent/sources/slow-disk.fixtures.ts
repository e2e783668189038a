/** An agent on a disk that takes its time: what sources do, and hold, while nothing becomes durable. */
import { pino } from 'pino';
import { vi } from 'vitest';
import { stringKey } from '#backbone/keys/order.ts';
import { MemoryTable } from '#backbone/table/memory-table.fixtures.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import { metricNamed } from '#core/metrics/metric.fixtures.ts';
import type { AgentTotals } from '../commit/agent-state.ts';
import { Committer } from '../commit/committer.ts';
import { Spool } from '../spool/spool.ts';
import { SourceRunner } from './source-runner.ts';
import type { Source } from './source.ts';
import { declaredSource, metricsOf } from './sources.fixtures.ts';

const METRICS = metricsOf(metricNamed('level', { repeatHorizonMs: null }));
const WAIT = { timeout: 60_000, interval: 5 };

/** A table whose writes wait until they are let through. It loses nothing that it has taken. */
class SlowTable implements Table {
  readonly #table = new MemoryTable();
  readonly #waiting: (() => void)[] = [];
  #isHeld = false;

  get waiting(): number {
    return this.#waiting.length;
  }

  hold(): void {
    this.#isHeld = true;
  }

  letOneThrough(): void {
    this.#waiting.shift()?.();
  }

  letThrough(): void {
    this.#isHeld = false;
    for (const goOn of this.#waiting.splice(0)) goOn();
  }

  async write(operations: readonly TableOperation[], options: { readonly sync: boolean }): Promise<void> {
    if (this.#isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await this.#table.write(operations, options);
  }

  /** What would be there after the loss of power. */
  crash(): MemoryTable {
    return this.#table.crash();
  }

  get(key: Uint8Array): ReturnType<Table['get']> {
    return this.#table.get(key);
  }

  reclaim(): Promise<void> {
    return this.#table.reclaim();
  }

  scan(range: Parameters<Table['scan']>[0]): ReturnType<Table['scan']> {
    return this.#table.scan(range);
  }

  scanBatches(range: Parameters<Table['scan']>[0]): ReturnType<Table['scanBatches']> {
    return this.#table.scanBatches(range);
  }

  scanRanges(ranges: Parameters<Table['scanRanges']>[0]): ReturnType<Table['scan']> {
    return this.#table.scanRanges(ranges);
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

/** An agent with one source, of readings of the metric `level`, on a disk that holds all writes from the start. */
export class SlowAgent implements AsyncDisposable {
  readonly disk: SlowTable;
  readonly source: Source;
  readonly #committer: Committer;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;

  private constructor(disk: SlowTable, spool: Spool, committer: Committer, section: Readonly<Record<string, unknown>>) {
    this.disk = disk;
    this.#committer = committer;
    this.source = declaredSource(section).open('door', {
      metrics: METRICS,
      registry: committer.dictionary,
      folder: '.',
      agent: 'edge-1',
      stdin: () => process.stdin,
      nowMs: Date.now,
      random: () => 0,
    });
    const sources = [this.source];
    const logger = pino({ level: 'silent' });
    this.#running = new SourceRunner({ committer, spool, sources, signal: this.#stop.signal, logger }).run();
  }

  static async start(section: Readonly<Record<string, unknown>>): Promise<SlowAgent> {
    const disk = new SlowTable();
    const spool = await Spool.open(disk, { bytesMax: 1e9, prefix: stringKey('spool') });
    const committer = await Committer.open({ id: 'edge-1', table: disk, spool, metrics: METRICS, nowMs: Date.now });
    disk.hold();
    return new SlowAgent(disk, spool, committer, section);
  }

  get totals(): AgentTotals {
    return this.#committer.totals;
  }

  /** Lets one write after the other through, as slowly as they come, until the condition holds. */
  async advanceUntil(condition: () => boolean): Promise<void> {
    while (!condition()) {
      this.disk.letOneThrough();
      await vi.waitUntil(() => condition() || this.disk.waiting > 0, WAIT);
    }
  }

  /** How many readings an agent would know after a loss of power at this moment. */
  async durable(): Promise<number> {
    const table = this.disk.crash();
    const spool = await Spool.open(table, { bytesMax: 1e9, prefix: stringKey('spool') });
    return (await Committer.open({ id: 'edge-1', table, spool, metrics: METRICS, nowMs: Date.now })).totals.counted;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.disk.letThrough();
    this.#stop.abort();
    await this.#running;
  }
}

/** Waits for a condition that the test can't bring about by itself. */
export function until(condition: () => boolean): Promise<unknown> {
  return vi.waitUntil(condition, WAIT);
}
