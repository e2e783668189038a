import { WeirError } from '#core/errors.ts';

/** The longest topic that MQTT has. */
const TOPIC_BYTES_MAX = 65_535;

/** A topic in a configuration that is no topic filter. */
export class TopicFilterError extends WeirError {
  readonly kind = 'topic-filter';

  constructor(filter: string, why: string) {
    super(`topic ${JSON.stringify(filter.slice(0, 100))} ${why}`, { fault: 'asked' });
  }
}

/** Which topics are meant: levels between slashes, `+` for any one level, `#` at the end for all that follow. */
export interface TopicFilter {
  readonly text: string;
  readonly levels: readonly string[];
  /** How many of the levels are `+`. */
  readonly plusCount: number;
  /** Whether `#` comes last. */
  readonly hasRest: boolean;
}

/** Reads a topic filter (MQTT 3.1.1 and 5.0, section 4.7). Throws TopicFilterError. */
export function parseTopicFilter(text: string): TopicFilter {
  if (text === '' || Buffer.byteLength(text) > TOPIC_BYTES_MAX) {
    throw new TopicFilterError(text, `has to have 1 to ${TOPIC_BYTES_MAX} bytes`);
  }
  if (text.includes('\0')) throw new TopicFilterError(text, 'holds a character that no topic has');
  if (text.startsWith('$share/')) {
    throw new TopicFilterError(text, 'is shared with others, so each reads a part; name the topic itself');
  }
  const levels = text.split('/');
  levels.forEach((level, i) => {
    if (level.length > 1 && /[+#]/.test(level)) {
      throw new TopicFilterError(text, `has + or # within a level; + and # stand for whole levels, as in home/+/power`);
    }
    if (level === '#' && i < levels.length - 1) throw new TopicFilterError(text, 'goes on after #; # comes last');
  });
  const plusCount = levels.filter((level) => level === '+').length;
  return { text, levels, plusCount, hasRest: levels.at(-1) === '#' };
}

/** What the `+` of a filter stand for in a topic, in their order, and last what its `#` does; null where the topic isn't meant. */
export function matchTopic({ levels }: TopicFilter, topic: string): readonly string[] | null {
  // Topics that begin with $ are a broker's own, and not meant by wildcards (section 4.7.2).
  if (topic.startsWith('$') && /^[+#]/.test(levels[0]!)) return null;
  const parts = topic.split('/');
  const names: string[] = [];
  for (let i = 0; i < levels.length; i++) {
    const level = levels[i]!;
    // `a/#` means `a` too.
    if (level === '#') return [...names, parts.slice(i).join('/')];
    const part = parts[i];
    if (part === undefined) return null;
    if (level === '+') names.push(part);
    else if (level !== part) return null;
  }
  return parts.length === levels.length ? names : null;
}

/** Whether every topic that `narrow` means is meant by `wide`. */
export function coversFilter(wide: TopicFilter, narrow: TopicFilter): boolean {
  if (narrow.levels[0]!.startsWith('$') && /^[+#]/.test(wide.levels[0]!)) return false;
  for (let i = 0; i < wide.levels.length; i++) {
    const level = wide.levels[i]!;
    if (level === '#') return true;
    const other = narrow.levels[i];
    if (other === undefined || other === '#' || (level !== '+' && level !== other)) return false;
  }
  return narrow.levels.length === wide.levels.length;
}

/** Whether some topic is meant by both. */
export function overlapFilters(a: TopicFilter, b: TopicFilter): boolean {
  for (let i = 0; i < Math.max(a.levels.length, b.levels.length); i++) {
    const [one, other] = [a.levels[i], b.levels[i]];
    if (one === '#' || other === '#') return true;
    if (one === undefined || other === undefined) return false;
    if (one !== '+' && other !== '+' && one !== other) return false;
  }
  return true;
}

/** The filters to subscribe to so that each message comes once: those that others cover are left out. */
export function withoutCovered(filters: readonly TopicFilter[]): readonly TopicFilter[] {
  const distinct = [...new Map(filters.map((filter) => [filter.text, filter])).values()];
  return distinct.filter((narrow) => !distinct.some((wide) => wide !== narrow && coversFilter(wide, narrow)));
}
