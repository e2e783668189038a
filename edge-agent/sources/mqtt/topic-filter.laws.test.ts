import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  coversFilter,
  matchTopic,
  overlapFilters,
  parseTopicFilter,
  TopicFilterError,
  withoutCovered,
} from './topic-filter.ts';

const LEVELS = fc.constantFrom('a', 'b', '', '$x');
const TOPICS = fc.array(LEVELS, { minLength: 1, maxLength: 4 }).map((levels) => levels.join('/'));
const FILTERS = fc
  .tuple(fc.array(fc.oneof(LEVELS, fc.constant('+')), { minLength: 1, maxLength: 4 }), fc.boolean())
  .map(([levels, isOpen]) => (isOpen ? [...levels, '#'] : levels).join('/'));
const MEANT = fc.tuple(FILTERS, TOPICS).filter(([filter]) => filter !== '');

/** The words of the specification (MQTT 5.0, 4.7), as a regular expression. */
function isMeant(filter: string, topic: string): boolean {
  if (topic.startsWith('$') && /^[+#]/.test(filter)) return false;
  const pattern = filter
    .replaceAll('$', String.raw`\$`)
    .replaceAll('+', '[^/]*')
    .replace(/\/#$/, '(/.*)?')
    .replace(/^#$/, '.*');
  return new RegExp(`^${pattern}$`).test(topic);
}

describe('a topic filter', () => {
  it('means the topics that the specification says', () => {
    fc.assert(
      fc.property(MEANT, ([filter, topic]) => {
        expect(matchTopic(parseTopicFilter(filter), topic) !== null).toBe(isMeant(filter, topic));
      }),
    );
  });

  it('names what its + stand for, in their order, and last what # does', () => {
    const filter = parseTopicFilter('home/+/+/power/#');
    expect(matchTopic(filter, 'home/attic/a/power/x/y')).toEqual(['attic', 'a', 'x/y']);
    expect(matchTopic(filter, 'home/attic/a/power')).toEqual(['attic', 'a', '']);
    expect(matchTopic(parseTopicFilter('home/+'), 'home/')).toEqual(['']);
  });

  it('covers another where it means all that the other means, and overlaps it where both mean some topic', () => {
    fc.assert(
      fc.property(FILTERS, FILTERS, fc.array(TOPICS, { maxLength: 20 }), (one, other, topics) => {
        fc.pre(one !== '' && other !== '');
        const [a, b] = [parseTopicFilter(one), parseTopicFilter(other)];
        for (const topic of topics) {
          if (coversFilter(a, b) && isMeant(other, topic)) expect(isMeant(one, topic)).toBe(true);
          if (isMeant(one, topic) && isMeant(other, topic)) expect(overlapFilters(a, b)).toBe(true);
        }
        const kept = withoutCovered([a, b]);
        for (const topic of topics) {
          expect(kept.some(({ text }) => isMeant(text, topic))).toBe(isMeant(one, topic) || isMeant(other, topic));
        }
      }),
    );
  });

  it('is refused where it is none, with what would be right', () => {
    for (const [text, why] of [
      ['', 'has to have 1 to 65535 bytes'],
      ['home/kitchen+', '+ and # stand for whole levels, as in home/+/power'],
      ['home/#/power', '# comes last'],
      ['home/a#', 'stand for whole levels'],
      ['$share/group/home', 'name the topic itself'],
    ] as const) {
      expect(() => parseTopicFilter(text)).toThrow(TopicFilterError);
      expect(() => parseTopicFilter(text)).toThrow(why);
    }
  });
});
