import { expect, test } from 'vitest';
import { mendedLanguage } from './mend-language.ts';

test.each([
  ['da-DK', 'da-DK'],
  ['en-US@posix', 'en-US'],
  ['C.UTF-8', 'en'],
  ['', 'en'],
  [undefined, 'en'],
])('a browser that speaks %s is formatted for as %s', (language, expected) => {
  expect(mendedLanguage(language)).toBe(expected);
});
