/** What core asks of `node:assert`, where there is no Node. */
function ok(value: unknown, message = 'an assertion does not hold'): asserts value {
  if (value !== true && !value) throw new Error(message);
}

export const strict = Object.assign(ok, {
  equal(actual: unknown, expected: unknown, message?: string): void {
    ok(Object.is(actual, expected), message);
  },
  fail(message?: string): never {
    throw new Error(message);
  },
});
