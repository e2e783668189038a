import { z } from 'zod';
import { DurationError, nominalMs, parseDuration } from './duration.ts';

/** What is told where something else than text stands in the place of a duration. */
const SPAN = 'a length of time, like 250ms, 10s, 5m or 1h';

/** A duration text as milliseconds; days and longer count as 24 h each, since a span has no calendar. */
export function fixedSpan() {
  return z
    .string({ error: SPAN })
    .transform((text, context) => {
      try {
        return nominalMs(parseDuration(text));
      } catch (error) {
        if (!(error instanceof DurationError)) throw error;
        context.addIssue({ code: 'custom', message: error.message });
        return z.NEVER;
      }
    })
    .meta({ title: 'length of time' });
}
