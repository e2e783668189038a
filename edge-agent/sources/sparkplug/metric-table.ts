import { type SparkplugMetric, toNumber } from './payload.ts';

/** A metric that a birth has defined and a rule of the source takes. */
export interface MetricDefinition {
  /** Trimmed of spaces, as the text of every field is. */
  readonly name: string;
  readonly datatype: number;
}

/** What an alias stands for that no rule takes, that nobody has defined, or that a birth gave to two metrics. */
export type Unresolved = 'untaken' | 'unknown' | 'ambiguous';

/** The metrics of an edge node, or of a device of it, as its birth defined them. Aliases are looked up per device. */
export class MetricTable {
  readonly #isTaken: (name: string) => boolean;
  readonly #byAlias = new Map<number, MetricDefinition | 'untaken' | 'ambiguous'>();
  readonly #byName = new Map<string, MetricDefinition>();

  constructor(birth: readonly SparkplugMetric[], isTaken: (name: string) => boolean) {
    this.#isTaken = isTaken;
    for (const metric of birth) this.#define(metric);
  }

  #define(metric: SparkplugMetric): void {
    const name = metric.name.trim();
    const { datatype } = metric;
    // What has no name can't be meant by any rule.
    const definition = this.#isTaken(name) ? { name, datatype } : 'untaken';
    if (definition !== 'untaken') this.#byName.set(name, definition);
    if (!Object.hasOwn(metric, 'alias')) return;
    const alias = toNumber(metric.alias);
    const known = this.#byAlias.get(alias);
    // The values of one metric over time may stand in one birth.
    const isSame = known === undefined || (typeof known === 'object' ? known.name === name : known === definition);
    this.#byAlias.set(alias, isSame ? definition : 'ambiguous');
  }

  /** What a metric of a message is. One that says its name and datatype needs no birth. */
  resolve(metric: SparkplugMetric): MetricDefinition | Unresolved {
    if (metric.name !== '') {
      const name = metric.name.trim();
      const { datatype } = metric;
      if (!this.#isTaken(name)) return 'untaken';
      return this.#byName.get(name) ?? (datatype === 0 ? 'unknown' : { name, datatype });
    }
    return Object.hasOwn(metric, 'alias') ? (this.#byAlias.get(toNumber(metric.alias)) ?? 'unknown') : 'untaken';
  }
}
