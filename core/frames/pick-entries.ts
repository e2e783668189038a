import { type Amends, encodeAmend } from './amend-frame.ts';
import { encodeReadings } from './encode-readings.ts';
import type { Frame } from './frame.ts';
import type { FrameMeta } from './header.ts';
import { encodePanes } from './panes-codec.ts';
import type { PaneColumns } from './panes.ts';
import type { ReadingsRuns, SignedLinks } from './readings.ts';

/** What a frame says of series: what is left of it without its header. */
export type FrameContent =
  | { readonly kind: 'readings'; readonly runs: ReadingsRuns }
  | { readonly kind: 'panes'; readonly panes: PaneColumns }
  | { readonly kind: 'amend'; readonly amends: Amends };

/** The content of a frame; undefined of a birth, which says what series are and nothing of them. */
export function contentOf(frame: Frame): FrameContent | undefined {
  return frame.kind === 'birth' ? undefined : frame;
}

/** A frame of the content. Throws FrameTooLarge. */
export function encodeContent(meta: FrameMeta, content: FrameContent): Uint8Array {
  switch (content.kind) {
    case 'readings':
      return encodeReadings(meta, content.runs);
    case 'panes':
      return encodePanes(meta, content.panes);
    case 'amend':
      return encodeAmend(meta, content.amends);
  }
}

/** Readings that the content counts, or amends. */
export function countOf(content: FrameContent): number {
  switch (content.kind) {
    case 'readings':
      return content.runs.timeMs.length;
    case 'panes':
      return content.panes.readings.reduce((sum, readings) => sum + readings, 0);
    case 'amend':
      return content.amends.count;
  }
}

/** The dictionary entries that the content speaks of. */
export function entriesOf(content: FrameContent): ReadonlySet<number> {
  switch (content.kind) {
    case 'readings': {
      const { entry, runCount, links } = content.runs;
      return new Set([...entry.slice(0, runCount), ...links.entry.slice(0, links.count)]);
    }
    case 'panes':
      return entriesAndLinks(content.panes);
    case 'amend':
      return entriesAndLinks(content.amends);
  }
}

function entriesAndLinks({ entry, count, links }: Entries & { readonly links: SignedLinks }): ReadonlySet<number> {
  return new Set([...entry.slice(0, count), ...links.entry.slice(0, links.count)]);
}

/**
 * What the content says of the wanted entries alone; undefined where it says nothing of them. What is picked and what is
 * left add up to the whole, since no column spans two series.
 */
export function pickEntries(content: FrameContent, wanted: (entry: number) => boolean): FrameContent | undefined {
  switch (content.kind) {
    case 'readings': {
      const runs = pickRuns(content.runs, wanted);
      return runs.runCount + runs.links.count === 0 ? undefined : { kind: 'readings', runs };
    }
    case 'panes': {
      const panes = pickWithLinks(content.panes, wanted);
      return panes.count + panes.links.count === 0 ? undefined : { kind: 'panes', panes };
    }
    case 'amend': {
      const amends = pickWithLinks(content.amends, wanted);
      return amends.count + amends.links.count === 0 ? undefined : { kind: 'amend', amends };
    }
  }
}

function pickRuns(runs: ReadingsRuns, wanted: (entry: number) => boolean): ReadingsRuns {
  const places = placesOf(runs.entry, runs.runCount, wanted);
  const timeMs: number[] = [];
  const value: number[] = [];
  let from = 0;
  for (let run = 0; run < runs.runCount; run++) {
    const to = from + runs.length[run]!;
    if (wanted(runs.entry[run]!)) {
      for (let i = from; i < to; i++) {
        timeMs.push(runs.timeMs[i]!);
        value.push(runs.value[i]!);
      }
    }
    from = to;
  }
  return {
    runCount: places.length,
    entry: places.map((place) => runs.entry[place]!),
    length: places.map((place) => runs.length[place]!),
    anchored: Uint8Array.from(places, (place) => runs.anchored[place]!),
    anchorTimeMs: at(runs.anchorTimeMs, places),
    anchorValue: at(runs.anchorValue, places),
    unchecked: Uint8Array.from(places, (place) => runs.unchecked[place]!),
    timeMs: Float64Array.from(timeMs),
    value: Float64Array.from(value),
    links: pickColumns(runs.links, wanted),
  };
}

/** Whatever has a value per entry in each of its columns, of the entries that are wanted. */
function pickColumns<Columns extends Entries>(columns: Columns, wanted: (entry: number) => boolean): Columns {
  const kept = Array.from({ length: columns.count }, (_, place) => wanted(columns.entry[place]!));
  const picked = Object.entries(columns).map(([name, column]: [string, unknown]) => [
    name,
    isColumn(column) ? column.filter((_, place) => kept[place] === true) : column,
  ]);
  return { ...(Object.fromEntries(picked) as Columns), count: kept.filter((one) => one).length };
}

type Entries = Pick<SignedLinks, 'count' | 'entry'>;

/** Typed arrays are filtered as arrays are. */
function isColumn(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

/** The same of what has links beside its columns. */
function pickWithLinks<Columns extends Entries & { readonly links: SignedLinks }>(
  columns: Columns,
  wanted: (entry: number) => boolean,
): Columns {
  return { ...pickColumns(columns, wanted), links: pickColumns(columns.links, wanted) };
}

/** Places among the first `count` entries that are wanted. */
function placesOf(entries: Int32Array, count: number, wanted: (entry: number) => boolean): Int32Array {
  const places: number[] = [];
  for (let place = 0; place < count; place++) if (wanted(entries[place]!)) places.push(place);
  return Int32Array.from(places);
}

function at(column: Float64Array, places: Int32Array): Float64Array {
  return Float64Array.from(places, (place) => column[place]!);
}
