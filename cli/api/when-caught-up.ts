import { setTimeout as sleep } from 'node:timers/promises';
import type { ServerStatus } from '../compose/server-status.ts';
import { askJson } from './ask.ts';

const LOOK_EVERY_MS = 20;

/** How long a question waits for the speed layer; one that is further behind answers with what it has, and how fresh it is. */
const WAIT_MS_MAX = 10_000;

/**
 * Waits until a running weir has folded all that its broker had acknowledged by now, so that who has sent something and
 * then asks gets it. It is milliseconds behind at most times.
 */
export async function whenCaughtUp(url: URL): Promise<void> {
  const { acknowledged, partitions } = await status(url);
  let committed = partitions;
  const untilMs = performance.now() + WAIT_MS_MAX;
  while (committed.some((one) => one.committed < (acknowledged[one.partition] ?? 0))) {
    if (performance.now() > untilMs) {
      process.stderr.write('what was sent last is still being folded; the answer says how fresh it is\n');
      return;
    }
    await sleep(LOOK_EVERY_MS);
    committed = (await status(url)).partitions;
  }
}

function status(url: URL): Promise<ServerStatus> {
  return askJson<ServerStatus>(url, { path: '/api/v1/status' });
}
