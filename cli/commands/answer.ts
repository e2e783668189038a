/** What `weir query` and `weir sessions` share: flags, request and output of what a view is asked. */
import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { ApiRefused, ask, askJson } from '../api/ask.ts';
import type { ServerStatus } from '../compose/server-status.ts';
import { UserError } from '../failure.ts';
import { writeOut } from '../terminal/output.ts';
import { addServerFlags, type ServerFlags } from './flags.ts';

/** A tag and the value that it has to have. */
export type TagFilter = readonly [tag: string, value: string];

export interface AnswerFlags extends ServerFlags {
  readonly from: string;
  readonly to: string;
  readonly where: readonly TagFilter[];
  readonly stats?: string;
  readonly format: 'json' | 'csv' | 'ndjson';
}

/** Adds the flags of what a view is asked. The server reads their values; its words say what is wrong with one. */
export function addAnswerFlags(command: Command, more: readonly Option[]): Command {
  command
    .requiredOption(
      '--from <time>',
      'start, ISO 8601, like 2026-01-31T00:00:00Z or 2026-01-31; or a span before now, like -7d',
    )
    .requiredOption('--to <time>', 'end, exclusive; or now');
  for (const option of more) command.addOption(option);
  command
    .addOption(
      new Option('--where <tag=value>', "only groups with this tag's value; may be given several times")
        .default([], 'all groups')
        .argParser(parseWhere),
    )
    .option(
      '--stats <list>',
      'statistics, with commas between: count sum mean min max variance stddev first last increase integral timeMean amount p50 p99.9 … (default: count,sum,mean,min,max)',
    )
    .addOption(
      new Option('--format <format>', 'how the answer is written; json has a limit of 100,000 windows')
        .choices(['json', 'csv', 'ndjson'])
        .default('json'),
    );
  return addServerFlags(command);
}

/** Reads `tag=value` and adds it to those before. Throws commander's InvalidArgumentError. */
export function parseWhere(text: string, before: readonly TagFilter[]): readonly TagFilter[] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('Write it as tag=value, like region=DK1.');
  return [...before, [text.slice(0, at), text.slice(at + 1)]];
}

/**
 * Asks about a view and writes the answer to standard output byte by byte as the server gives it: numbers may have more
 * digits than a double, so nobody here reads them.
 */
export async function printAnswer(
  view: string,
  kind: 'windows' | 'sessions',
  { from, to, stats, format, where, ...server }: AnswerFlags,
  more: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  await whenCaughtUp(server);
  const response = await ask(server, {
    path: `/api/v1/views/${encodeURIComponent(view)}/${kind}`,
    query: [...Object.entries({ from, to, ...more, stats, format }), ...where],
  });
  const endsLine = await copyOut(response);
  if (!endsLine) await writeOut('\n');
}

/** Copies a body to standard output; gives whether it ended with a line break, or was empty. */
async function copyOut(response: IncomingMessage): Promise<boolean> {
  let last = 0x0a;
  try {
    for await (const chunk of response) {
      const bytes = chunk as Uint8Array;
      last = bytes.at(-1) ?? last;
      await writeOut(bytes);
    }
  } catch (error) {
    throw new UserError(
      'the answer was cut off: the server ended the connection; what was printed is not all of it, so ask again',
      { cause: error },
    );
  }
  return last === 0x0a;
}

const LOOK_EVERY_MS = 20;

/** How long is waited for the speed layer; one that is further behind answers with what it has, and how fresh it is. */
const CATCH_UP_TIMEOUT_MS = 10_000;

/**
 * Waits until a running weir has folded all that its broker had acknowledged by now, so that who has sent something and
 * then asks gets it. It is milliseconds behind at most times.
 */
async function whenCaughtUp(server: ServerFlags): Promise<void> {
  const untilMs = performance.now() + CATCH_UP_TIMEOUT_MS;
  const status = await statusOf(server).catch(ofNoneWhereForbidden);
  if (status === undefined) return;
  const { acknowledged, partitions } = status;
  let folded = partitions;
  while (!isCaughtUp(folded, acknowledged)) {
    if (performance.now() > untilMs) {
      process.stderr.write('what was sent last is still being folded; the answer says how fresh it is\n');
      return;
    }
    await sleep(LOOK_EVERY_MS);
    folded = (await statusOf(server)).partitions;
  }
}

/** Whether every partition is folded to the last position that was acknowledged in it. */
export function isCaughtUp(
  folded: readonly { readonly partition: number; readonly committed: number }[],
  acknowledged: readonly number[],
): boolean {
  return folded.every(({ partition, committed }) => committed >= (acknowledged[partition] ?? 0));
}

/** Whoever may see a part only doesn't see what runs, and is answered as of now. */
function ofNoneWhereForbidden(error: unknown): undefined {
  if (error instanceof ApiRefused && error.status === 403) return undefined;
  throw error;
}

function statusOf(server: ServerFlags): Promise<ServerStatus> {
  return askJson<ServerStatus>(server, { path: '/api/v1/status' });
}
