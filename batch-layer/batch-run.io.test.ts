import { describe, expect, it } from 'vitest';
import type { SliceRow } from '#backbone/changes/changes.ts';
import { rowsOfSpan, spanOfRows, spansOfRows } from '#backbone/changes/row-span.ts';
import { promoteVersion, declareView } from '#backbone/manifests/manifest.ts';
import type { Objects } from '#backbone/objects/objects.ts';
import { decodeDirectory, encodeDirectory } from '#backbone/results/result-directory.ts';
import { decodeResultBlock, encodeResultBlock } from '#backbone/results/result-format.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import { addReading } from '#core/stats/merge.ts';
import { decodeRow, encodeRow } from '#core/stats/row-codec.ts';
import { StatsTable } from '#core/stats/stats-table.ts';
import { BatchOvertaken, NoSuchView, NothingToRollBack } from './batch-errors.ts';
import { runBatch } from './batch-run.ts';
import { begin, SAMPLE_VIEWS } from './batch-world.fixtures.ts';

const VIEW = SAMPLE_VIEWS[0]!.name;
const never = new AbortController().signal;

describe('a batch run', () => {
  it('batch covers what lies before the cut, speed what lies after, and the sum changes with neither', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings, append, agent } = await begin(stack);
    await readings();
    await world.speed();
    const before = await world.see(VIEW);
    expect(await world.batch({ full: false })).toMatchObject({ version: 1, positions: [12], readings: 40 });
    expect(await world.see(VIEW)).toEqual(before);
    await readings();
    await append(agent.readings([[0, 1, 5]]));
    await world.speed();
    const later = await world.see(VIEW);
    expect(await world.batch({ full: false })).toMatchObject({ positions: [24], readings: 41 });
    expect(await world.see(VIEW)).toEqual(later);
    expect(await world.batch({ full: true })).toMatchObject({ positions: [25], readings: 81 });
    expect(await world.see(VIEW)).toEqual(later);
  });

  it('rows of the speed layer stay from the cut of the state before the live one on', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings } = await begin(stack);
    const epochs = async (): Promise<number[]> => {
      const rows = await Array.fromAsync(world.changes.allRows(VIEW, 1));
      return [...new Set(rows.map(({ epoch }) => epoch))].sort((a, b) => a - b);
    };
    const cuts: number[] = [0];
    for (let run = 0; run < 3; run++) {
      await readings();
      await world.speed();
      const { positions } = await world.batch({ full: false });
      expect(await epochs()).toEqual(cuts.slice(-1));
      cuts.push(positions[0]!);
    }
  });

  it('a run that fails before it publishes leaves the old state live, and the next one clears it away', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings } = await begin(stack);
    await readings();
    await world.batch({ full: false });
    await readings();
    await world.speed();
    const live = await world.liveBatch(VIEW);
    const seen = await world.see(VIEW);
    const stored = (await world.objects.list('results/')).length;
    for (const puts of [0, 1, 2, 3]) {
      const objects = failingAfter(world.objects, puts);
      const resources = { ...world.resources, objects };
      await expect(runBatch(resources, { full: false, id: 'the-cut', signal: never })).rejects.toThrow('no room');
      expect(await world.liveBatch(VIEW)).toEqual(live);
      expect(await world.see(VIEW)).toEqual(seen);
    }
    expect((await world.objects.list('results/')).length).toBeGreaterThan(stored);
    const outcome = await world.batch({ full: false, id: 'the-cut' });
    // The cut is the first record with its id, whatever was appended after it.
    expect(outcome).toMatchObject({ positions: [23], readings: 40 });
    expect(await world.see(VIEW)).toEqual(seen);
    const named = await Promise.all(SAMPLE_VIEWS.map(async ({ name }) => (await world.liveBatch(name)).results.length));
    // A base and a delta for each view, each a directory and one object.
    expect((await world.objects.list('results/')).length).toBe(2 * named.reduce((a, b) => a + b));
  });

  it('the same id once more, after all is done, folds and changes nothing', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings } = await begin(stack);
    await readings();
    const first = await world.batch({ full: false, id: 'x' });
    const live = await world.liveBatch(VIEW);
    await readings();
    expect(await world.batch({ full: false, id: 'x' })).toMatchObject({ positions: first.positions, readings: 0 });
    expect(await world.liveBatch(VIEW)).toEqual(live);
  });

  it('an incremental run reads no history again when its plan was kept, and comes to the same without it', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings, append, agent } = await begin(stack);
    await readings();
    await world.batch({ full: false });
    const repeated = agent.readings([[0, 3, 3]])!;
    await append(repeated);
    await world.batch({ full: false });
    const read: number[] = [];
    const archive = new Proxy(world.archive, {
      get: (target, key) => {
        if (key === 'read')
          return (partition: number, from: number, to: number) => (read.push(from), target.read(partition, from, to));
        const found: unknown = Reflect.get(target, key, target);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    const { objects, resources } = world;
    const run = (id: string) => runBatch({ ...resources, archive }, { full: false, id, signal: never });
    await append(repeated);
    expect(await run('with')).toMatchObject({ readings: 0 });
    expect(read).toEqual([15]);
    for (const { name } of await objects.list('plan/')) await objects.remove(name);
    await append(repeated);
    expect(await run('without')).toMatchObject({ readings: 0 });
    expect(read).toEqual([15, 1]);
    expect(await world.verify()).toMatchObject({ different: 0 });
  });

  it('a reading whose amend came an epoch earlier shows its old value nowhere', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, append, agent } = await begin(stack);
    const delayed = agent.readings([[0, 0, 100]]);
    await append(agent.amend(0, 0, 5));
    await world.batch({ full: false });
    await append(delayed);
    await world.batch({ full: false });
    const seen = await world.see(VIEW);
    expect([...seen.values()]).toMatchObject([
      { stats: { count: 1, sum: 5n, max: 5, first: { value: 5 }, last: { value: 5 } } },
    ]);
    await world.batch({ full: true });
    expect(await world.see(VIEW)).toEqual(seen);
  });

  it('a version that was built meanwhile gets a result of its own over all history', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings } = await begin(stack);
    await readings();
    await world.batch({ full: false });
    const changed = { ...SAMPLE_VIEWS[0]!, sliceMs: 20_000 };
    await world.manifests.change(VIEW, (manifest) => declareView(manifest, changed, 1));
    expect(await world.batch({ full: false })).toMatchObject({ version: 1 });
    expect((await world.manifests.get(VIEW))!.versions.map(({ batch }) => batch.results.length)).toEqual([2, 0]);
    await world.manifests.change(VIEW, (manifest) => promoteVersion(manifest!, 2));
    await readings();
    expect(await world.batch({ full: false })).toMatchObject({ version: 2 });
    const versions = (await world.manifests.get(VIEW))!.versions;
    expect(versions.map(({ state, batch }) => [state, batch.results.map(({ kind }) => kind).join(' ')])).toEqual([
      ['retained', 'base delta delta'],
      ['live', 'base'],
    ]);
    expect(await world.rollback(VIEW)).toMatchObject({ version: 1 });
    expect(await world.rollback(VIEW)).toMatchObject({ version: 1 });
  });

  it('a run that a rollback overtakes publishes nothing for that view', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings } = await begin(stack);
    await readings();
    await world.batch({ full: false });
    await readings();
    const { objects, manifests, resources } = world;
    const meddled = new Proxy(objects, {
      get: (target, key) => {
        if (key === 'put') {
          return async (name: string, bytes: Uint8Array) => {
            await target.put(name, bytes);
            await manifests.change(VIEW, (manifest) => ({
              ...manifest!,
              versions: manifest!.versions.map((version) => ({
                ...version,
                batch: { results: [], cut: [0], publishedAtMs: 1 },
              })),
            }));
          };
        }
        const found: unknown = Reflect.get(target, key, target);
        return typeof found === 'function' ? found.bind(target) : found;
      },
    });
    const request = { full: false, id: 'overtaken', signal: never };
    await expect(runBatch({ ...resources, objects: meddled }, request)).rejects.toThrow(BatchOvertaken);
  });

  it('rolling back a full run and an incremental one gives the same answers in one step', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings, append, agent } = await begin(stack);
    await expect(world.rollback(VIEW)).rejects.toThrow(NothingToRollBack);
    await expect(world.rollback('none')).rejects.toThrow(NoSuchView);
    await readings();
    await world.batch({ full: false });
    await readings();
    await append(agent.amend(0, 0, 77));
    await world.batch({ full: true });
    await readings();
    await world.speed();
    const seen = await world.see(VIEW);
    const full = await world.liveBatch(VIEW);
    const { positions } = await world.rollback(VIEW);
    expect(positions).toEqual(full.cut);
    expect((await world.liveBatch(VIEW)).results.map(({ kind }) => kind)).toEqual(['base', 'delta']);
    expect(await world.see(VIEW)).toEqual(seen);
    await world.batch({ full: false });
    await world.speed();
    expect(await world.see(VIEW)).toEqual(seen);
    await world.rollback(VIEW);
    expect(await world.see(VIEW)).toEqual(seen);
    expect(await world.verify()).toMatchObject({ different: 0 });
  });

  it('verify names a stored slice that was tampered with, in a result or among the rows', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings } = await begin(stack, 2);
    await readings();
    await world.batch({ full: false });
    await readings();
    await world.speed();
    const { slices, different } = await world.verify();
    expect(different).toBe(0);
    const [base] = (await world.liveBatch(VIEW)).results;
    await tamperWithResult(world.objects, base!.name);
    expect(await world.verify()).toMatchObject({
      slices,
      different: 1,
      differences: [{ view: VIEW, version: 1, what: 'stats' }],
    });
    await world.batch({ full: true });
    expect(await world.verify()).toMatchObject({ different: 0 });
    await readings();
    await world.speed();
    expect(await world.verify()).toMatchObject({ different: 0 });
    const span = (await Array.fromAsync(world.changes.allSpans(VIEW, 1))).at(-1)!;
    const rows = rowsOfSpan(span);
    const [row, others] = [rows.at(-1)!, rows.slice(0, -1)];
    /** Another last row, in the place of the one that the fold wrote. */
    const write = async (last: SliceRow): Promise<void> => {
      const { bytes, flags } = spanOfRows([...others, last], span.part);
      await world.changes.writeBuilt(0, [{ ...span, bytes, flags, changed: 0xffff }], []);
    };
    await write(tampered(row));
    expect(await world.verify()).toMatchObject({ different: 1 });
    await write({ ...row, revision: row.revision + 1 });
    expect(await world.verify()).toMatchObject({ different: 1, differences: [{ what: 'revision' }] });
    await write(row);
    await world.changes.writeBuilt(0, spansOfRows([{ ...row, slice: row.slice + 1000 }]), []);
    expect(await world.verify()).toMatchObject({ different: 1, differences: [{ what: 'unexpected' }] });
  });

  it('verify counts the slices of a stored block that can not be read as different', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings } = await begin(stack, 2);
    await readings();
    await world.batch({ full: false });
    await world.speed();
    const { slices } = await world.verify();
    const [base] = (await world.liveBatch(VIEW)).results;
    const name = `${base!.name}/0`;
    const content = Uint8Array.from((await world.objects.get(name))!);
    content[content.length - 1]! ^= 1;
    await world.objects.remove(name);
    await world.objects.put(name, content);
    const { different } = await world.verify();
    expect(different).toBeGreaterThan(0);
    expect(different).toBeLessThanOrEqual(slices);
    await world.batch({ full: true });
    expect(await world.verify()).toMatchObject({ different: 0 });
  });

  it('what a refused frame or a damaged record holds is in no result', async () => {
    await using stack = new AsyncDisposableStack();
    const { world, readings, append } = await begin(stack);
    await append(
      encodeRecord({
        kind: 'frame',
        agent: 'a',
        atMs: 0,
        verdict: { kind: 'refused', code: 'x', detail: 'y' },
        frame: Uint8Array.of(1),
      }),
    );
    await append(
      encodeRecord({
        kind: 'frame',
        agent: 'a',
        atMs: 0,
        verdict: { kind: 'accepted' },
        frame: Uint8Array.of(1, 2, 3),
      }),
    );
    await append(Uint8Array.of(0xff, 7, 7));
    await append(
      encodeRecord({
        kind: 'heartbeat',
        agent: 'a',
        atMs: 0,
        heartbeat: { incarnation: 1, highestSequence: 1, watermarkMs: 5, closed: false },
      }),
    );
    await readings();
    await world.speed();
    const before = await world.see(VIEW);
    expect(await world.batch({ full: false })).toMatchObject({ readings: 40 });
    expect(await world.see(VIEW)).toEqual(before);
  });
});

