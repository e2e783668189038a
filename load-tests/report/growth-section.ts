import { markdownTable } from './markdown-table.ts';
import { COMMANDS, type StoredRun } from './stored-run.ts';

const MEASURES = ['time', 'memory', 'disk'] as const;

/** How figures grow: the exponents, and the pictures that the run has drawn. */
export function growthSection(run: StoredRun | undefined): string {
  const heading = `## How it grows

\`${COMMANDS.growth}\` measures time, memory and bytes at several sizes, and fits a power law: at an exponent of 1 twice as much
takes twice as long.
`;
  if (run === undefined) return `${heading}\nNo run is kept.\n`;
  const exponents = run.figures.filter(({ unit }) => unit === 'exponent');
  const studies = [...new Set(exponents.map(({ name }) => name.split('-')[1]!))];
  const rows = studies.map((study) => [
    study,
    ...MEASURES.map((measure) => {
      const found = exponents.find(({ name }) => name === `growth-${study}-${measure}`);
      return found === undefined ? '' : found.value.toFixed(2);
    }),
  ]);
  const pictures = studies.map(
    (study) => `![How time, memory and bytes grow with ${study}](images/growth-${study}.svg)\n`,
  );
  return [heading, markdownTable(['by', ...MEASURES], rows), ...pictures].join('\n');
}
