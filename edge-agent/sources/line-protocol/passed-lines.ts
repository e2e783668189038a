import { nearestNames } from '#core/time/nearest-name.ts';
import type { SourceOptions } from '../source-kind.ts';
import type { ReadLines } from './line-reader.ts';

/** How often it is told at most that lines were passed over: a collector sends them every few seconds, for ever. */
const TELL_MS = 60_000;

/** Lines that are shown, those of each measurement once. */
const SHOWN_MAX = 8;

/** Fields that are remembered, to name the nearest of them. */
const FIELDS_MAX = 256;

/** Counts the lines that no rule is for, and tells of them: in the log at once and then from time to time, and when asked. */
export class PassedLines {
  readonly #options: Pick<SourceOptions, 'nowMs' | 'logger'> & { readonly name: string };
  #count = 0;
  #toldCount = 0;
  #toldMs = Number.NEGATIVE_INFINITY;
  /** By measurement. */
  readonly #shown = new Map<string, string>();
  /** Fields that points had which no rule is for, as a rule would write them. */
  readonly #fields = new Set<string>();

  constructor(options: Pick<SourceOptions, 'nowMs' | 'logger'> & { readonly name: string }) {
    this.#options = options;
  }

  add({ passedLines, passedShown }: Pick<ReadLines, 'passedLines' | 'passedShown'>): void {
    if (passedLines === 0) return;
    this.#count += passedLines;
    for (const line of passedShown) {
      const { measurement, fields } = namesIn(line);
      for (const field of fields) if (this.#fields.size < FIELDS_MAX) this.#fields.add(`${measurement}.${field}`);
      if (this.#shown.size < SHOWN_MAX && !this.#shown.has(measurement)) this.#shown.set(measurement, line);
    }
    const { name: source, nowMs, logger } = this.#options;
    if (Math.abs(nowMs() - this.#toldMs) < TELL_MS) return;
    logger?.info(
      { source, lines: this.#count - this.#toldCount, such: passedShown },
      'no rule of `series` is for these',
    );
    this.#toldCount = this.#count;
    this.#toldMs = nowMs();
  }

  /** `neverFound`: the values of rules that no point has had. */
  remarks(neverFound: readonly string[]): readonly string[] {
    if (this.#count === 0) return [];
    const points = this.#count === 1 ? '1 point that no rule is for' : `${this.#count} points that no rule is for`;
    return [
      `${points}, such as ${[...this.#shown.values()].join('; ')}`,
      ...neverFound.map((value) => {
        const nearest = nearestNames(value, [...this.#fields]);
        return `no point had ${value}${nearest.length > 0 ? `; did you mean ${nearest.join(' or ')}?` : ''}`;
      }),
    ];
  }
}

/** The names in the beginning of a line, for messages: unescaped, and as far as the text goes. */
function namesIn(line: string): { readonly measurement: string; readonly fields: readonly string[] } {
  const unescaped = (name: string): string => name.replaceAll(/\\([,= ])/g, '$1');
  const head = /^(?:\\.|[^ \\])*/.exec(line)![0];
  const fields = line
    .slice(head.length)
    .trim()
    .split(/(?<!\\),/);
  return {
    measurement: unescaped(head.split(/(?<!\\),/, 1)[0]!),
    fields: fields.map((field) => unescaped(field.split(/(?<!\\)=/, 1)[0]!)),
  };
}