function failingAfter(objects: Objects, puts: number): Objects {
  let left = puts;
  return new Proxy(objects, {
    get: (target, key) => {
      if (key === 'put')
        return (name: string, bytes: Uint8Array) =>
          left-- > 0 ? target.put(name, bytes) : Promise.reject(new Error('no room'));
      const found: unknown = Reflect.get(target, key, target);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}

/** Adds a reading to the first slice of a result's first block, with all checksums right. */
async function tamperWithResult(objects: Objects, result: string): Promise<void> {
  const directory = decodeDirectory((await objects.get(`${result}/directory`))!, 'x', 'y');
  const content = (await objects.get(`${result}/0`))!;
  const [first, ...others] = directory.places();
  const { partition, groups, ends, slice, revision, flags, count, table, firstSlot } = decodeResultBlock(
    content.subarray(0, first!.bytes),
    'x',
    'y',
  );
  addReading(table, firstSlot, 0, 1, false);
  const slots = Int32Array.from({ length: count }, (_, i) => firstSlot + i);
  const columns = {
    sliceMs: 0,
    slices: slice.subarray(0, count),
    revisions: revision.subarray(0, count),
    flags: flags.subarray(0, count),
  };
  const block = encodeResultBlock({ partition, groups, ends, ...columns, table, slots });
  const grown = block.length - first!.bytes;
  const places = [
    { ...first!, bytes: block.length },
    ...others.map((place) => (place.object === 0 ? { ...place, offset: place.offset + grown } : place)),
  ];
  await objects.remove(`${result}/directory`);
  await objects.remove(`${result}/0`);
  await objects.put(`${result}/0`, Buffer.concat([block, content.subarray(first!.bytes)]));
  await objects.put(`${result}/directory`, encodeDirectory(places, directory.groups));
}

function tampered(row: SliceRow): SliceRow {
  const table = new StatsTable(1);
  const slot = table.allocate();
  decodeRow(row.stats, table, slot);
  table.count[slot]! += 1;
  return { ...row, stats: encodeRow(table, slot) };
}
