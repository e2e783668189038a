import { nearestNames } from '#core/time/nearest-name.ts';
import { NAME_CHARS_MAX, NAMES_REMEMBERED_MAX } from './limits.ts';
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

/** Names that are listed where none is near. */
const LISTED_MAX = 12;

/** Which names of metrics rules take, and which of them came. */
export class NameTally {
  readonly #wanted: ReadonlySet<string>;
  readonly #found = new Set<string>();
  readonly #others = new Set<string>();

  constructor(wanted: Iterable<string>) {
    this.#wanted = new Set(wanted);
  }

  /** Whether a rule takes metrics of this name, which came. */
  isTaken(name: string): boolean {
    const isTaken = this.#wanted.has(name);
    if (isTaken) this.#found.add(name);
    else if (name !== '' && name.length <= NAME_CHARS_MAX && this.#others.size < NAMES_REMEMBERED_MAX) {
      this.#others.add(name);
    }
    return isTaken;
  }

  /** Of each name that never came, once anything did, what may be meant. */
  remarks(): readonly string[] {
    const others = [...this.#others].filter((name) => name !== 'bdSeq' && !name.startsWith('Node Control/'));
    if (others.length === 0 && this.#found.size === 0) return [];
    return [...this.#wanted.difference(this.#found)].map((name) => {
      const nearest = nearestNames(name, others);
      const remedy =
        nearest.length > 0
          ? `did you mean ${nearest.join(' or ')}?`
          : `there were ${listed([...others, ...this.#found])}`;
      return `metric ${JSON.stringify(name)} came from no edge node so far; ${remedy}`;
    });
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - LISTED_MAX;
  return names.slice(0, LISTED_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
