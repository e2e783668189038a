import type { AnsweredSlice, FollowedView } from '#backbone/answers/slice-feed.ts';

/** Statistics that are whole numbers for InfluxDB; all others are floats, so that no field ever changes its type. */
const WHOLE = new Set(['count']);

/**
 * Writes the slices of a view as points of line protocol (InfluxDB 2, line protocol reference): the measurement is named as
 * the view, a tag as each of its tags, and the time is the start of the slice, in milliseconds.
 *
 * A value is written with all of its digits, and InfluxDB keeps the double that is nearest to it: what is beyond 53 bits, also
 * beyond 64, is exact only in `state`, which holds the stats as core/stats/row-codec.ts writes them, in base64 (RFC 4648 §4).
 * A statistic that has no value is no field. A tag that is empty is no tag, as InfluxDB has none.
 */
export class LineWriter {
  readonly #view: FollowedView;
  readonly #measurement: string;
  readonly #fields: readonly { readonly key: string; readonly end: string }[];
  /** Of the group before: slices of one often follow each other. */
  #tags: readonly string[] | undefined;
  #head = '';

  constructor(followed: FollowedView) {
    this.#view = followed;
    this.#measurement = escaped(followed.view.name, /[, ]/g);
    this.#fields = followed.statistics.map((name) => ({ key: `${name}=`, end: WHOLE.has(name) ? 'i,' : ',' }));
  }

  /** One slice, without the end of the line. */
  line({ startMs, tags, values, completeness, final, pending, revision, state }: AnsweredSlice): string {
    let text = this.#headOf(tags);
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      if (value === null) continue;
      const { key, end } = this.#fields[i]!;
      text += key + value + end;
    }
    const exact = Buffer.from(state.buffer, state.byteOffset, state.byteLength).toString('base64');
    return `${text}completeness=${completeness},final=${final},pending=${pending},revision=${revision}i,state="${exact}" ${startMs}`;
  }

  /** What stands before the fields. */
  #headOf(tags: readonly string[]): string {
    if (tags === this.#tags) return this.#head;
    const { by } = this.#view.view;
    // In the order of their names, as InfluxDB sorts them anyway.
    const named = by.map((name, i) => [name, tags[i]!] as const).filter(([, value]) => value !== '');
    const sorted = named.toSorted(([a], [b]) => (a < b ? -1 : 1));
    const texts = sorted.map(([name, value]) => `,${tagText(name)}=${tagText(value)}`);
    this.#tags = tags;
    this.#head = `${this.#measurement}${texts.join('')} `;
    return this.#head;
  }
}

/**
 * A tag's name or value. Line protocol has no way to write a line break, nor a backslash before what has to be escaped, or
 * at the end: these become the signs that look like them, ␤ and ⧵.
 */
function tagText(text: string): string {
  const shown = text.replaceAll(/\r\n|[\r\n]/g, '\u2424').replaceAll(/\\(?=[\\,= ]|$)/g, '\u29F5');
  return escaped(shown, /[,= ]/g);
}

function escaped(text: string, signs: RegExp): string {
  return text.replaceAll(signs, '\\$&');
}
