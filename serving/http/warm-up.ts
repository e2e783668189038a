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
/** After so long readers are let in. */
const WARM_UP_TIMEOUT_MS = 500;

/** Rows that the groups of a view have, about, in what is asked of all of them: enough for the compiler, and read in a tenth of a second. */
const WIDE_ROWS = 200_000;
/** With more groups than this that would be an answer of too many lines. */
const WIDE_GROUPS_MAX = 10_000;
/** With fewer it tells nothing new. */
const WIDE_GROUPS_MIN = 64;

/** Questions that are asked before the first reader's. Its end waits for the one that is being answered, and leaves the others out. */
export interface WarmUp extends AsyncDisposable {
  /** Resolves once they are answered, or as many of them as the time allows; the others are asked beside the first readers. */
  readonly enough: Promise<void>;
}

/**
 * Asks for a page of windows of some groups, and for fewer of all where these are many, as a reader would: code is compiled when it
 * is first run, which costs the first question of a process ten times what others take, and a first one of all groups half as
 * much again. Nothing is counted as a request, and nobody is told.
 */
export function startWarmUp(
  reader: ViewReader,
  views: readonly View[],
  logger: Logger,
  timeoutMs = WARM_UP_TIMEOUT_MS,
): WarmUp {
  const app = openApp(logger);
  addQueryRoutes(app, reader.index, () => reader);
  const enough = Promise.withResolvers<void>();
  const stop = new AbortController();
  const startedMs = performance.now();
  const askAll = async (): Promise<void> => {
    for await (const path of questions(reader, views)) {
      if (stop.signal.aborted) return;
      const response = await app.request(path);
      await response.arrayBuffer();
      if (performance.now() - startedMs >= timeoutMs) enough.resolve();
    }
  };
  const done = askAll()
    // A source that is replaced just now; whoever asks next is told if it is more.
    .catch((error: unknown) => logger.debug({ reason: reasonOf(error) }, 'the first questions will take longer'))
    .finally(() => enough.resolve());
  return {
    enough: enough.promise,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await done;
    },
  };
}

async function* questions(reader: ViewReader, views: readonly View[]): AsyncGenerator<string> {
  const paths = await pathsOf(reader, views);
  for (let i = 0; i < QUESTIONS && paths.length > 0; i++)
    yield `${paths[i % paths.length]}&format=${i % 2 === 0 ? 'csv' : 'json'}`;
  for await (const path of widePaths(reader, views)) yield `${path}&format=csv`;
}

/** Questions of single groups, of each view in turn. */
async function pathsOf({ index }: ViewReader, views: readonly View[]): Promise<readonly string[]> {
  const paths: string[][] = [];
  for (const { name } of views.slice(0, QUESTIONS)) {
    const source = index.source(name);
    const extent = await source?.extent();
    if (source === undefined || extent === undefined) continue;
    const { view } = source.id;
    const groups = [...Iterator.from(source.allGroups()).take(Math.ceil(QUESTIONS / views.length))];
    paths.push(
      groups.map(({ tags }) => pathOf(view, extent.toSlice - PAGE_SLICES, extent.toSlice, view.sliceMs, tags)),
    );
  }
  return Array.from({ length: QUESTIONS }, (_, i) => paths.flatMap((some) => some[i] ?? [])).flat();
}

/** A question of all groups of the view that has most of them, where they are many. */
async function* widePaths({ index }: ViewReader, views: readonly View[]): AsyncGenerator<string> {
  const sources = views.flatMap(({ name }) => index.source(name) ?? []);
  const [source] = sources.toSorted((a, b) => b.groups().length - a.groups().length);
  const extent = await source?.extent();
  if (source === undefined || extent === undefined) return;
  const count = source.groups().length;
  if (count < WIDE_GROUPS_MIN || count > WIDE_GROUPS_MAX) return;
  const windowSlices = 4;
  const slices = windowSlices * Math.ceil(WIDE_ROWS / count / windowSlices);
  const to = windowSlices * Math.floor(extent.toSlice / windowSlices);
  yield pathOf(source.id.view, to - slices, to, windowSlices * source.id.view.sliceMs, []);
}

/** A question for windows of the slices [fromSlice, toSlice), of a group or of all. */
function pathOf(
  { name, by, sliceMs }: View,
  fromSlice: number,
  toSlice: number,
  windowMs: number,
  tags: readonly string[],
): string {
  const asked = new URLSearchParams({
    from: formatInstant(Math.max(INSTANT_MIN_MS, fromSlice * sliceMs)),
    to: formatInstant(Math.min(INSTANT_MAX_MS, toSlice * sliceMs)),
    window: formatDuration({ kind: 'fixed', ms: windowMs }),
  });
  for (const [i, tag] of tags.entries()) asked.append(by[i]!, tag);
  return `/api/v1/views/${encodeURIComponent(name)}/windows?${asked.toString()}`;
}
