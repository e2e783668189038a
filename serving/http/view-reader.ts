import type { Context } from 'hono';
import type { BatchState } from '#backbone/manifests/manifest.ts';
import { confinedTo, rowsFor } from '#core/identity/permits.ts';
import { ANYONE, type Principal } from '#core/identity/principal.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import type { View } from '#core/views/view.ts';
import { parseTime, parseZone, QueryError, type TagFilter } from '../answers/query.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import type { ViewSource } from '../index/view-source.ts';
import type { ServingOptions } from './options.ts';

/** A view as it is answered now, and the metric behind it. */
export interface ViewAndMetric {
  readonly view: View;
  readonly metric: Metric;
}

/** The reader for who sends a request. */
export type ReaderOf = (c: Context) => ViewReader;

/** Finds what a query names; what is not there is a QueryError that names the nearest. */
export class ViewReader {
  readonly index: ServingIndex;
  readonly #options: Pick<ServingOptions, 'views' | 'metrics' | 'clock'>;
  readonly #principal: Principal;

  /** What is not for the principal is answered like what isn't there. */
  constructor(
    index: ServingIndex,
    options: Pick<ServingOptions, 'views' | 'metrics' | 'clock'>,
    principal: Principal = ANYONE,
  ) {
    this.index = index;
    this.#options = options;
    this.#principal = principal;
  }

  /** The same for somebody else. */
  as(principal: Principal): ViewReader {
    return principal.kind === 'anyone' ? this : new ViewReader(this.index, this.#options, principal);
  }

  /** The declared views that may be asked. */
  views(): readonly View[] {
    return this.#options.views.filter((view) => rowsFor(this.#principal, view) !== null);
  }

  /** What is asked of a view, as far as it may be seen. */
  confined(view: View, asked: TagFilter): TagFilter {
    const rows = rowsFor(this.#principal, view);
    if (rows === null) throw this.#undeclared(view.name);
    return confinedTo(rows, asked);
  }

  /** What `now` is in a query. */
  nowMs(): number {
    return this.#options.clock();
  }

  /** Throws where no view of that name is declared. */
  checkName(name: string): void {
    if (!this.views().some((view) => view.name === name)) throw this.#undeclared(name);
  }

  #undeclared(name: string): QueryError {
    const names = this.views().map((view) => view.name);
    const nearest = nearestNames(name, names);
    const known = names.length === 0 ? 'none is declared; add one under `views`' : `known are ${names.join(', ')}`;
    const remedy = nearest.length === 0 ? known : `did you mean ${nearest.join(' or ')}? ${known}`;
    return new QueryError('view', name, 'is not declared', remedy, 404);
  }

  /** The live source of a view, or that of the batch state which `asOf` names. */
  source(name: string, asOf: string | undefined): ViewSource {
    this.checkName(name);
    const source = this.index.source(name);
    if (source === undefined) throw new QueryError('view', name, 'is not open yet', 'ask again in a moment', 503);
    if (asOf === undefined) return source;
    return this.index.asOfSource(name, this.#batchState(name, source, asOf));
  }

  /** Whether the metric that a source answers about is declared still. */
  declares(source: ViewSource): boolean {
    return this.#options.metrics.has(source.id.view.metric);
  }

  /** What a source answers about. */
  about(source: ViewSource): ViewAndMetric {
    const { view } = source.id;
    const metric = this.#options.metrics.get(view.metric);
    if (metric !== undefined) return { view, metric };
    throw new QueryError(
      'metric',
      view.metric,
      `of view ${view.name} is no longer declared`,
      'declare it under `metrics`',
      409,
    );
  }

  /** The newest batch state that was published by an instant, or the one of a cut: its positions with commas between. */
  #batchState(name: string, source: ViewSource, asOf: string): BatchState {
    const version = this.index.manifest(name)?.versions.find((one) => one.version === source.id.version);
    const states =
      version === undefined ? [] : [version.batch, ...version.history].filter(({ results }) => results.length > 0);
    if (/^\d+(?:,\d+)*$/.test(asOf)) {
      const found = states.find(({ cut }) => cut.join(',') === asOf);
      if (found !== undefined) return found;
      const cuts = states.map(({ cut }) => cut.join(','));
      throw new QueryError(
        'asOf',
        asOf,
        'is no cut that is kept',
        cuts.length === 0 ? 'run a batch first' : `kept are ${cuts.join(' and ')}`,
      );
    }
    const atMs = parseTime('asOf', asOf, parseZone(undefined), this.nowMs());
    const found = states
      .filter(({ publishedAtMs }) => publishedAtMs <= atMs)
      .sort((a, b) => b.publishedAtMs - a.publishedAtMs)[0];
    if (found !== undefined) return found;
    throw new QueryError(
      'asOf',
      asOf,
      'is before every batch result that is kept',
      'ask for a later instant, or run a batch',
    );
  }
}
