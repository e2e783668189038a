import { z } from 'zod';
import { DurationError, nominalMs, parseDuration } from './duration.ts';

/** A duration text as milliseconds; days and longer count as 24 h each, since a span has no calendar. */
export function fixedSpan() {
  return z
    .string()
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
