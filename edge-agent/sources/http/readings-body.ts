import { z } from 'zod';
import { namedRecord } from '#core/series/named-record.ts';
import { malformed, tooLarge, type Problem } from '../doors/problem.ts';
import { parseJsonExactly } from '../json-source-text.ts';

/** Readings in one request. More belong into two requests: each is acknowledged as a whole. */
export const REQUEST_READINGS_MAX = 100_000;

const TEXT_CHARS_MAX = 256;
const TAGS_MAX = 64;

/** Digits of a value beyond these mean nothing to a scaled integer of 16, but some clients write them. */
const VALUE_CHARS_MAX = 400;

const readingSchema = z.strictObject({
  /** ISO 8601 with an offset, or milliseconds since 1970. */
  time: z.union([z.string().max(TEXT_CHARS_MAX), z.number()]),
  metric: z.string().max(TEXT_CHARS_MAX),
  device: z.string().max(TEXT_CHARS_MAX),
  /** A number, or its text where a double might lose digits; null says that there is no reading. */
  value: z.union([z.number(), z.string().max(VALUE_CHARS_MAX)]).nullable(),
  tags: namedRecord(z.string().min(1).max(TEXT_CHARS_MAX), z.string().max(TEXT_CHARS_MAX))
    .refine((tags) => Object.keys(tags).length <= TAGS_MAX, `a series has at most ${TAGS_MAX} tags`)
    .optional(),
});

/** One reading as it was sent, its form checked, its content not. */
export type SentReading = z.output<typeof readingSchema>;

const bodySchema = z.array(readingSchema);

/** The readings of a request body, or the problem to answer with where it is not of the form that is asked for. */
export function readReadingsBody(body: Uint8Array): readonly SentReading[] | Problem {
  let parsed: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    parsed = parseJsonExactly(text, (name) => name === 'value');
  } catch (error) {
    if (error instanceof TypeError) return malformed('the body is not UTF-8 text');
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return malformed('the body is not JSON; send an array of {time, metric, device, value, tags?}');
    }
    throw error;
  }
  if (Array.isArray(parsed) && parsed.length > REQUEST_READINGS_MAX) {
    return tooLarge(
      `the body has ${parsed.length} readings, ${REQUEST_READINGS_MAX} is the limit; send them in several requests`,
    );
  }
  const read = bodySchema.safeParse(parsed);
  if (read.success) return read.data;
  const issue = read.error.issues[0]!;
  const [index, ...path] = issue.path;
  const where =
    index === undefined ? 'the body' : `reading ${String(index)}${path.length > 0 ? `, ${path.join('.')}` : ''}`;
  return malformed(`${where}: ${issue.message}; send an array of {time, metric, device, value, tags?}`);
}
