import { join } from 'node:path';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import type { KeyValue } from '#backbone/key-value/key-value.ts';
import { openNatsKeyValue } from '#backbone/key-value/nats-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { LogPartitionsMissing } from '#backbone/log/log-errors.ts';
import type { Log } from '#backbone/log/log.ts';
import { openNatsLog } from '#backbone/log/nats-log.ts';
import { openEmbeddedObjects } from '#backbone/objects/embedded-objects.ts';
import { openNatsObjects } from '#backbone/objects/nats-objects.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import type { Table } from '#backbone/table/table.ts';
import type { BackboneConfig } from '../config/schema.ts';

/** Partitions of a log that is made without a wish for another number. */
const PARTITIONS_DEFAULT = 4;

/** Everything durable that the server's parts work on. */
export interface Storage extends AsyncDisposable {
  readonly log: Log;
  readonly state: KeyValue;
  readonly objects: Objects;
  /** Local, whatever the backbone is: it can be made again from the log. */
  readonly table: Table;
}

/** Opens the backbone that the configuration names, and the local table in the data directory. */
export async function openStorage(backbone: BackboneConfig, dataDir: string): Promise<Storage> {
  await using stack = new AsyncDisposableStack();
  const log = stack.use(await openLog(backbone, dataDir));
  const isNats = backbone.kind === 'nats';
  const state = stack.use(
    isNats
      ? await openNatsKeyValue({ servers: backbone.servers })
      : await openEmbeddedKeyValue({ dir: join(dataDir, 'state') }),
  );
  const objects = stack.use(
    isNats
      ? await openNatsObjects({ servers: backbone.servers })
      : await openEmbeddedObjects({ dir: join(dataDir, 'objects') }),
  );
  const table = stack.use(await openEmbeddedTable({ dir: join(dataDir, 'speed') }));
  const owned = stack.move();
  return { log, state, objects, table, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** A log keeps the number of partitions it was made with; a new one gets the configured number, or a default. */
async function openLog(backbone: BackboneConfig, dataDir: string): Promise<Log> {
  const open = (partitions: number | undefined): Promise<Log> =>
    backbone.kind === 'nats'
      ? openNatsLog({ servers: backbone.servers, partitions, monitor: backbone.monitor })
      : openEmbeddedLog({ dir: join(dataDir, 'log'), partitions });
  try {
    return await open(backbone.partitions);
  } catch (error) {
    if (backbone.partitions !== undefined || !(error instanceof LogPartitionsMissing)) throw error;
    return open(PARTITIONS_DEFAULT);
  }
}
