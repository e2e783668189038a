import type { Logger } from 'pino';
import { reasonOf } from '#core/errors.ts';
import { formatDuration } from '#core/time/duration.ts';
import { formatInstant, INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import type { View } from '#core/views/view.ts';
import { PAGE_SLICES } from '../index/page-size.ts';
import { openApp } from './app.ts';
import { addQueryRoutes } from './query-routes.ts';
import type { ViewReader } from './view-reader.ts';

/** Questions that are asked, views and groups in turn: after some ten the compiler has seen what matters. */
const QUESTIONS = 12;
/** After so long the rest is left to the first readers. */
const WARM_UP_TIMEOUT_MS = 500;

/**
 * Asks for a page of windows of some groups, as a reader would: code is compiled when it is first run, which costs the first
 * question of a process ten times what others take. Nothing is counted as a request, and nobody is told.
 */
export async function warmUp(reader: ViewReader, views: readonly View[], logger: Logger): Promise<void> {
  const app = openApp(logger);
  addQueryRoutes(app, reader.index, () => reader);
  const startedMs = performance.now();
  try {
    const paths = await pathsOf(reader, views);
    for (let i = 0; i < QUESTIONS && paths.length > 0 && performance.now() - startedMs < WARM_UP_TIMEOUT_MS; i++) {
      const response = await app.request(`${paths[i % paths.length]}&format=${i % 2 === 0 ? 'csv' : 'json'}`);
      await response.arrayBuffer();
    }
  } catch (error) {
    // A source that is replaced just now; whoever asks next is told if it is more.
    logger.debug({ reason: reasonOf(error) }, 'the first questions will take longer');
  }
}

/** Questions of single groups, of each view in turn. */
async function pathsOf({ index }: ViewReader, views: readonly View[]): Promise<readonly string[]> {
  const paths: string[][] = [];
  for (const { name } of views.slice(0, QUESTIONS)) {
    const source = index.source(name);
    const extent = await source?.extent();
    if (source === undefined || extent === undefined) continue;
    const { by, sliceMs } = source.id.view;
    const to = formatInstant(Math.min(INSTANT_MAX_MS, extent.toSlice * sliceMs));
    const from = formatInstant(Math.max(INSTANT_MIN_MS, (extent.toSlice - PAGE_SLICES) * sliceMs));
    const window = formatDuration({ kind: 'fixed', ms: sliceMs });
    const groups = source.someGroups(Math.ceil(QUESTIONS / views.length));
    paths.push(
      groups.map(({ tags }) => {
        const asked = new URLSearchParams({ from, to, window });
        for (const [i, tag] of by.entries()) asked.append(tag, tags[i]!);
        return `/api/v1/views/${encodeURIComponent(name)}/windows?${asked.toString()}`;
      }),
    );
  }
  return Array.from({ length: QUESTIONS }, (_, i) => paths.flatMap((some) => some[i] ?? [])).flat();
}
