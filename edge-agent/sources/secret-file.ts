import { open } from 'node:fs/promises';
import { SourceError, subjectOf } from './source-error.ts';

const LINE_BYTES_MAX = 8_192;

/** The bytes of a file with secrets. `field`: where the configuration names it. Throws SourceError, which quotes nothing. */
export async function readSecretFile(file: string, field: string, bytesMax: number): Promise<Buffer> {
  let bytes: Buffer;
  try {
    const opened = await open(file, 'r');
    try {
      const { buffer, bytesRead } = await opened.read(Buffer.alloc(bytesMax + 1), 0, bytesMax + 1, 0);
      bytes = buffer.subarray(0, bytesRead);
    } finally {
      await opened.close();
    }
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    const value = code === 'ENOENT' ? 'does not exist' : `can't be read (${code})`;
    throw new SourceError('unreadable', subjectOf(file), value, `check the path and its permissions at \`${field}\``);
  }
  if (bytes.length <= bytesMax) return bytes;
  throw new SourceError(
    'unreadable',
    subjectOf(file),
    `has more than ${bytesMax} bytes`,
    `check the path at \`${field}\``,
  );
}

/** The one line of a file, without the line end that editors put behind it. `what` it is to hold: `the token`. */
export async function readSecretLine(file: string, field: string, what: string): Promise<string> {
  const text = (await readSecretFile(file, field, LINE_BYTES_MAX)).toString('latin1').replace(/\r?\n$/, '');
  if (text !== '' && !text.includes('\n')) return text;
  const value = text === '' ? 'is empty' : 'holds more than one line';
  throw new SourceError('unreadable', subjectOf(file), value, `write ${what} into it, and nothing else`);
}
