import { join, resolve } from 'node:path';
import type { Logger } from 'pino';
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
    const { url, org, bucket, token, ca, fields } = influx;
    const caFile = ca === undefined ? undefined : resolve(folder, ca);
    this.#influx = this.#stack.use(
      await InfluxStore.start({
        address: { url, org, bucket, tokenFile: resolve(folder, token.file), caFile },
        fields,
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
