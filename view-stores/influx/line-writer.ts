import { type AnsweredSlice, type FollowedView, SLICE_STATISTICS } from '#backbone/answers/slice-feed.ts';

/** Fields of a point beside the statistics. */
const OTHER_FIELDS = ['completeness', 'final', 'pending', 'revision', 'state'] as const;

/** All fields that a point may have. */
export const POINT_FIELDS = [...SLICE_STATISTICS, ...OTHER_FIELDS];
export type PointField = (typeof POINT_FIELDS)[number];

/** Statistics that are whole numbers for InfluxDB; all others are floats, so that no field ever changes its type. */
const WHOLE = new Set(['count']);

/** Groups whose tags are kept as text: slices come in the order of time, so those of all groups take turns. */
const HEADS_KEPT = 65_536;

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
  readonly #statistics: readonly { readonly i: number; readonly key: string; readonly end: string }[];
  readonly #writes: Readonly<Record<(typeof OTHER_FIELDS)[number], boolean>>;
  /** What stands before the fields, by group. */
  readonly #heads = new Map<readonly string[], string>();

  /** Writes the fields that are named, or all that there are. */
  constructor(followed: FollowedView, fields: readonly PointField[] = POINT_FIELDS) {
    this.#view = followed;
    this.#measurement = escaped(followed.view.name, /[, ]/g);
    const wanted = new Set<string>(fields);
    this.#statistics = followed.statistics
      .map((name, i) => ({ name, i, key: `${name}=`, end: WHOLE.has(name) ? 'i,' : ',' }))
      .filter(({ name }) => wanted.has(name));
    this.#writes = {
      completeness: wanted.has('completeness'),
      final: wanted.has('final'),
      pending: wanted.has('pending'),
      revision: wanted.has('revision'),
      state: wanted.has('state'),
    };
  }

  /** One slice, without the end of the line; undefined where none of its fields has a value. */
  line(slice: AnsweredSlice): string | undefined {
    let text = '';
    for (const { i, key, end } of this.#statistics) {
      const value = slice.value(i);
      if (value !== null) text += key + value + end;
    }
    if (this.#writes.completeness) text += `completeness=${slice.completeness},`;
    if (this.#writes.final) text += `final=${slice.final},`;
    if (this.#writes.pending) text += `pending=${slice.pending},`;
    if (this.#writes.revision) text += `revision=${slice.revision}i,`;
    if (this.#writes.state) text += `state="${base64(slice.state())}",`;
    return text === '' ? undefined : `${this.#headOf(slice.tags)}${text.slice(0, -1)} ${slice.startMs}`;
  }

  #headOf(tags: readonly string[]): string {
    const known = this.#heads.get(tags);
    if (known !== undefined) return known;
    const { by } = this.#view.view;
    // In the order of their names, as InfluxDB sorts them anyway.
    const named = by.map((name, i) => [name, tags[i]!] as const).filter(([, value]) => value !== '');
    const sorted = named.toSorted(([a], [b]) => (a < b ? -1 : 1));
    const texts = sorted.map(([name, value]) => `,${tagText(name)}=${tagText(value)}`);
    const head = `${this.#measurement}${texts.join('')} `;
    if (this.#heads.size >= HEADS_KEPT) this.#heads.clear();
    this.#heads.set(tags, head);
    return head;
  }
}

/**
 * A tag's name or value as InfluxDB has it. Line protocol has no way to write a line break, nor a backslash before what has to be escaped, or
 * at the end: these become the signs that look like them, ␤ and ⧵.
 */
export function shownTag(text: string): string {
  return text.replaceAll(/\r\n|[\r\n]/g, '\u2424').replaceAll(/\\(?=[\\,= ]|$)/g, '\u29F5');
}

function tagText(text: string): string {
  return escaped(shownTag(text), /[,= ]/g);
}

function escaped(text: string, signs: RegExp): string {
  return text.replaceAll(signs, '\\$&');
}

function base64({ buffer, byteOffset, byteLength }: Uint8Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
