import { describe, expect, it } from 'vitest';
import { DirectoryInUse } from '#backbone/storage-errors.ts';
import { SourceError } from '#edge-agent/sources/source-error.ts';
import { describeFailure, UserError } from './failure.ts';

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
