import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { PASSWORD_BYTES_MAX } from '#edge-agent/sources/doors/password-hash.ts';
import { UserError } from '../failure.ts';

/** Standard input, or what stands for it. */
export interface PasswordInput extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
}

/** A password, typed twice and not shown, or the first line of what is no terminal. Throws UserError where there is none. */
export async function askPassword(input: PasswordInput = process.stdin): Promise<string> {
  const password = input.isTTY === true ? await askTwice(input) : await firstLine(input);
  if (password === '') throw refused('the password is empty; give one, as in: weir password < password.txt');
  if (Buffer.byteLength(password) > PASSWORD_BYTES_MAX) {
    throw refused(`the password is longer than ${PASSWORD_BYTES_MAX} bytes; choose a shorter one`);
  }
  return password;
}

async function askTwice(input: PasswordInput): Promise<string> {
  const password = await ask(input, 'Password: ');
  if ((await ask(input, 'Once more: ')) === password) return password;
  throw refused('the two passwords differ; run "weir password" again');
}

/** Asks on standard error, which leaves standard output to the hash. */
async function ask(input: PasswordInput, question: string): Promise<string> {
  process.stderr.write(question);
  // What is typed is shown on whatever readline writes to.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input, output: nowhere, terminal: true });
  try {
    return await new Promise((resolve, reject) => {
      terminal.once('line', resolve);
      terminal.once('SIGINT', () => reject(refused('nothing was typed; run "weir password" again')));
      terminal.once('close', () => reject(refused('nothing was typed; run "weir password" again')));
    });
  } finally {
    terminal.close();
    process.stderr.write('\n');
  }
}

async function firstLine(input: PasswordInput): Promise<string> {
  let text = '';
  input.setEncoding('utf8');
  for await (const piece of input) {
    text += String(piece);
    // One byte more than a password has tells that it is too long.
    if (text.includes('\n') || text.length > PASSWORD_BYTES_MAX) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}

function refused(message: string): UserError {
  return new UserError(message, { exitCode: 2 });
}
