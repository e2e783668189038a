/** Fields that sections of several kinds of sources have. */
import { z } from 'zod';
import { isSeriesName, SERIES_NAME_RULE } from '#core/series/series.ts';
import { DurationError, nominalMs, parseDuration } from '#core/time/duration.ts';
import { InstantError, parseInstant } from '#core/time/instant.ts';

const NAME_CHARS_MAX = 256;

/** YAML reads a bare 1 as a number; where text is wanted, a whole number is as good as its digits. */
export const textField = z
  .union([z.string(), z.int().transform(String)])
  .pipe(z.string().max(NAME_CHARS_MAX))
  .meta({ title: 'text' });

export const nameField = textField.pipe(z.string().min(1));

/** A text as cells hold it: YAML reads a bare `true` as a truth value. */
export const cellTextField = z.union([textField, z.boolean().transform(String)]).meta({ title: 'text' });

/** The name of a tag or metric, which a series will carry. */
export const seriesNameField = textField.pipe(z.string().refine(isSeriesName, SERIES_NAME_RULE));

/** A span by which older readings may come after newer ones before the watermark has passed them; `0` is one too. */
export const latenessField = z
  .string()
  .transform((value, context) => {
    if (/^0(ms|s|m|h|d)?$/.test(value)) return 0;
    try {
      return nominalMs(parseDuration(value));
    } catch (error) {
      if (!(error instanceof DurationError)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
      return z.NEVER;
    }
  })
  .meta({ title: 'length of time' });

/** The lateness of a source that readings are sent to: `usual` where none is said. */
export function sentLatenessField(usual: string) {
  return latenessField.prefault(usual).meta({
    description: 'How far behind the newest reading older ones are still expected, before windows are taken for final.',
    examples: ['1m'],
  });
}

/** Runs a parser for its errors: those of the given class become issues, any other is a mistake of ours. */
export function checkedBy(parse: (value: string) => unknown, errorClass: abstract new (...args: never[]) => Error) {
  return (value: string, context: z.core.$RefinementCtx<string>): void => {
    try {
      parse(value);
    } catch (error) {
      if (!(error instanceof errorClass)) throw error;
      context.addIssue({ code: 'custom', message: error.message });
    }
  };
}

/** From when on readings of series are expected, where that is before the first of them. */
export const expectedSinceField = z
  .string()
  .superRefine(checkedBy(parseInstant, InstantError))
  .meta({
    title: 'time',
    description: 'From when on readings are expected: windows before the first one are incomplete from then.',
    examples: ['2024-05-01'],
  });
