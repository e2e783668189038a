import { Command, InvalidArgumentError, type Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { BENCHMARKS } from '#load-tests/benchmarks.ts';
import { isCaughtUp, parseWhere } from './answer.ts';
import { chosenBenchmarks, formatFigure } from './bench.ts';
import { addCommand, logLevelOption, urlOption } from './flags.ts';
import { parseCount } from './quarantine.ts';
import { parseBackbone } from './up.ts';

const read = (option: Option, text: string): unknown => option.parseArg?.(text, undefined);

describe('a flag', () => {
  it('--url is read as an address of the web, and nothing else', () => {
    expect(read(urlOption(), 'https://weir.example.org:9000/')).toEqual(new URL('https://weir.example.org:9000/'));
    for (const text of ['localhost:8080', 'ftp://host/', '127.0.0.1', 'http://'])
      expect(() => read(urlOption(), text)).toThrow(InvalidArgumentError);
    expect(urlOption().defaultValue).toEqual(new URL('http://127.0.0.1:8080'));
  });

  it('--log-level is info unless the environment says otherwise', () => {
    expect(logLevelOption()).toMatchObject({ defaultValue: 'info', envVar: 'WEIR_LOG_LEVEL' });
  });

  it('--where is split at its first =, behind a tag, and added to those before', () => {
    expect(parseWhere('region=DK1', [])).toEqual([['region', 'DK1']]);
    expect(parseWhere('a=b=c', [['x', 'y']])).toEqual([
      ['x', 'y'],
      ['a', 'b=c'],
    ]);
    expect(parseWhere('a=', [])).toEqual([['a', '']]);
    for (const text of ['region', '=DK1', '']) expect(() => parseWhere(text, [])).toThrow(InvalidArgumentError);
  });

  it('--limit is a whole number from 1 on, of nine digits at most', () => {
    expect([parseCount('1'), parseCount('100'), parseCount('999999999')]).toEqual([1, 100, 999_999_999]);
    for (const text of ['0', '01', '-1', '1.5', '1000000000', ' 1', 'all'])
      expect(() => parseCount(text)).toThrow(InvalidArgumentError);
  });

  it('--backbone is embedded, or the address of one server', () => {
    expect(parseBackbone('embedded')).toEqual({ kind: 'embedded' });
    expect(parseBackbone('nats://127.0.0.1:4222')).toEqual({ kind: 'nats', servers: ['nats://127.0.0.1:4222'] });
    for (const text of ['nats', 'nats://', 'nats://a/b', 'x nats://a', 'kafka://x'])
      expect(() => parseBackbone(text)).toThrow(InvalidArgumentError);
  });
});

describe('the help of a command', () => {
  /** What stands after its options. */
  function after(examples: readonly string[], more?: string): string {
    const text = { summary: 's', description: 'd', usage: '', examples, ...(more === undefined ? {} : { more }) };
    let help = '';
    addCommand(new Command(), 'x', text)
      .configureOutput({ writeOut: (piece) => (help += piece) })
      .outputHelp();
    return help.slice(help.indexOf('for command') + 'for command'.length);
  }

  it('ends with its examples, one or several in lines of their own, behind what else there is to say', () => {
    expect(after(['weir views'])).toBe('\n\nExample:\n  weir views\n');
    expect(after(['weir a', 'weir b'])).toBe('\n\nExamples:\n  weir a\n  weir b\n');
    expect(after(['weir a'], '\nMore.\n')).toBe('\n\nMore.\n\n\nExample:\n  weir a\n');
  });
});

describe('a server', () => {
  it('has caught up when each partition is folded to what was acknowledged in it', () => {
    const at = (...positions: readonly number[]) => positions.map((committed, partition) => ({ partition, committed }));
    expect(isCaughtUp(at(5, 7), [5, 7])).toBe(true);
    expect(isCaughtUp(at(6, 7), [5, 7])).toBe(true);
    expect(isCaughtUp(at(5, 6), [5, 7])).toBe(false);
    expect(isCaughtUp(at(0), [])).toBe(true);
    expect(isCaughtUp([{ partition: 1, committed: 6 }], [9, 6])).toBe(true);
  });
});

describe('a benchmark', () => {
  it('is chosen by its name, in the order of the names; all that are not long where none is named', () => {
    const usual = chosenBenchmarks([]).map(({ name }) => name);
    expect(usual).toEqual(BENCHMARKS.map(({ name }) => name).filter((name) => name !== 'year'));
    expect(chosenBenchmarks(['year']).map(({ name }) => name)).toEqual(['year']);
    expect(chosenBenchmarks(['size', 'fold']).map(({ name }) => name)).toEqual(['size', 'fold']);
  });

  it('that is not known is told the nearest, or all there are', () => {
    expect(() => chosenBenchmarks(['fol'])).toThrow(
      expect.objectContaining({ message: 'benchmark fol is not known; did you mean fold?', exitCode: 2 }),
    );
    expect(() => chosenBenchmarks(['xxxxxxxx'])).toThrow(
      'known are fold, fold-by-device, fold-live-by-device, recompute',
    );
  });

  it('prints a figure with its runs, and beside its goal', () => {
    const figure = { name: 'query', value: 12_345.678_91, unit: 'ms', runs: 3 };
    expect(formatFigure(figure)).toBe('query                       12,345.6789 ms (3 runs)');
    expect(formatFigure({ ...figure, runs: 1, against: 'goal of 20 ms', ratio: 0.5 })).toBe(
      'query                       12,345.6789 ms (1 run, 0.5 times the goal of 20 ms)',
    );
  });
});
