import { stringify } from 'yaml';
import { documentedSchema, type DocumentedSchema, type KeyRow, keyRows, typeText } from './documented-schema.ts';

/** A file of the reference, below its folder. */
export interface Page {
  readonly file: string;
  readonly text: string;
}

/** What says that a page is not to be written by hand. */
const MADE = '<!-- Made by `npm run docs:reference` from the schemas; change what they say. -->';

/** Keys without which a section is none, though the schema alone can't say so. */
const ALSO_NEEDED: Readonly<Record<string, readonly string[]>> = { mqtt: ['url'] };

const WRITTEN = `Lengths of time are written \`250ms 10s 5m 1h 1d 1w 1mo 1y\`, amounts of bytes \`256MB 2GB\`. An unknown key is an error that
names the nearest known one; relative paths start at the folder of the file. \`[]\` after a key stands for each of its list.`;

/** The reference of the configuration, made from its schemas alone. */
export function referencePages(): readonly Page[] {
  const { schema } = documentedSchema();
  const sections = Object.entries(schema.properties ?? {});
  const pages = sections.flatMap(([name, section]) => pagesOf(name, section));
  return [overview(sections), ...pages];
}

function overview(sections: readonly (readonly [string, DocumentedSchema])[]): Page {
  const rows = sections.map(([name, section]) => {
    const links = pagesOf(name, section).map(({ file }) => `[${linkText(name, file)}](${file})`);
    // A section that is one word has no keys, and no page.
    return [
      `\`${name}\``,
      section.description ?? '',
      links.length === 0 ? `is ${typeText(section)}` : links.join(', '),
    ];
  });
  const whole = Object.fromEntries(
    sections
      .filter(([name]) => ['metrics', 'agent', 'sources', 'views'].includes(name))
      .map(([name, section]) => [name, section.examples?.[0]]),
  );
  const text = `# Configuration

${MADE}

\`weir.yaml\` holds the sections of all parts; each reads its own. \`weir check\` says what a file would do, and what is wrong
with it.

${yamlBlock(whole)}

${table(['section', 'what it says', 'its keys'], rows)}

${WRITTEN}
`;
  return { file: 'README.md', text };
}

function linkText(section: string, file: string): string {
  const name = file.replace('.md', '');
  return section === 'sources' ? name.replace('source-', '') : name;
}

function pagesOf(name: string, section: DocumentedSchema): readonly Page[] {
  const each = typeof section.additionalProperties === 'object' ? section.additionalProperties : undefined;
  if (name === 'sources') return (each?.oneOf ?? []).map((kind) => sourcePage(kind));
  const alternatives = section.oneOf ?? [each ?? section];
  const example = section.examples?.[0];
  if (alternatives.every(({ properties }) => properties === undefined)) return [];
  const parts = alternatives.map((one) => {
    const kind = one.properties?.['kind'];
    const heading = alternatives.length === 1 ? '' : `## ${String(kind?.const)}\n\n${kind?.description}\n\n`;
    return `${heading}${keyTable(keyRows(one))}`;
  });
  const what = `${section.description}${each === undefined ? '' : ' For each name:'}`;
  return [page(name, name, what, { [name]: example }, parts.join('\n\n'))];
}

function sourcePage(kind: DocumentedSchema): Page {
  const named = kind.properties ?? {};
  const name = String(named['kind']?.const);
  const needed = [...(kind.required ?? []), ...(ALSO_NEEDED[name] ?? [])];
  const keys = Object.keys(named).filter((key) => needed.includes(key));
  const section = Object.fromEntries(keys.map((key) => [key, named[key]?.examples?.[0]]));
  const what = named['kind']?.description ?? '';
  const others = keyRows(kind).filter(({ key }) => key !== 'kind');
  return page(`source-${name}`, `Source ${name}`, what, { sources: { mine: section } }, keyTable(others));
}

function page(file: string, title: string, what: string, example: unknown, keys: string): Page {
  const text = `# ${title}\n\n${MADE}\n\n${what}\n\n${yamlBlock(example)}\n\n${keys}\n\n[All sections](README.md)\n`;
  return { file: `${file}.md`, text };
}

function yamlBlock(value: unknown): string {
  return `\`\`\`yaml\n${stringify(value, { lineWidth: 0, singleQuote: true })}\`\`\``;
}

function keyTable(rows: readonly KeyRow[]): string {
  const cells = rows.map((row) => [`\`${row.key}\``, row.type, row.default, row.meaning, row.example]);
  return table(['key', 'is', 'unless given', 'means', 'for example'], cells);
}

/** A table whose columns are as wide as their widest cell, as the formatter writes it. */
function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = headings.map((heading, i) => Math.max(3, heading.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i]!)).join(' | ')} |`;
  return [line(headings), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...rows.map(line)].join('\n');
}
