import { describe, expect, it } from 'vitest';
import { DirectoryInUse } from '#backbone/storage-errors.ts';
import { SourceError } from '#edge-agent/sources/source-error.ts';
import { describeFailure, UserError } from './failure.ts';
import { buildProgram, usageFault } from './program.ts';
import { WHOLE } from './whole-program.ts';

describe('what is wrong with a command line', () => {
  it.each([
    [
      "error: unknown command 'upp'\n(Did you mean up?)",
      ['upp'],
      `unknown command 'upp'; did you mean up? see "weir --help"`,
    ],
    ["error: unknown option '--htp'", ['up', '--htp'], `unknown option '--htp'; see "weir up --help"`],
    ['error: it is invalid.', ['up'], 'it is invalid; see "weir up --help"'],
    ['error: it is invalid.', [], 'it is invalid; see "weir --help"'],
    ["error: unknown option '-x'", ['-x', 'up'], `unknown option '-x'; see "weir --help"`],
  ])('%j is told in one sentence that ends with where to look', (message, args, sentence) => {
    expect(usageFault(message, args)).toBe(sentence);
  });
});

describe('a flag that is given twice', () => {
  it.each([
    [
      ['certs', 'x', '--host', 'a', '--host', 'b'],
      "'--host <list>' is given twice; name all at once, with commas between",
    ],
    [['tokens', 'add', 'x', '--may', 'read', '--may', 'write'], "'--may <right>' is given twice; give it once"],
  ])('is refused rather than taken as the last: %j', async (args, sentence) => {
    const program = buildProgram(WHOLE, () => undefined);
    await expect(program.parseAsync(args, { from: 'user' })).rejects.toThrow(sentence);
  });
});

describe('a failure', () => {
  it('of the user ends with the status that it names', () => {
    expect(describeFailure(new UserError('wrong', { exitCode: 2 }))).toEqual({ message: 'wrong', exitCode: 2 });
    expect(describeFailure(new UserError('failed'))).toEqual({ message: 'failed', exitCode: 1 });
  });

  it('of the world is told in its own words, whichever part it comes from', () => {
    expect(describeFailure(new SourceError('empty', 'file a.csv', 'is empty', 'check it'))).toEqual({
      message: 'file a.csv is empty; check it',
      exitCode: 1,
    });
    expect(describeFailure(new DirectoryInUse('data')).message).toMatch(
      /^The directory data is held by another running weir\./,
    );
  });

  it('of ours says so, in one line', () => {
    for (const thrown of [new TypeError('x is undefined\n  more'), 'a text', undefined]) {
      const { message, exitCode } = describeFailure(thrown);
      expect(message).toMatch(
        /^this is a bug of Weir \([^\n]+\); nothing that was acknowledged is lost\. .*WEIR_DEBUG=1/,
      );
      expect(exitCode).toBe(1);
    }
  });
});
