import { PassThrough, Readable } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { askPassword } from './ask-password.ts';

afterEach(() => vi.restoreAllMocks());

const piped = (...pieces: readonly string[]): Promise<string> =>
  askPassword(
    Readable.from(
      pieces.map((piece) => Buffer.from(piece)),
      { objectMode: false },
    ),
  );

/** Types a line as soon as each question is asked; gives what was asked, and what was shown, in one. */
async function typed(...lines: readonly string[]): Promise<{ readonly password: string; readonly shown: string }> {
  const input = Object.assign(new PassThrough(), { isTTY: true });
  const left = [...lines];
  let shown = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    shown += String(text);
    if (String(text).endsWith(': ')) setImmediate(() => input.write(left.shift() ?? '\u0003'));
    return true;
  });
  return { password: await askPassword(input), shown };
}

describe('a password', () => {
  it('is the first line of what is piped in, whatever its end', async () => {
    expect(await piped('sec', 'ret word\r\nmore\n')).toBe('secret word');
    expect(await piped('grüße')).toBe('grüße');
    await expect(piped('\n')).rejects.toThrow('the password is empty');
    await expect(piped()).rejects.toThrow('the password is empty');
    await expect(piped('x'.repeat(2_000))).rejects.toThrow('longer than 1024 bytes');
  });

  it('is typed twice, and not shown', async () => {
    expect(await typed('secret\r', 'secret\r')).toEqual({ password: 'secret', shown: 'Password: \nOnce more: \n' });
    await expect(typed('secret\r', 'secert\r')).rejects.toThrow('the two passwords differ');
    await expect(typed('sec\u0003')).rejects.toThrow('nothing was typed');
  });
});
