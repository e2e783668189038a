import { join, resolve } from 'node:path';
import { readCertificates, readSecretFile } from '#backbone/doors/secret-file.ts';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import type { KeyValue } from '#backbone/key-value/key-value.ts';
import { openNatsKeyValue } from '#backbone/key-value/nats-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { LogPartitionsMissing } from '#backbone/log/log-errors.ts';
import type { Log } from '#backbone/log/log.ts';
import { openNatsLog } from '#backbone/log/nats-log.ts';
import type { NatsLogin } from '#backbone/nats/nats-connection.ts';
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

/**
 * Opens the backbone that the configuration names, and the local table in the data directory; relative paths of files start at
 * `folder`.
 */
export async function openStorage(backbone: BackboneConfig, dataDir: string, folder = '.'): Promise<Storage> {
  await using stack = new AsyncDisposableStack();
  const login = await readNatsLogin(backbone, folder);
  const log = stack.use(await openLog(backbone, dataDir, login));
  const isNats = backbone.kind === 'nats';
  const state = stack.use(
    isNats
      ? await openNatsKeyValue({ servers: backbone.servers, login })
      : await openEmbeddedKeyValue({ dir: join(dataDir, 'state') }),
  );
  const objects = stack.use(
    isNats
      ? await openNatsObjects({ servers: backbone.servers, login })
      : await openEmbeddedObjects({ dir: join(dataDir, 'objects') }),
  );
  const table = stack.use(await openEmbeddedTable({ dir: join(dataDir, 'speed') }));
  const owned = stack.move();
  return { log, state, objects, table, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const CREDENTIALS_BYTES_MAX = 65_536;

/** Throws FileUnusable. */
async function readNatsLogin(backbone: BackboneConfig, folder: string): Promise<NatsLogin> {
  if (backbone.kind !== 'nats') return {};
  const { credentials, ca } = backbone;
  const field = 'backbone.credentials.file';
  return {
    credentials:
      credentials === undefined
        ? undefined
        : await readSecretFile(resolve(folder, credentials.file), field, CREDENTIALS_BYTES_MAX),
    ca: ca === undefined ? undefined : await readCertificates(resolve(folder, ca), 'backbone.ca'),
  };
}

/** A log keeps the number of partitions it was made with; a new one gets the configured number, or a default. */
async function openLog(backbone: BackboneConfig, dataDir: string, login: NatsLogin): Promise<Log> {
  const open = (partitions: number | undefined): Promise<Log> =>
    backbone.kind === 'nats'
      ? openNatsLog({ servers: backbone.servers, login, partitions, monitor: backbone.monitor })
      : openEmbeddedLog({ dir: join(dataDir, 'log'), partitions });
  try {
    return await open(backbone.partitions);
  } catch (error) {
    if (backbone.partitions !== undefined || !(error instanceof LogPartitionsMissing)) throw error;
    return open(PARTITIONS_DEFAULT);
  }
}
