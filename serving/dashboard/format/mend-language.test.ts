import { describe, expect, it } from 'vitest';
import { mendedLanguage } from './mend-language.ts';

describe('the language of the page', () => {
  it.each([
    ['da-DK', 'da-DK'],
    ['en-US@posix', 'en-US'],
    ['C.UTF-8', 'en'],
    ['', 'en'],
    [undefined, 'en'],
  ])('a browser that speaks %s is formatted for as %s', (language, expected) => {
    expect(mendedLanguage(language)).toBe(expected);
  });
});
