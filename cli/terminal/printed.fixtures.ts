import { afterEach, beforeEach, vi } from 'vitest';

/** Keeps standard output from the output of the tests themselves; gives what was written to it since it was last asked. */
export function keepPrinted(): () => string {
  let printed = '';
  beforeEach(() => {
    printed = '';
    vi.spyOn(process.stdout, 'write').mockImplementation((piece) => {
      printed += String(piece);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return () => {
    const text = printed;
    printed = '';
    return text;
  };
}
