import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import { reasonOf, WeirError } from '#core/errors.ts';
import { QueryError } from '../answers/query.ts';
import type { TakeBackup } from './options.ts';
import { CHANGE_PROBLEMS } from './schemas.ts';

/** How long a reader may take nothing: what waits for it keeps batch runs waiting too. */
const READER_TIMEOUT_MS = 60_000;

const CONTENT_TYPE = 'application/x-tar';

const backupRoute = createRoute({
  method: 'post',
  path: '/api/v1/backup',
  summary: 'Tells all that is needed to make the server again, as of now',
  responses: {
    200: {
      description:
        'A tar file; its last file is backup.json, with the checksums of all others. Without that it was cut off',
      content: { [CONTENT_TYPE]: { schema: z.string() } },
    },
    409: CHANGE_PROBLEMS[409],
  },
});

/** Nobody takes what is sent. */
class BackupNotRead extends WeirError {
  readonly kind = 'backup-not-read';
  constructor() {
    super(`The reader of the backup has taken nothing for ${READER_TIMEOUT_MS / 1000} s. Take it again.`, {
      fault: 'world',
    });
  }
}

/** Adds the route that a backup is taken by, one at a time. */
export function addBackupRoute(app: OpenAPIHono, take: TakeBackup, logger: Logger): void {
  let isRunning = false;
  // The library takes every answer for JSON or text, so it is described to it and answered beside it.
  app.openAPIRegistry.registerPath(backupRoute);
  app.post(backupRoute.path, () => {
    if (isRunning) throw new QueryError('operation', 'backup', 'is running already', 'wait until it has ended', 409);
    isRunning = true;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
    void send(take, writable.getWriter(), logger).finally(() => (isRunning = false));
    return new Response(readable, { headers: { 'content-type': CONTENT_TYPE, 'cache-control': 'no-store' } });
  });
}

/** Sends a backup to its end; one that fails is cut off, which its reader sees. */
async function send(take: TakeBackup, writer: WritableStreamDefaultWriter<Uint8Array>, logger: Logger): Promise<void> {
  const stop = new AbortController();
  writer.closed.catch((failure: unknown) => stop.abort(failure));
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (bytes.length === 0) return;
    const timer = setTimeout(() => void writer.abort(new BackupNotRead()), READER_TIMEOUT_MS);
    await writer.write(bytes).finally(() => clearTimeout(timer));
  };
  try {
    await take(write, stop.signal);
    await writer.close();
    logger.info('a backup was taken');
  } catch (failure) {
    logger.error({ reason: reasonOf(failure) }, 'a backup was cut off');
    await writer.abort(failure).catch(() => undefined);
  }
}
