import { describe, expect, it } from 'vitest';
import { usageFault } from './run-weir.ts';

describe('what is wrong with a command line', () => {
  it.each([
    [
      "error: unknown command 'upp'\n(Did you mean up?)",
      ['upp'],
      `unknown command 'upp'; did you mean up? see "weir --help"`,
    ],
    ["error: unknown option '--htp'", ['up', '--htp'], `unknown option '--htp'; see "weir up --help"`],
    ['error: it is invalid.', ['up'], 'it is invalid; see "weir up --help"'],
    ['error: it is invalid.', [], 'it is invalid; see "weir --help"'],
    ["error: unknown option '-x'", ['-x', 'up'], `unknown option '-x'; see "weir --help"`],
  ])('%j is told in one sentence that ends with where to look', (message, args, sentence) => {
    expect(usageFault(message, args)).toBe(sentence);
  });
});
