import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { ChangeTable } from '#backbone/changes/change-table.ts';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { rowsOfSpan } from '#backbone/changes/row-span.ts';
import type { OpenLevel } from '#backbone/disk/kept-level.ts';
import { makeTemporaryDirectory, type TemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import type { Log } from '#backbone/log/log.ts';
import { declareView, liveVersion, ManifestStore } from '#backbone/manifests/manifest.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import type { WeirError } from '#core/errors.ts';
import { slicesIn } from '#core/fold/open-span.ts';
import type { View } from '#core/views/view.ts';
import type { LedgerHead } from '#core/wire/topics.ts';
import { type PartitionStatus, startSpeedLayer } from './speed-layer.ts';

/** What a run of the speed layer came to: the rows that are stored, the live version, the rows that listeners heard of. */
export interface Run {
  readonly rows: readonly SliceRow[];
  readonly version: number;
  readonly told: readonly SliceRow[];
  /** Writes that failed and were tried again. */
  readonly failures: readonly WeirError[];
  /** Rows of the largest commit. */
  readonly commitRowsMax: number;
  readonly status: PartitionStatus;
  readonly heads: readonly LedgerHead[];
}

export interface RunOptions {
  readonly until?: (rows: readonly SliceRow[]) => boolean;
  readonly rowsMax?: number;
  /** How the database of the table is opened. */
  readonly openLevel?: OpenLevel;
}

/** A data directory with a log of one partition, and a speed layer on it that can be stopped and started again. */
export class SpeedHarness implements AsyncDisposable {
  readonly #folder: TemporaryDirectory;

  private constructor(folder: TemporaryDirectory) {
    this.#folder = folder;
  }

  static async open(): Promise<SpeedHarness> {
    return new SpeedHarness(await makeTemporaryDirectory('speed'));
  }

  async appended(records: readonly (Uint8Array | null)[]): Promise<void> {
    await using log = await this.#log();
    for (const record of records) if (record !== null) await log.append(0, record);
  }

  /** Runs a speed layer on what the log holds until it has folded all, and `until` holds; gives the rows. */
  async run(view: View, options: RunOptions = {}): Promise<Run> {
    const { until = () => true, rowsMax, openLevel } = options;
    await using log = await this.#log();
    await using table = await openEmbeddedTable({ dir: join(this.#folder.dir, 'table') }, openLevel);
    await using state = await openEmbeddedKeyValue({ dir: join(this.#folder.dir, 'state') });
    const manifests = new ManifestStore(state);
    const holdsRecords = (await log.bounds(0)).last > 0;
    const manifest = await manifests.change(view.name, (current) => declareView(current, view, 1, { holdsRecords }));
    const changes = await ChangeTable.open(table);
    const told: SliceRow[] = [];
    const failures: WeirError[] = [];
    let commitRowsMax = 0;
    changes.onCommit(({ spans }) => {
      for (const row of spans.flatMap(rowsOfSpan)) told.push(row);
      const changed = spans.map((span) => slicesIn({ number: 0 }, span.changed).length);
      commitRowsMax = Math.max(
        commitRowsMax,
        changed.reduce((sum, rows) => sum + rows, 0),
      );
    });
    await using speed = await startSpeedLayer({
      log,
      table,
      changes,
      manifests,
      rowsMax,
      views: [manifest],
      writeFailed: (failure) => failures.push(failure),
    });
    const { last } = await log.bounds(0);
    let rows: readonly SliceRow[] = [];
    let version = 0;
    const isDone = vi.waitFor(async () => {
      expect(speed.hasReached([last])).toBe(true);
      const stored = await manifests.get(view.name);
      version = liveVersion(stored!).version;
      expect(liveVersion(stored!).folding).toBe(undefined);
      expect(version).toBe(manifest.versions.at(-1)!.version);
      rows = await Array.fromAsync(changes.allRows(view.name, version));
      expect(until(rows)).toBe(true);
    }, 5000);
    // Who has ended does no more of it.
    await Promise.race([isDone, speed.running]);
    await isDone;
    const [status] = speed.status();
    const heads = ['x', 'unknown'].map((agent) => speed.ledgerHead(agent));
    expect(speed.hasReached([last + 1])).toBe(false);
    await speed.drain();
    await speed.running;
    const forgotten = await Array.fromAsync({ length: version }, async (_, i) => {
      const isNamed = manifest.versions.some((one) => one.version === i + 1);
      return isNamed ? [] : Array.fromAsync(changes.allRows(view.name, i + 1));
    });
    expect(forgotten.flat()).toEqual([]);
    return { rows, version, told, failures, commitRowsMax, status: status!, heads };
  }

  /** Takes the log away; another one is made in its place. */
  async loseLog(): Promise<void> {
    await rm(join(this.#folder.dir, 'log'), { recursive: true });
  }

  async keepLog(): Promise<void> {
    await cp(join(this.#folder.dir, 'log'), join(this.#folder.dir, 'log-copy'), { recursive: true });
  }

  /** Brings the log back as it was kept. */
  async restoreLog(): Promise<void> {
    await this.loseLog();
    await cp(join(this.#folder.dir, 'log-copy'), join(this.#folder.dir, 'log'), { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#folder[Symbol.asyncDispose]();
  }

  #log(): Promise<Log> {
    return openEmbeddedLog({ dir: join(this.#folder.dir, 'log'), partitions: 1 });
  }
}
