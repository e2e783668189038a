import { basename, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { gunzipSync, gzipSync } from 'node:zlib';
import { ObjectDamaged, OBJECT_BYTES_MAX, type Objects } from '#backbone/objects/objects.ts';
import { NewerFormat } from '#backbone/storage-errors.ts';
import type { KnownCut } from '#core/fold/admission.ts';
import type { LedgerSnapshot } from '#core/ledger/ledger.ts';
import type { SeriesEntry } from '#core/series/series.ts';
import type { FramePlace, PartitionPlanner, PlannerSnapshot } from './partition-planner.ts';

/** The format of a kept plan: JSON (RFC 8259), gzipped (RFC 1952) in one or more members. */
export const PLAN_STATE_FORMAT = 1;

/** Amended readings that a kept plan carries. With more it is not kept, and the next run plans from the first record. */
export const AMENDED_KEPT_MAX = 500_000;

/** Entries of dictionaries that are written between two turns of the event loop: agents may have a million. */
const ENTRIES_PER_TURN = 4_096;

interface SavedAgent {
  readonly agent: string;
  readonly ledger: LedgerSnapshot;
  readonly entries: readonly SeriesEntry[];
  readonly parked: readonly (FramePlace & { readonly dictionaryVersion: number })[];
}

/** The state of a partition's plan at a cut: what an incremental run goes on from instead of reading all history. */
export interface PlanState {
  readonly format: number;
  readonly generation: string;
  readonly partition: number;
  readonly position: number;
  readonly cuts: readonly KnownCut[];
  readonly agents: readonly SavedAgent[];
  /** Agent, entry, time and position of each amended reading. */
  readonly amended: readonly (readonly [number, number, number, number])[];
  /** Names of the segment files, by number; only those that parked frames are in. */
  readonly segments: readonly string[];
}

function stateName(partition: number, position: number): string {
  return `plan/${partition}/${position}`;
}

/** Keeps the planner's state, which stands at a cut. Keeps nothing where it would be too large. */
export async function keepPlanState(
  objects: Objects,
  generation: string,
  partition: number,
  planner: PartitionPlanner,
  paths: readonly string[],
): Promise<void> {
  if (planner.amended.length > AMENDED_KEPT_MAX) return;
  const name = stateName(partition, planner.position);
  const present = await readState(objects, name);
  if (present !== undefined && isOf(present, generation, planner.position)) return;
  // One of another log may have the same name.
  if (present !== undefined) await objects.remove(name);
  const parkedIn = new Set(planner.agents.flatMap(({ parked }) => parked.map(({ held }) => held.file)));
  const { admission, amended } = planner.snapshot();
  const state: PlanState = {
    format: PLAN_STATE_FORMAT,
    generation,
    partition,
    position: admission.position,
    cuts: admission.cuts,
    agents: admission.agents.map(({ parked, ...agent }) => ({
      ...agent,
      parked: parked.map(({ dictionaryVersion, held }) => ({ ...held, dictionaryVersion })),
    })),
    amended: amended.map(({ agent, entry, timeMs, position }) => [agent, entry, timeMs, position]),
    segments: paths.map((path, file) => (parkedIn.has(file) ? basename(path) : '')),
  };
  const bytes = await written(state);
  if (bytes.length > OBJECT_BYTES_MAX) return;
  await objects.put(name, bytes);
}

/** The bytes of a plan, written piece by piece: a member for each. */
async function written(state: PlanState): Promise<Buffer> {
  const members: Buffer[] = [];
  for (const piece of piecesOf(state)) {
    members.push(gzipSync(piece, { level: 1 }));
    await nextTurn();
  }
  return Buffer.concat(members);
}

/** What JSON.stringify gives, in pieces that take milliseconds each. */
function* piecesOf({ agents, ...state }: PlanState): Iterable<string> {
  let head = `${JSON.stringify(state).slice(0, -1)},"agents":[`;
  for (const [i, { entries, ...agent }] of agents.entries()) {
    head += `${i === 0 ? '' : ','}${JSON.stringify(agent).slice(0, -1)},"entries":[`;
    for (let from = 0; from < entries.length; from += ENTRIES_PER_TURN) {
      const some = JSON.stringify(entries.slice(from, from + ENTRIES_PER_TURN)).slice(1, -1);
      yield `${head}${from === 0 ? '' : ','}${some}`;
      head = '';
    }
    head += ']}';
  }
  yield `${head}]}`;
}

/**
 * The plan kept at a position of a partition of the log with this generation; undefined where there is none. Throws
 * NewerFormat, ObjectDamaged.
 */
export async function loadPlanState(
  objects: Objects,
  generation: string,
  partition: number,
  position: number,
): Promise<PlanState | undefined> {
  const state = await readState(objects, stateName(partition, position));
  return state !== undefined && isOf(state, generation, position) ? state : undefined;
}

function isOf(state: PlanState, generation: string, position: number): boolean {
  return state.generation === generation && state.position === position;
}

async function readState(objects: Objects, name: string): Promise<PlanState | undefined> {
  const bytes = await objects.get(name);
  if (bytes === undefined) return undefined;
  let state: PlanState;
  try {
    state = JSON.parse(gunzipSync(bytes).toString()) as PlanState;
  } catch (error) {
    throw new ObjectDamaged(
      name,
      'the kept plans of the batch layer',
      error instanceof Error ? error.message : String(error),
    );
  }
  if (state.format > PLAN_STATE_FORMAT) throw new NewerFormat('kept plan', name, state.format, PLAN_STATE_FORMAT);
  return state;
}

/** Removes the kept plans that are at none of the positions that batch states name. */
export async function dropPlanStates(
  objects: Objects,
  isNamed: (partition: number, position: number) => boolean,
): Promise<void> {
  for (const { name } of await objects.list('plan/')) {
    const [partition, position] = name.split('/').slice(1).map(Number);
    if (partition === undefined || position === undefined || isNamed(partition, position)) continue;
    await objects.remove(name);
  }
}

/** What a planner goes on from where the state was kept. */
export function plannerSnapshot({ position, cuts, agents, amended }: PlanState): PlannerSnapshot {
  return {
    admission: {
      position,
      cuts,
      agents: agents.map(({ parked, ...agent }) => ({
        ...agent,
        parked: parked.map(({ dictionaryVersion, ...held }) => ({ dictionaryVersion, held })),
      })),
    },
    amended: amended.map(([agent, entry, timeMs, at]) => ({ agent, entry, timeMs, position: at })),
  };
}

/** The segment files that the state numbers; those that it doesn't need have no name. */
export function segmentPaths({ segments }: PlanState, partitionDir: string): string[] {
  return segments.map((segment) => join(partitionDir, segment));
}
