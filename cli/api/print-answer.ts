import type { IncomingMessage } from 'node:http';
import { writeOut } from '../terminal/write-out.ts';
import { UserError } from '../user-error.ts';
import type { AnswerFlags } from './answer-flags.ts';
import { ask } from './ask.ts';
import { whenCaughtUp } from './when-caught-up.ts';

/**
 * Asks about a view and writes the answer to standard output byte by byte as the server gives it: numbers may have more
 * digits than a double, so nobody here reads them.
 */
export async function printAnswer(
  view: string,
  kind: 'windows' | 'sessions',
  flags: AnswerFlags,
  more: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  const { from, to, stats, format, where, url } = flags;
  const parameters = Object.entries({ from, to, ...more, stats, format });
  await whenCaughtUp(url);
  const response = await ask(url, {
    path: `/api/v1/views/${encodeURIComponent(view)}/${kind}`,
    query: [...parameters, ...where],
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
