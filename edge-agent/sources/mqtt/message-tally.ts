import { nearestNames } from '#core/time/nearest-name.ts';
import { type JsonObject, pathsOf } from '../ndjson/json-fields.ts';
import { UNFIT_TOPICS_MAX } from './limits.ts';
import type { TopicRule } from './topic-rule.ts';

/** Why a message gave no reading. */
export type Unfit = 'no-rule' | 'no-value' | 'too-long';

const UNFIT: Readonly<Record<Unfit, string>> = {
  'no-rule': 'on topics that no rule has',
  'no-value': 'without any value that a rule takes',
  'too-long': 'too long to be read',
};

/** Messages of a rule whose fields are looked at, and fields that are remembered, to name the nearest to one that never came. */
const LOOKED_AT_MAX = 64;
const FIELDS_MAX = 256;

interface Examples {
  count: number;
  readonly topics: Map<string, number>;
}

interface RuleTally {
  looked: number;
  readonly found: Set<string>;
  readonly fields: Set<string>;
}

/** Counts the messages that gave no reading, with topics for examples; and the paths of rules that were never there. */
export class MessageTally {
  /** Messages that a broker had kept from before. */
  kept = 0;
  readonly #unfit = new Map<Unfit, Examples>();
  readonly #topics: readonly TopicRule[];
  readonly #rules: readonly RuleTally[];

  constructor(topics: readonly TopicRule[]) {
    this.#topics = topics;
    this.#rules = topics.map(() => ({ looked: 0, found: new Set(), fields: new Set() }));
  }

  unfit(topic: string, why: Unfit): void {
    const examples = this.#unfit.get(why) ?? { count: 0, topics: new Map<string, number>() };
    this.#unfit.set(why, examples);
    examples.count++;
    const known = examples.topics.get(topic);
    if (known !== undefined || examples.topics.size < UNFIT_TOPICS_MAX) examples.topics.set(topic, (known ?? 0) + 1);
  }

  /** A rule is shown a payload; undefined for one that can't be read. */
  looked(rule: number, root: JsonObject | undefined): void {
    const tally = this.#rules[rule]!;
    if (root === undefined || tally.looked >= LOOKED_AT_MAX) return;
    tally.looked++;
    for (const path of pathsOf(root)) {
      if (tally.fields.size >= FIELDS_MAX) return;
      tally.fields.add(path);
    }
  }

  found(rule: number, path: string): void {
    this.#rules[rule]!.found.add(path);
  }

  /** What there is to say, a sentence each. */
  remarks(): readonly string[] {
    const remarks: string[] = [];
    for (const [why, { count, topics }] of this.#unfit) {
      const named = [...topics].toSorted(([, a], [, b]) => b - a).map(([topic, times]) => `${topic} (${times})`);
      const others = count > [...topics.values()].reduce((sum, times) => sum + times, 0) ? ', and others' : '';
      remarks.push(`${messages(count)} ${UNFIT[why]}: ${named.join(', ')}${others}`);
    }
    if (this.kept > 0) remarks.push(`${messages(this.kept)} that the broker had kept, which are no new readings`);
    this.#topics.forEach(({ topic, series }, i) => {
      const { looked, found, fields } = this.#rules[i]!;
      if (looked === 0) return;
      for (const path of new Set(series.map(({ value }) => value))) {
        if (!found.has(path)) remarks.push(neverFound(topic, path, [...fields]));
      }
    });
    return remarks;
  }
}

function messages(count: number): string {
  return count === 1 ? '1 message' : `${count} messages`;
}

const LISTED_MAX = 12;

function neverFound(topic: string, path: string, fields: readonly string[]): string {
  const nearest = nearestNames(path, fields);
  const remedy =
    nearest.length > 0
      ? `did you mean ${nearest.join(' or ')}?`
      : `they have ${fields.slice(0, LISTED_MAX).join(', ')}`;
  return `value ${JSON.stringify(path)} was in no message on ${topic} so far; ${remedy}`;
}
