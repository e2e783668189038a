import type { MemberRow, SliceRow } from '#backbone/changes/changes.ts';
import { spansOfRows } from '#backbone/changes/row-span.ts';
import { spanOf } from '#core/slices/slice-span.ts';
import { addReading } from '#core/stats/merge.ts';
import { encodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { groupKey } from '#core/views/view.ts';
import { World } from '#serving/world.fixtures.ts';
import { xorshift } from './chance.ts';

const WEEK_START_MS = Date.UTC(2026, 0, 5);
const WEEK_SLICES = 7 * 24 * 60;
const MINUTE_MS = 60_000;

const REGIONS = 10;
const METERS_PER_REGION = 100;

/** A world that holds a week of readings, one a minute, of 1,000 meters spread over ten regions. */
export async function weekOfMeters(): Promise<World> {
  const world = await World.open({ partitions: 1 });
  const next = xorshift(1);
  const table = new StatsTable(1);
  const slot = table.allocate();
  const { name: view } = world.view;
  const members: MemberRow[] = [];
  const rows: SliceRow[] = [];
  const firstSlice = WEEK_START_MS / MINUTE_MS;
  for (let region = 0; region < REGIONS; region++) {
    const group = groupKey([`region-${region}`]);
    for (let i = 0; i < METERS_PER_REGION; i++) {
      const firstMs = WEEK_START_MS + (next() % MINUTE_MS);
      members.push({
        view,
        version: 1,
        group,
        partition: 0,
        agent: `agent-${region}`,
        series: `meter-${region}-${i}`,
        intervalMs: MINUTE_MS,
        firstMs,
      });
    }
    for (let slice = firstSlice; slice < firstSlice + WEEK_SLICES; slice++) {
      table.reset(slot);
      for (let i = 0; i < METERS_PER_REGION; i++)
        addReading(table, slot, slice * MINUTE_MS + (next() % MINUTE_MS), next() % 5_000_000, false);
      rows.push({
        view,
        version: 1,
        group,
        partition: 0,
        slice,
        epoch: 0,
        part: spanOf(slice) - spanOf(firstSlice) + 1,
        revision: 4,
        flags: 0,
        stats: encodeRow(table, slot),
      });
    }
  }
  const spans = spansOfRows(rows);
  await world.changes.commit({ partition: 0, from: 0, to: WEEK_SLICES, spans, members, agents: [], refused: [] }, []);
  return world;
}
