import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { SliceFeed } from '#backbone/answers/slice-feed.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import type { View } from '#core/views/view.ts';
import { InfluxStore } from '#view-stores/influx/influx-store.ts';
import type { StoreStatus } from '#view-stores/store-status.ts';
import type { WeirConfig } from '../config/schema.ts';

export interface StoresOptions {
  readonly stores: WeirConfig['stores'];
  /** Where relative paths of the configuration start. */
  readonly folder: string;
  readonly dataDir: string;
  readonly views: readonly View[];
  readonly logger: Logger;
}

/** The stores that keep windows for other tools. What they are told of comes once serving is there. */
export class Stores implements AsyncDisposable {
  readonly #options: StoresOptions;
  readonly #stack = new AsyncDisposableStack();
  #influx: InfluxStore | undefined;

  constructor(options: StoresOptions) {
    this.#options = options;
  }

  /** Starts those that are configured. Throws what opening their tables throws. */
  async start(feed: SliceFeed): Promise<void> {
    const { stores, folder, dataDir, views, logger } = this.#options;
    const { influx } = stores;
    if (influx === undefined) return;
    const { url, org, bucket, token, ca } = influx;
    const caFile = ca === undefined ? undefined : resolve(folder, ca);
    this.#influx = this.#stack.use(
      await InfluxStore.start({
        address: { url, org, bucket, tokenFile: resolve(folder, token.file), caFile },
        feed,
        views: views.map(({ name }) => name),
        table: this.#stack.use(await openEmbeddedTable({ dir: join(dataDir, 'stores', 'influx') })),
        clock: Date.now,
        random: Math.random,
        logger: logger.child({ part: 'view-stores' }),
      }),
    );
  }

  /** The names of those that can be rebuilt. */
  names(): readonly string[] {
    return this.#influx === undefined ? [] : [this.#influx.name];
  }

  status(): readonly StoreStatus[] {
    return this.#influx === undefined ? [] : [this.#influx.status()];
  }

  /** Fills a store anew; its name is one of `names`. */
  rebuild(name: string, progress: (state: object) => void): Promise<unknown> {
    return name === this.#influx?.name ? this.#influx.rebuild(progress) : Promise.resolve(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}

/** Measures what stores have been told, as it is asked for. */
export function measureStores(registry: Registry, stores: Pick<Stores, 'status'>): void {
  const gauge = (name: string, help: string, value: (status: StoreStatus) => number): void => {
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames: ['store'],
      registers: [registry],
      collect: () => {
        for (const status of stores.status()) one.set({ store: status.store }, value(status));
      },
    });
  };
  const counter = (name: string, help: string, value: (status: StoreStatus) => number): void => {
    const one: Counter = new Counter({
      name,
      help,
      labelNames: ['store'],
      registers: [registry],
      collect: () => {
        one.reset();
        for (const status of stores.status()) one.inc({ store: status.store }, value(status));
      },
    });
  };
  gauge('weir_store_up', 'Whether a view store takes what it is told', ({ state }) => (state === 'failing' ? 0 : 1));
  gauge(
    'weir_store_behind_seconds',
    'For how long something has waited to be told to a view store',
    (status) => status.behindSeconds,
  );
  gauge(
    'weir_store_untold_slices',
    'Slices that a view store is still to be told, about',
    ({ untold }) => untold ?? Number.POSITIVE_INFINITY,
  );
  counter('weir_store_slices_total', 'Slices that a view store has acknowledged', ({ written }) => written);
  counter(
    'weir_store_forgotten_slices_total',
    'Slices that a view store dropped by its retention',
    ({ forgotten }) => forgotten,
  );
  counter('weir_store_failures_total', 'Requests to a view store that failed', ({ failures }) => failures);
}
