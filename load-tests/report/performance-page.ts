import type { Figure } from '../measure.ts';
import type { Comparison, PeerResult } from '../peers/compare.ts';
import { CATALOG, type CatalogEntry } from './catalog.ts';
import { COMMANDS, type StoredResults, type StoredRun } from './stored-run.ts';

const INTRODUCTION = `# Performance

What is measured, by which command, on what, and, where a profile was taken, where the time goes and what limits it. \`npm run docs:performance\` writes this page
and the table of the README from the runs that are kept in \`load-tests/results\`; with \`-- --measure\` and names (\`bench\`, \`load\`, …)
it runs those first. Figures are middles of several runs unless they say otherwise; from run to run they move by a quarter on
machines that are shared. A test holds that the fastest parts keep their speed: against a fixed loop in the same run, so that the
machine doesn't matter.
`;

/** The page \`docs/performance.md\`. */
export function performancePage({ runs, comparison }: StoredResults): string {
  const sections = CATALOG.map(({ heading, entries }) => {
    const rows = entries.map((entry) => [
      entry.title,
      valueOf(entry, { runs, comparison }),
      COMMANDS[entry.run],
      entry.limits ?? '',
    ]);
    const cells = rows.map(([title, value, command, limits]) => [title!, value!, `\`${command}\``, limits!]);
    return `## ${heading}\n\n${markdownTable(['what', 'figure', 'measured by', 'where the time goes, what limits it'], cells)}`;
  });
  return [
    INTRODUCTION,
    ...sections,
    comparisonSection(comparison),
    growthSection(runs.get('growth')),
    machines({ runs, comparison }),
  ].join('\n');
}

/** The rows of the README's table. */
export function readmeTable(results: StoredResults): string {
  const entries = CATALOG.flatMap((part) => part.entries).filter((entry) => entry.isShown);
  const rows = entries
    .map((entry) => [entry.title, valueOf(entry, results)])
    .filter(([, value]) => value !== NOT_MEASURED);
  return markdownTable(['what', 'figure'], rows as string[][]);
}

const NOT_MEASURED = 'no run is kept';

function valueOf({ run, name }: CatalogEntry, { runs }: StoredResults): string {
  const figure = runs.get(run)?.figures.find((one) => one.name === name);
  return figure === undefined ? NOT_MEASURED : figureText(figure);
}

/** On what each run was measured, and what it complained of. */
function machines({ runs, comparison }: StoredResults): string {
  const rows: string[][] = [...runs].map(([name, { machine, complaints }]) => [
    name,
    machine,
    complaintText(complaints),
  ]);
  if (comparison !== undefined)
    rows.push(['compare', comparison.machine, complaintText(comparison.failures.map(({ why }) => why))]);
  return `## On what\n\n${markdownTable(['run', 'machine', 'not kept'], rows)}`;
}

function complaintText(complaints: readonly string[]): string {
  return complaints.length === 0 ? '' : complaints.map((one) => one.replaceAll('|', '\\|')).join('; ');
}

function comparisonSection(comparison: Comparison | undefined): string {
  const command = COMMANDS.compare;
  const heading = `## Beside others

The same rows and the same questions for everyone, one after the other, on the same machine: \`${command}\`. Each answer is compared
with the true one, number by number; a system whose sums are doubles is right once they are rounded, which stands under _inexact_.
_Anew_ is what an answer from readings alone takes who otherwise keeps answers up to date. Whether it syncs, and what becomes of
late and repeated readings, stands there as each one's documentation has it; it isn't tried.
`;
  if (comparison === undefined) return `${heading}\nNo run is kept.\n`;
  const { peers, missing, shapes, results, edge } = comparison;
  const traits = peers.map(({ title, version, traits: one }) => [
    title,
    version,
    one.synced,
    one.sums,
    one.late,
    one.twice,
    one.completeness,
  ]);
  const parts = [
    heading,
    markdownTable(
      [
        'who',
        'version',
        'synced before it acknowledges',
        'sums',
        'late readings',
        'readings that come twice',
        'tells what is missing',
      ],
      traits,
    ),
    ...(missing.length === 0
      ? []
      : [`Not compared: ${missing.map(({ name, why }) => `${name} (${why.split('\n')[0]!})`).join(', ')}.\n`]),
    ...shapes.map((shape) => {
      const rows = results.filter((one) => one.shape === shape.name).map((one) => resultRow(one, peers));
      const columns = [
        'who',
        'taken in, readings/s',
        'by device',
        'by region',
        'anew',
        'bytes a reading',
        'memory',
        'inexact',
        'wrong',
      ];
      return `### ${shape.summary}: ${numberText(shape.devices * shape.steps)} readings\n\n${markdownTable(columns, rows)}`;
    }),
    edge.length === 0 ? '' : edgeSection(comparison),
    `How each is had:\n\n${peers.map(({ title, how }) => `- ${title}: ${how}`).join('\n')}\n`,
  ];
  return parts.filter((part) => part !== '').join('\n');
}

