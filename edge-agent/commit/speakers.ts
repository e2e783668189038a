import { joinKeys, prefixRange, readUintKey, stringKey, uintKey } from '#backbone/keys/order.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';

/** Series of one record: a commit writes those records alone in which a series has another speaker. */
const SERIES_PER_RECORD = 1024;
/** Sources that are told apart over all starts. Of further ones nobody knows of which series they speak. */
const SOURCES_MAX = 0xffff;

const SPEAKER = stringKey('speaker');

/**
 * Which source spoke last of each series, on disk too: a source that says nothing after a start may be the one whose series
 * are all ended.
 *
 * ```
 * speaker        the names of sources as JSON; the first is number 1
 * speaker/<n>    of series 1024·n to 1024·n + 1023, n from 0 on, the numbers of their sources as uint16; 0 where nobody knows
 * ```
 */
export class Speakers {
  readonly #names: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #unwritten = new Set<number>();
  #speaker = new Uint16Array(0);
  #namesWritten = 0;

  static async open(table: Table): Promise<Speakers> {
    const speakers = new Speakers();
    for await (const [key, bytes] of table.scan(prefixRange(SPEAKER))) {
      if (key.length === SPEAKER.length) {
        for (const name of JSON.parse(Buffer.from(bytes).toString()) as string[]) speakers.#numberOf(name);
        speakers.#namesWritten = speakers.#names.length;
      } else {
        const first = readUintKey(key, SPEAKER.length) * SERIES_PER_RECORD;
        speakers.#reach(first + SERIES_PER_RECORD);
        speakers.#speaker.set(new Uint16Array(Uint8Array.from(bytes).buffer), first);
      }
    }
    return speakers;
  }

  /** The source that spoke last of a series; undefined where nobody knows. */
  of(series: number): string | undefined {
    return this.#names[(this.#speaker[series] ?? 0) - 1];
  }

  /** A source has spoken of series. Tells whether another had, or nobody. */
  note(source: string, series: Int32Array): boolean {
    const number = this.#numberOf(source);
    let isOther = false;
    for (const one of series) {
      if (this.#speaker[one] === number) continue;
      this.#reach(one + 1);
      this.#speaker[one] = number;
      this.#unwritten.add(Math.floor(one / SERIES_PER_RECORD));
      isOther = true;
    }
    return isOther;
  }

  /** The writes that make it durable. */
  record(): readonly TableOperation[] {
    if (this.#unwritten.size === 0) return [];
    const operations = Array.from(this.#unwritten, (record): TableOperation => {
      const first = record * SERIES_PER_RECORD;
      const value = new Uint8Array(this.#speaker.slice(first, first + SERIES_PER_RECORD).buffer);
      return { kind: 'put', key: joinKeys(SPEAKER, uintKey(record)), value };
    });
    this.#unwritten.clear();
    if (this.#namesWritten === this.#names.length) return operations;
    this.#namesWritten = this.#names.length;
    return [...operations, { kind: 'put', key: SPEAKER, value: Buffer.from(JSON.stringify(this.#names)) }];
  }

  #numberOf(source: string): number {
    const known = this.#numbers.get(source);
    if (known !== undefined) return known;
    if (this.#names.length === SOURCES_MAX) return 0;
    const number = this.#names.push(source);
    this.#numbers.set(source, number);
    return number;
  }

  /** Makes room for series up to the count, in whole records. */
  #reach(count: number): void {
    if (count <= this.#speaker.length) return;
    const records = Math.ceil(Math.max(count, this.#speaker.length * 2) / SERIES_PER_RECORD);
    const wider = new Uint16Array(records * SERIES_PER_RECORD);
    wider.set(this.#speaker);
    this.#speaker = wider;
  }
}
