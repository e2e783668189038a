import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderPerTest } from '../disk/test-folder.fixtures.ts';
import { readSecretLine } from './secret-file.ts';

const folder = folderPerTest('secret');

async function read(bytes: Uint8Array): Promise<string> {
  const file = join(folder.dir, 'it.token');
  await writeFile(file, bytes);
  return readSecretLine(file, 'token.file', 'the token').catch((error: Error) => error.message);
}

describe('a file that holds a secret', () => {
  it.each(['secret', 'secret\n', 'secret\r\n'])('holds one line, as %j', async (text) => {
    expect(await read(Buffer.from(text))).toBe('secret');
  });

  it.each([
    ['', 'is empty'],
    ['\n', 'is empty'],
    ['secret\n\n', 'holds more than one line'],
    ['a\nsecret', 'holds more than one line'],
  ])('is refused as %j, and not quoted', async (text, why) => {
    const message = await read(Buffer.from(text));
    expect(message).toMatch(new RegExp(`it\\.token ${why}; write the token into it, and nothing else$`));
  });

  it('is refused as Windows PowerShell writes it', async () => {
    expect(await read(Buffer.from('\ufeffsecret\r\n', 'utf16le'))).toContain('is UTF-16, or no text; write the token');
  });
});