function resultRow(one: PeerResult, peers: Comparison['peers']): readonly string[] {
  const [device, region] = one.answers;
  return [
    peers.find(({ name }) => name === one.peer)?.title ?? one.peer,
    numberText(one.readings / one.loadSeconds),
    `${numberText(device?.ms ?? Number.NaN)} ms`,
    `${numberText(region?.ms ?? Number.NaN)} ms`,
    one.recomputeSeconds === undefined ? '' : `${numberText(one.recomputeSeconds * 1_000)} ms`,
    one.bytesPerReading.toFixed(2),
    one.memoryMegabytes === undefined ? '' : `${one.memoryMegabytes} MB`,
    one.answers.some(({ inexact }) => inexact > 0) ? 'yes' : '',
    one.answers.some(({ different }) => different > 0) ? 'yes' : '',
  ];
}

function edgeSection({ edge }: Comparison): string {
  const shapes = [
    ...new Set(edge.map(({ shape, readingsPerMessage }) => `${shape}, ${readingsPerMessage.toLocaleString('en')}`)),
  ];
  const rows = [...new Set(edge.map(({ encoding }) => encoding))].map((encoding) => [
    encoding,
    ...shapes.map((shape) => {
      const one = edge.find(
        (each) =>
          each.encoding === encoding && shape === `${each.shape}, ${each.readingsPerMessage.toLocaleString('en')}`,
      );
      return one === undefined ? '' : one.bytesPerReading.toFixed(2);
    }),
  ]);
  return `### Bytes of a reading at the edge, by the readings of a message\n\n${markdownTable(['encoding', ...shapes], rows)}`;
}

const MEASURES = ['time', 'memory', 'disk'] as const;

/** How figures grow: the exponents, and the pictures that the run has drawn. */
function growthSection(run: StoredRun | undefined): string {
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

const DIGITS = 3;

/** A figure for people: three digits, or what a number of less than a thousand has; millions as M. */
export function figureText({ value, unit }: Pick<Figure, 'value' | 'unit'>): string {
  return `${numberText(value)} ${unit === 'bytes/reading' ? 'bytes a reading' : unit}`;
}

function numberText(value: number): string {
  if (value >= 1e6) return `${rounded(value / 1e6)} M`;
  return value >= 1_000 ? rounded(value).toLocaleString('en') : String(rounded(value));
}

function rounded(value: number): number {
  return Number(value.toPrecision(DIGITS));
}

/** A table of Markdown whose columns are as wide as they have to be. */
function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [headings, ...rows];
  const widths = headings.map((_, column) => Math.max(3, ...all.map((row) => (row[column] ?? '').length)));
  const line = (row: readonly string[]): string =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width)).join(' | ')} |\n`;
  return line(headings) + line(widths.map((width) => '-'.repeat(width))) + rows.map(line).join('');
}

/** Where the table of what is measured stands in the README. */
const TABLE = /(?<=<!-- measured -->\n)[^]*?(?=<!-- end -->)/;

/** The README with another table. Throws where it has no place for one. */
export function withMeasured(readme: string, table: string): string {
  if (!TABLE.test(readme)) throw new Error('the README has no <!-- measured --> … <!-- end -->');
  return readme.replace(TABLE, () => `\n${table}\n`);
}
