/** What the runner gives a script, and where the script leaves what it measured. */

/** A text that the runner has to give. */
export function given(name: string): string {
  const value = __ENV[name];
  if (value === undefined || value === '') throw new Error(`${name} is not set; run it by \`npm run load\``);
  return value;
}

export function givenNumber(name: string): number {
  return Number(given(name));
}

/** The percentiles that every script tells of what it measures over and over. */
export const TREND_STATS = ['med', 'p(95)', 'p(99)', 'max'];

/** A script's `handleSummary`: its metrics go to the file that the runner reads, as JSON. */
export function writeSummary({ metrics }: { readonly metrics: unknown }): Record<string, string> {
  return { [given('SUMMARY')]: JSON.stringify(metrics) };
}
