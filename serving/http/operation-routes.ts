import { createRoute, type OpenAPIHono, z } from '@hono/zod-openapi';
import type { Logger } from 'pino';
import { reasonOf } from '#core/errors.ts';
import { QueryError } from '../answers/query.ts';
import type { Operations, Progress, ServingOptions, StoreOrders } from './options.ts';
import { problemOf } from './problem.ts';
import { AnyObject, CHANGE_PROBLEMS, jsonDoc, ViewPath } from './schemas.ts';
import type { ViewReader } from './view-reader.ts';

/** Progress lines that wait for a slow reader; beyond it the oldest are left out, since a later one says more. */
const PROGRESS_WAITING_MAX = 16;

const LINES = {
  description: 'Lines of JSON: {"progress": …} while it runs, then {"result": …} or {"problem": …}',
  content: { 'application/x-ndjson': { schema: z.string() } },
};

const LINES_HEADERS = { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' };

const BatchBody = z.strictObject({ full: z.boolean().default(false) });

const batchRoute = createRoute({
  method: 'post',
  path: '/api/v1/batch',
  summary: 'Cuts the log, recomputes and publishes',
  request: {
    body: { required: false, content: { 'application/json': { schema: BatchBody } } },
  },
  responses: { 200: LINES, 400: CHANGE_PROBLEMS[400], 409: CHANGE_PROBLEMS[409] },
});

const verifyRoute = createRoute({
  method: 'post',
  path: '/api/v1/verify',
  summary: 'Recomputes everything and compares it with the live result and the speed layer, bit by bit',
  responses: { 200: LINES, 409: CHANGE_PROBLEMS[409] },
});

const rebuildRoute = createRoute({
  method: 'post',
  path: '/api/v1/stores/{store}/rebuild',
  summary: 'Removes what a store that keeps windows for other tools has of the views, and writes it again',
  request: {
    params: z.object({ store: z.string().openapi({ description: 'Its name under `stores`', example: 'influx' }) }),
  },
  responses: { 200: LINES, 404: CHANGE_PROBLEMS[404], 409: CHANGE_PROBLEMS[409] },
});

const rollbackRoute = createRoute({
  method: 'post',
  path: '/api/v1/views/{view}/rollback',
  summary: 'Makes what was live before live again',
  request: { params: ViewPath },
  responses: { 200: jsonDoc('What is live now', AnyObject), ...CHANGE_PROBLEMS },
});

export function addOperationRoutes(
  app: OpenAPIHono,
  reader: Pick<ViewReader, 'checkName'>,
  options: Pick<ServingOptions, 'operations' | 'stores' | 'logger'>,
): void {
  const { operations, stores, logger } = options;
  const runs = new OperationRuns(logger);
  // The library takes x-ndjson for JSON, so these two are described to it and answered beside it.
  for (const described of [batchRoute, verifyRoute, ...(stores === undefined ? [] : [rebuildRoute])])
    app.openAPIRegistry.registerPath(described);
  app.post(batchRoute.path, async (c) => {
    const { full } = parseBatchBody(await c.req.text());
    return new Response(
      runs.start('batch', (progress) => operations.batch(full, progress)),
      { headers: LINES_HEADERS },
    );
  });
  app.post(
    verifyRoute.path,
    () =>
      new Response(
        runs.start('verify', (progress) => operations.verify(progress)),
        { headers: LINES_HEADERS },
      ),
  );
  if (stores !== undefined) addRebuild(app, runs, stores);
  if (operations.rollback !== undefined) addRollback(app, reader, operations.rollback.bind(operations));
}

function addRebuild(app: OpenAPIHono, runs: OperationRuns, stores: StoreOrders): void {
  app.post('/api/v1/stores/:store/rebuild', (c) => {
    const store = c.req.param('store');
    const names = stores.names();
    if (!names.includes(store)) {
      const remedy =
        names.length === 0 ? 'none is configured; add one under `stores`' : `known are ${names.join(', ')}`;
      throw new QueryError('store', store, 'is not configured', remedy, 404);
    }
    return new Response(
      runs.start(`rebuild ${store}`, (progress) => stores.rebuild(store, progress)),
      { headers: LINES_HEADERS },
    );
  });
}

/** The body of a batch request; none is the same as {}. */
function parseBatchBody(text: string): z.infer<typeof BatchBody> {
  let body: unknown;
  try {
    body = text.trim() === '' ? {} : JSON.parse(text);
  } catch {
    body = undefined;
  }
  const parsed = BatchBody.safeParse(body);
  if (parsed.success) return parsed.data;
  throw new QueryError(
    'body',
    text.slice(0, 80),
    'is not what a batch takes',
    'send {"full": true}, {"full": false} or nothing',
  );
}

function addRollback(
  app: OpenAPIHono,
  reader: Pick<ViewReader, 'checkName'>,
  rollback: NonNullable<Operations['rollback']>,
): void {
  app.openapi(rollbackRoute, async (c) => {
    const { view } = c.req.valid('param');
    reader.checkName(view);
    const result = await rollback(view);
    return c.json(typeof result === 'object' && result !== null ? (result as Record<string, unknown>) : { view }, 200);
  });
}

/** Runs one operation of a kind at a time; it goes on when its reader leaves. */
class OperationRuns {
  readonly #logger: Logger;
  readonly #running = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  start(name: string, run: (progress: Progress) => Promise<unknown>): ReadableStream<Uint8Array> {
    if (this.#running.has(name))
      throw new QueryError('operation', name, 'is running already', 'wait until it has ended', 409);
    this.#running.add(name);
    const lines = new ProgressLines();
    run((state) => lines.progress({ progress: state }))
      .then(
        (result) => lines.end({ result }),
        (failure: unknown) => {
          this.#logger.error({ operation: name, reason: reasonOf(failure) }, 'an operation failed');
          lines.end({ problem: problemOf(failure) });
        },
      )
      .finally(() => this.#running.delete(name));
    return lines.body;
  }
}

/** Lines for a reader of any speed: progress may be left out, the end may not. */
class ProgressLines {
  readonly #waiting: object[] = [];
  #isEnded = false;
  #wake: () => void = () => undefined;
  readonly body = new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      if (this.#waiting.length === 0 && !this.#isEnded) await new Promise<void>((resolve) => (this.#wake = resolve));
      const line = this.#waiting.shift();
      if (line === undefined) controller.close();
      else controller.enqueue(Buffer.from(`${JSON.stringify(line)}\n`));
    },
  });

  progress(line: object): void {
    if (this.#waiting.length >= PROGRESS_WAITING_MAX) this.#waiting.shift();
    this.#waiting.push(line);
    this.#wake();
  }

  end(line: object): void {
    this.progress(line);
    this.#isEnded = true;
    this.#wake();
  }
}
