import type { Logger } from 'pino';
import { startServer } from '#cli/compose/server.ts';
import { forgetWaiting } from '#serving/answers/turns.ts';
import type { Setting } from '../plan/plan.ts';
import type { RunningProcess } from './supervised.ts';
import { weirConfig } from './weir-config.ts';

export const HTTP_PORT = 8484;
export const MQTT_PORT = 1883;

/** Few, so that segments of a world's archive are sealed, and compacted. */
const SEGMENT_BYTES_MAX = 2_000;

/** A few pages, so that some of a world's views are let go of, and read again. */
const INDEX_BYTES_MAX = 512 * 1024;

/** `weir up`, as far as it isn't the command line's: all parts of the server in one process. */
export async function startServerProcess(setting: Setting, logger: Logger): Promise<RunningProcess> {
  forgetWaiting();
  const server = await startServer({
    config: weirConfig(setting),
    dataDir: '/data',
    http: { host: '0.0.0.0', port: HTTP_PORT },
    mqtt: { host: '0.0.0.0', port: MQTT_PORT },
    segmentBytesMax: SEGMENT_BYTES_MAX,
    indexBytesMax: INDEX_BYTES_MAX,
    dashboardDir: undefined,
    version: 'simulated',
    logger,
  });
  return server;
}
