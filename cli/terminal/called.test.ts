import { describe, expect, it } from 'vitest';
import { asCalled } from './called.ts';

describe('a text that shows commands', () => {
  it.each([
    ['Next:\n  weir up --config a.yaml\n', 'Next:\n  npx weir up --config a.yaml\n'],
    ['see "weir --help"', 'see "npx weir --help"'],
    ['Run `weir batch`: it is made anew', 'Run `npx weir batch`: it is made anew'],
    ['weir init', 'npx weir init'],
    ['give one, as in: weir password < password.txt', 'give one, as in: npx weir password < password.txt'],
  ])('shows %j as it was called', (text, shown) => {
    expect(asCalled(text, 'npx weir')).toBe(shown);
  });

  it.each(['weir 1.2.3 runs', 'where the running weir is', 'weir: there is no x', 'at /srv/weir', 'weir.yaml is'])(
    'leaves %j, which is no command, as it is',
    (text) => {
      expect(asCalled(text, 'npx weir')).toBe(text);
    },
  );
});
