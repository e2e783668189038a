import type { MemberRow, SliceRow } from '#backbone/changes/changes.ts';
import { spansOfRows } from '#backbone/changes/row-span.ts';
import { spanOf } from '#core/slices/slice-span.ts';
import { addReading } from '#core/stats/merge.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { groupKey } from '#core/views/view.ts';
import { POWER, World } from '#serving/world.fixtures.ts';
import { xorshift } from './chance.ts';

const WEEK_START_MS = Date.UTC(2026, 0, 5);
const WEEK_MS = 7 * 24 * 60 * 60_000;

const REGIONS = 10;
const METERS_PER_REGION = 100;

/** Meters of a week, by what they are grouped: each sends once in a slice. */
export interface WeekShape {
  readonly by: 'region' | 'device';
  readonly sliceMs: number;
}

/** A world that holds a week of readings of 1,000 meters spread over ten regions, in a view `power-by-region` or `power-by-device`. */
export async function weekOfMeters({ by, sliceMs }: WeekShape): Promise<World> {
  const view = { name: `power-by-${by}`, metric: POWER.name, by: [by], where: {}, sliceMs };
  const world = await World.open({ partitions: 1, view, metric: { ...POWER, intervalMs: sliceMs } });
  const next = xorshift(1);
  let position = 0;
  for (let region = 0; region < REGIONS; region++) {
    const names = Array.from({ length: METERS_PER_REGION }, (_, i) => `meter-${region}-${i}`);
    const groups = by === 'region' ? [{ tag: `region-${region}`, meters: names }] : names.map(groupOfOne);
    for (const { tag, meters } of groups) {
      const group = groupKey([tag]);
      const members = meters.map((series) => memberOf(view.name, group, region, series, sliceMs, next));
      const spans = spansOfRows(rowsOf(view.name, group, meters.length, sliceMs, next));
      const change = { partition: 0, from: position, to: ++position, spans, members, agents: [], refused: [] };
      await world.changes.commit(change, []);
    }
  }
  return world;
}

function groupOfOne(meter: string): { readonly tag: string; readonly meters: readonly string[] } {
  return { tag: meter, meters: [meter] };
}

function memberOf(
  view: string,
  group: string,
  region: number,
  series: string,
  intervalMs: number,
  next: () => number,
): MemberRow {
  const firstMs = WEEK_START_MS + (next() % intervalMs);
  return { view, version: 1, group, partition: 0, agent: `agent-${region}`, series, intervalMs, firstMs };
}

/** A week of rows, of so many readings each. */
function rowsOf(view: string, group: string, readings: number, sliceMs: number, next: () => number): SliceRow[] {
  const table = new StatsTable(1);
  const slot = table.allocate();
  const firstSlice = WEEK_START_MS / sliceMs;
  return Array.from({ length: WEEK_MS / sliceMs }, (_, i) => {
    const slice = firstSlice + i;
    table.reset(slot);
    for (let k = 0; k < readings; k++)
      addReading(table, slot, slice * sliceMs + (next() % sliceMs), next() % 5_000_000, false);
    const part = spanOf(slice) - spanOf(firstSlice) + 1;
    const stats = encodeRow(table, slot);
    return { view, version: 1, group, partition: 0, slice, epoch: 0, part, revision: 4, flags: 0, stats };
  });
}
