import type { BatchState } from '#backbone/manifests/manifest.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import type { View } from '#core/views/view.ts';
import { parseTime, parseZone, QueryError } from '../answers/query.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import type { ViewSource } from '../index/view-source.ts';
import type { ServingOptions } from './options.ts';

/** A view as it is answered now, and the metric behind it. */
export interface ViewAndMetric {
  readonly view: View;
  readonly metric: Metric;
}

/** Finds what a query names; what is not there is a QueryError that names the nearest. */
export class ViewReader {
  readonly index: ServingIndex;
  readonly #options: Pick<ServingOptions, 'views' | 'metrics' | 'clock'>;

  constructor(index: ServingIndex, options: Pick<ServingOptions, 'views' | 'metrics' | 'clock'>) {
    this.index = index;
    this.#options = options;
  }

  /** What `now` is in a query. */
  nowMs(): number {
    return this.#options.clock();
  }

  /** Throws where no view of that name is declared. */
  checkName(name: string): void {
    const names = this.#options.views.map((view) => view.name);
    if (names.includes(name)) return;
    const nearest = nearestNames(name, names);
    const known = names.length === 0 ? 'none is declared; add one under `views`' : `known are ${names.join(', ')}`;
    const remedy = nearest.length === 0 ? known : `did you mean ${nearest.join(' or ')}? ${known}`;
    throw new QueryError('view', name, 'is not declared', remedy, 404);
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
