/**
 * Some browsers name a language that is no language tag (BCP 47): `en-US@posix` where the system's locale is C, as on
 * machines without a desktop. The chart library formats numbers by it as soon as it is loaded, and would throw. So this
 * is imported before everything else, and puts a tag in its place.
 */
const FALLBACK = 'en';

/** The language as it is where it is a tag, else its part before what is none, else a fallback. */
export function mendedLanguage(language: string | undefined): string {
  const candidates = [language, language?.split(/[@.]/)[0]];
  return candidates.find((one) => one !== undefined && isLanguageTag(one)) ?? FALLBACK;
}

function isLanguageTag(text: string): boolean {
  try {
    return Intl.getCanonicalLocales(text).length > 0;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

if (typeof navigator !== 'undefined') {
  const mended = mendedLanguage(navigator.language);
  if (mended !== navigator.language) {
    Object.defineProperty(navigator, 'language', { value: mended, configurable: true });
  }
}
