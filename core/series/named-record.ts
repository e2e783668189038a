import { z } from 'zod';

/** JavaScript's objects have a `__proto__` of their own: a key of that name is lost without a word where they are read or copied. */
export const LOST_KEY = '__proto__';

export const LOST_KEY_RULE = `nothing can be named ${LOST_KEY}; choose another name`;

/** Values by name, none of them LOST_KEY: `z.record` leaves that one out, and another series or filter would be meant than was named. */
export function namedRecord<Value extends z.ZodType>(name: z.ZodString, value: Value) {
  return z.preprocess(
    (given, context) => {
      if (typeof given === 'object' && given !== null && Object.hasOwn(given, LOST_KEY))
        context.addIssue(LOST_KEY_RULE);
      return given;
    },
    z.record(name, value),
  );
}
