import { type Command, InvalidArgumentError, Option } from 'commander';
import { hasEnded, type KnownToken } from '#core/identity/identities.ts';
import { type Grant, type Right, RIGHTS } from '#core/identity/principal.ts';
import { addCalendar } from '#core/time/calendar.ts';
import { parseDuration } from '#core/time/duration.ts';
import { formatInstant, parseInstant } from '#core/time/instant.ts';
import { openZone } from '#core/time/zone.ts';
import { type DataFlags, dataOptions } from '../data-dir.ts';
import type { TokenFlags } from '../identity/token-told.ts';
import { formatTable, type ListFormat, writeList } from '../terminal/output.ts';
import { parseWhere, type TagFilter } from './answer.ts';
import { addCommand, type Declare, TOKEN_OUT } from './flags.ts';

interface AddFlags extends DataFlags, TokenFlags {
  readonly may: Right;
  readonly views?: readonly string[];
  readonly where: readonly TagFilter[];
  readonly until: number | null;
}

const MORE = `
  read      ask views, follow them at the stream; see agents, ledgers, quarantine, status and measurements
  write     the same, and have history recomputed and verified
  operate   the same, and decide: roll back, readmit, hand over, retire, give up

Who is confined by --views or --where reads these views, these rows, and nothing else.`;

export const declareTokens: Declare = (program) => {
  const tokens = addCommand(program, 'tokens', {
    summary: 'say who may read, write or operate: add, list and revoke tokens',
    description:
      'Lists the tokens of people and programs. A server whose configuration says `identity: required` answers those ' +
      'that show one, and hears of a change within two seconds. Works in the data folder of the server, whether it runs or not.',
    usage: '[COMMAND] [OPTIONS]',
    examples: ['weir tokens', 'weir tokens add grafana --may read', 'weir tokens revoke grafana'],
  });
  const addList = (command: Command): void => {
    command.addOption(
      new Option('--format <format>', 'table is for people, json for scripts')
        .choices(['table', 'json'])
        .default('table'),
    );
    for (const option of dataOptions()) command.addOption(option);
    command.action(async (_: unknown, told: { optsWithGlobals(): DataFlags & { readonly format: ListFormat } }) => {
      const flags = told.optsWithGlobals();
      const { listTokens } = await import('../identity/enrol.ts');
      await writeList(flags.format, { tokens: (await listTokens(flags)).map(toldOf) }, tokensTable);
    });
  };
  addList(tokens);
  addList(
    addCommand(tokens, 'list', {
      summary: 'list the tokens',
      description: 'Lists the tokens: what they allow, and until when. What they are is kept nowhere.',
      examples: ['weir tokens list --format json'],
    }),
  );
  declareAdd(tokens);
  const revoke = addCommand(tokens, 'revoke', {
    summary: 'end a token, and what it has open',
    description: 'Ends a token: what is asked with it is refused, and what it has open is ended within two seconds.',
    usage: 'NAME [OPTIONS]',
    examples: ['weir tokens revoke grafana --config weir.yaml'],
  }).argument('<name>', 'the token');
  for (const option of dataOptions()) revoke.addOption(option);
  revoke.action(async (name: string, _: DataFlags, told: { optsWithGlobals(): DataFlags }) => {
    const { revoke: end } = await import('../identity/enrol.ts');
    await end('token', name, told.optsWithGlobals());
  });
};

function declareAdd(tokens: Command): void {
  const add = addCommand(tokens, 'add', {
    summary: 'add a token, and print it, once',
    description: 'Adds a token and prints it; only a hash of it is kept.',
    usage: 'NAME --may read|write|operate [OPTIONS]',
    more: MORE,
    examples: [
      'weir tokens add grafana --may read --config weir.yaml --out grafana.token',
      'weir tokens add tenant-7 --may read --views usage --where house=7 --until 90d',
    ],
  })
    .argument('<name>', 'what it is called in lists and logs')
    .addOption(new Option('--may <right>', 'what it allows').choices(RIGHTS).makeOptionMandatory())
    .addOption(
      new Option('--views <list>', 'these views only, with commas between').argParser((text) =>
        text.split(',').map((view) => view.trim()),
      ),
    )
    .addOption(
      new Option('--where <tag=value>', "only rows with this tag's value; may be given several times")
        .default([], 'all rows')
        .argParser(parseWhere),
    )
    .addOption(
      new Option('--until <time>', 'when it ends: ISO 8601, or a span from now, like 90d')
        .default(null, 'when it is revoked')
        .argParser((text) => parseUntil(text, Date.now())),
    )
    .option(...TOKEN_OUT);
  for (const option of dataOptions()) add.addOption(option);
  add.action(async (name: string, _: AddFlags, told: { optsWithGlobals(): AddFlags }) => {
    const flags = told.optsWithGlobals();
    const { giveToken } = await import('../identity/enrol.ts');
    await giveToken(name, grantOf(flags), flags);
  });
}

/** What the flags of `add` allow; several values of a tag are alternatives. */
export function grantOf({ may, views, where, until }: Omit<AddFlags, keyof DataFlags | keyof TokenFlags>): Grant {
  const byTag = new Map<string, readonly string[]>();
  for (const [tag, value] of where) byTag.set(tag, [...(byTag.get(tag) ?? []), value]);
  return { may, views: views ?? null, where: Object.fromEntries(byTag), untilMs: until };
}

/** The end of a token, in ms since 1970; days and longer go by the calendar of UTC. Throws commander's InvalidArgumentError. */
export function parseUntil(text: string, nowMs: number): number {
  try {
    if (!/^\d+[a-z]+$/.test(text)) return parseInstant(text, openZone('UTC'));
    const span = parseDuration(text);
    return span.kind === 'fixed' ? nowMs + span.ms : addCalendar(openZone('UTC'), nowMs, span);
  } catch {
    throw new InvalidArgumentError('Write it like 2027-01-31T00:00:00Z, or 90d from now.');
  }
}

/** What is told of a token. */
interface ToldToken {
  readonly name: string;
  readonly id: string;
  readonly may: Right;
  readonly views: readonly string[] | null;
  readonly where: Readonly<Record<string, readonly string[]>>;
  readonly until: string | null;
  readonly hasEnded: boolean;
}

function toldOf({ name, id, grant }: KnownToken): ToldToken {
  const { may, views, where, untilMs } = grant;
  const until = untilMs === null ? null : formatInstant(untilMs);
  return { name, id, may, views, where, until, hasEnded: hasEnded(grant, Date.now()) };
}

/** The tokens for people. */
export function tokensTable({ tokens }: { readonly tokens: readonly ToldToken[] }): string {
  return formatTable(
    tokens,
    [
      { heading: 'token', cell: ({ name }) => name },
      { heading: 'id', cell: ({ id }) => id },
      { heading: 'may', cell: ({ may }) => may },
      { heading: 'views', cell: ({ views }) => views?.join(', ') ?? 'all' },
      {
        heading: 'where',
        cell: ({ where }) =>
          Object.entries(where)
            .map(([tag, values]) => `${tag}=${values.join('|')}`)
            .join(', '),
      },
      { heading: 'until', cell: ({ until, hasEnded: ended }) => `${until ?? 'revoked'}${ended ? ' (ended)' : ''}` },
    ],
    'no tokens; "weir tokens add NAME --may read" makes one',
  );
}
