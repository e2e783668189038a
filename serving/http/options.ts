import type { Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { ChangeFeed } from '#backbone/changes/changes.ts';
import type { RenewedTls } from '#backbone/doors/renewed-tls.ts';
import type { ManifestStore } from '#backbone/manifests/manifest.ts';
import type { ResultReader } from '#backbone/results/results.ts';
import type { MissingRange } from '#core/ledger/ledger.ts';
import type { Metric } from '#core/metrics/metric.ts';
import type { SeriesName } from '#core/series/series.ts';
import type { View } from '#core/views/view.ts';
import type { ServingIdentity } from '../access/doorkeeper.ts';

/** Whether an agent is connected, and since when. */
export interface AgentPresence {
  readonly agent: string;
  readonly online: boolean;
  readonly sinceMs: number;
  readonly lastSeenMs: number;
}

export interface BatchOutcome {
  readonly version: number;
  readonly positions: unknown;
  readonly readings: number;
  /** As they are stored, and slices that they stand for. */
  readonly rows: number;
  readonly slices: number;
  readonly seconds: number;
}

export interface VerifyOutcome {
  readonly slices: number;
  readonly different: number;
}

/** Says how far an operation is, in whatever fields it has. */
export type Progress = (state: object) => void;

/** What the API can start in other parts. */
export interface Operations {
  batch(full: boolean, progress: Progress): Promise<BatchOutcome>;
  verify(progress: Progress): Promise<VerifyOutcome>;
  /** Makes the version or batch state before the live one live. */
  rollback?(view: string): Promise<unknown>;
}

/** What became of an order about an agent. */
export type OrderOutcome =
  | { readonly kind: 'done'; readonly changed: boolean; readonly series: number }
  | { readonly kind: 'refused'; readonly reason: 'unknown' | 'online'; readonly agent: string }
  /** Not one series is meant: how many are, of how many with the metric and device. */
  | { readonly kind: 'not-one'; readonly agent: string; readonly meant: number; readonly known: readonly SeriesName[] };

/** What can be decided about an agent that is gone. */
export interface AgentOrders {
  readmit(agent: string): Promise<OrderOutcome>;
  retire(agent: string): Promise<OrderOutcome>;
  handOver(from: string, to: string): Promise<OrderOutcome>;
  giveUp(agent: string, range: MissingRange): Promise<OrderOutcome>;
  /** `tags` are as many as tell it from others of its metric and device; `fromMs` is now where it isn't given. */
  endSeries(agent: string, series: SeriesName, fromMs?: number): Promise<OrderOutcome>;
}

/** Who else keeps the windows of the views. */
export interface StoreOrders {
  names(): readonly string[];
  /** Fills the store of that name anew. */
  rebuild(store: string, progress: Progress): Promise<unknown>;
}

/** Writes all that is needed to make the server again, as a tar file; ends when the signal aborts. */
export type TakeBackup = (write: (bytes: Uint8Array) => Promise<void>, signal: AbortSignal) => Promise<void>;

export interface ServingOptions {
  /** Port 0 takes a free one. */
  readonly listen: { readonly host: string; readonly port: number };
  readonly feed: ChangeFeed;
  readonly manifests: ManifestStore;
  readonly results: ResultReader;
  readonly metrics: ReadonlyMap<string, Metric>;
  readonly views: readonly View[];
  readonly presence: () => readonly AgentPresence[];
  readonly operations: Operations;
  /** Absent where no broker is at hand. */
  readonly orders?: AgentOrders | undefined;
  /** Absent where there is none. */
  readonly stores?: StoreOrders | undefined;
  /** Absent where nothing is kept. */
  readonly backup?: TakeBackup | undefined;
  /** Origins beside the server's own whose pages may read, exactly as browsers name them; none where not given. */
  readonly corsOrigins?: readonly string[];
  /** What runs, as JSON. */
  readonly status: () => unknown;
  readonly isReady: () => boolean;
  /** Why what is acknowledged now might be lost, looked at when it is asked; undefined where it is kept. */
  readonly whyNotKept: () => Promise<string | undefined>;
  readonly registry: Registry;
  /** Folder of the built dashboard; undefined or absent: a page that says how to build it. */
  readonly dashboardDir: string | undefined;
  /** Wall clock, in ms. */
  readonly clock: () => number;
  /** How those who ask are told apart; left out: nobody is asked who they are. */
  readonly identity?: ServingIdentity | undefined;
  /** With what connections are encrypted; left out: not at all. */
  readonly tls?: RenewedTls | undefined;
  readonly logger: Logger;
  /** Bytes of pages that the index holds; INDEX_BYTES_DEFAULT where not given. */
  readonly indexBytesMax?: number;
}
