import { SPAN_SLICES, spanOf } from '#core/slices/slice-span.ts';
import { intKey, joinKeys, NUMBER_KEY_BYTES, prefixRange, readIntKey } from '../keys/order.ts';
import type { Table, TableOperation } from '../table/table.ts';
import type { RowSpan, SpanExtent } from './changes.ts';
import { extentKey, type ExtentName, extentPrefix, parseExtentKey } from './row-keys.ts';

interface Extent extends ExtentName {
  fromSlice: number;
  toSlice: number;
  /** It is not written as it stands here. */
  isWider: boolean;
}

/**
 * In which slices there are spans, by view, version, partition and epoch: held in memory, and written with each commit that
 * widens them, so that nobody looks at all spans to find where there are any.
 */
export class Extents {
  readonly #extents = new Map<string, Extent>();

  static async read(table: Table): Promise<Extents> {
    const read = new Extents();
    for await (const [key, value] of table.scan(prefixRange(extentPrefix()))) {
      const [fromSlice, toSlice] = [readIntKey(value), readIntKey(value, NUMBER_KEY_BYTES)];
      const name = parseExtentKey(key);
      read.#extents.set(nameOf(name), { ...name, fromSlice, toSlice, isWider: false });
    }
    return read;
  }

  /** Takes in spans that are about to be written, and gives what writes the extents with them. */
  widen(spans: Iterable<Pick<RowSpan, 'view' | 'version' | 'partition' | 'epoch' | 'opener'>>): TableOperation[] {
    const touched = new Set<Extent>();
    for (const span of spans) {
      const fromSlice = spanOf(span.opener) * SPAN_SLICES;
      const extent = this.#open(span, fromSlice);
      if (fromSlice < extent.fromSlice || fromSlice + SPAN_SLICES > extent.toSlice) {
        extent.fromSlice = Math.min(extent.fromSlice, fromSlice);
        extent.toSlice = Math.max(extent.toSlice, fromSlice + SPAN_SLICES);
        extent.isWider = true;
      }
      if (extent.isWider) touched.add(extent);
    }
    return Array.from(touched, ({ view, version, partition, epoch, fromSlice, toSlice }): TableOperation => {
      const value = joinKeys(intKey(fromSlice), intKey(toSlice));
      return { kind: 'put', key: extentKey({ view, version, partition, epoch }), value };
    });
  }

  /** The spans were written, and the extents with them. */
  settle(spans: Iterable<ExtentName>): void {
    for (const span of spans) {
      const extent = this.#extents.get(nameOf(span));
      if (extent !== undefined) extent.isWider = false;
    }
  }

  *of(view: string, version: number): Iterable<SpanExtent> {
    for (const extent of this.#extents.values()) if (extent.view === view && extent.version === version) yield extent;
  }

  /** Forgets those of which the spans were deleted, and gives what deletes them. */
  forget(view: string, version: number, goes: (extent: SpanExtent) => boolean): TableOperation[] {
    const gone = [...this.#extents].filter(
      ([, extent]) => extent.view === view && extent.version === version && goes(extent),
    );
    return gone.map(([name, extent]): TableOperation => {
      this.#extents.delete(name);
      return { kind: 'delete', key: extentKey(extent) };
    });
  }

  #open({ view, version, partition, epoch }: ExtentName, fromSlice: number): Extent {
    const name = nameOf({ view, version, partition, epoch });
    let extent = this.#extents.get(name);
    if (extent === undefined) {
      extent = { view, version, partition, epoch, fromSlice, toSlice: fromSlice, isWider: true };
      this.#extents.set(name, extent);
    }
    return extent;
  }
}

function nameOf({ view, version, partition, epoch }: ExtentName): string {
  return `${version}/${partition}/${epoch}/${view}`;
}
