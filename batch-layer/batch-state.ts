import { strict as assert } from 'node:assert';
import {
  BATCH_STATES_KEPT,
  type BatchState,
  type Manifest,
  type ManifestVersion,
  type ResultRef,
} from '#backbone/manifests/manifest.ts';

/** What a run made for one version. */
export interface MadeResults {
  /** State that the run went on from; publishing is refused when another one is live by then. */
  readonly before: BatchState;
  /** Over the epochs since `before`; absent where there was no result before. */
  readonly delta?: ResultRef | undefined;
  /** Over everything up to the cut; absent in an incremental run. */
  readonly base?: ResultRef | undefined;
  /** The results before with the delta, some of them merged; absent where none were. */
  readonly merged?: readonly ResultRef[] | undefined;
  readonly cut: readonly number[];
  readonly atMs: number;
}

/** Results that a state names. Readers add up all of them, so where there are more some are merged. */
export const RESULTS_MAX = 8;

/**
 * From which result on they are merged into one, given the bytes of each, of which there are two at least: the fewest, the newest, that together are half as
 * large as the one before them at most; else all. What a run writes grows so with what is new, not with history: each
 * result is merged into larger ones only, as often as its size doubles.
 */
export function mergedFrom(bytes: readonly number[]): number {
  let sum = bytes.at(-1) ?? 0;
  for (let first = bytes.length - 2; first > 0; first--) {
    sum += bytes[first]!;
    if (2 * sum <= bytes[first - 1]!) return first;
  }
  return 0;
}

/**
 * The version with what was made live, and the states before it kept to go back to.
 *
 * Where a new base or a merged result takes the place of older results, these are kept once more together with the delta that brings them
 * to the same cut: going back to them loses nothing, even when the rows of the speed layer are gone
 * (docs/design.md#a-manifest-names-a-base-and-deltas).
 */
export function publishResults(
  version: ManifestVersion,
  made: MadeResults,
  statesKept: number = BATCH_STATES_KEPT,
): ManifestVersion {
  const { before, delta, base, merged, cut, atMs } = made;
  assert(delta !== undefined || base !== undefined, 'a run that publishes has made a result');
  const grown = delta === undefined ? undefined : { results: [...before.results, delta], cut, publishedAtMs: atMs };
  const replaced = base === undefined ? merged : [base];
  const batch = replaced === undefined ? grown! : { results: replaced, cut, publishedAtMs: atMs };
  const kept: BatchState[] = [];
  if (replaced !== undefined && grown !== undefined) kept.push(grown);
  if (before.results.length > 0) kept.push(before);
  return { ...version, batch, history: [...kept, ...version.history].slice(0, statesKept) };
}

/** Whether two states name the same results up to the same cut. */
export function isSameState(a: BatchState, b: BatchState): boolean {
  return (
    a.results.length === b.results.length &&
    a.results.every(({ name }, i) => name === b.results[i]!.name) &&
    isSameCut(a.cut, b.cut)
  );
}

export function isSameCut(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((position, partition) => position === b[partition]);
}

/** Whether `a` covers at least what `b` does, in every partition. */
export function coversCut(a: readonly number[], b: readonly number[]): boolean {
  return a.every((position, partition) => position >= (b[partition] ?? 0));
}

/**
 * The cut before which the speed layer's rows may be gone: that of the second newest of all states. A run drops only
 * rows that the state before its own covers.
 */
export function rowsKeptFrom({ batch, history }: ManifestVersion): readonly number[] {
  const states = [batch, ...history];
  const newest = states.reduce((cut, state) => (coversCut(state.cut, cut) ? state.cut : cut), batch.cut);
  const nothing = newest.map(() => 0);
  return states.reduce<readonly number[]>(
    (found, { cut }) => (!isSameCut(cut, newest) && coversCut(cut, found) ? cut : found),
    nothing,
  );
}

/**
 * The version with the state before the live one live, and the live one kept to go back to; undefined where there is
 * none. A state that ends before the rows of the speed layer begin is brought up to them by the deltas of later epochs.
 */
export function rollBackResults(version: ManifestVersion, atMs: number): ManifestVersion | undefined {
  const rowsFrom = rowsKeptFrom(version);
  const deltas = [version.batch, ...version.history].flatMap(({ results }) =>
    results.filter(({ kind }) => kind === 'delta'),
  );
  for (const candidate of version.history) {
    const state = extend(candidate, deltas, rowsFrom);
    if (state === undefined || isSameState(state, version.batch)) continue;
    const rest = version.history.filter((one) => one !== candidate && !isSameState(one, state));
    const history = [version.batch, ...rest].slice(0, BATCH_STATES_KEPT);
    return { ...version, batch: { ...state, publishedAtMs: atMs }, history };
  }
  return undefined;
}

/** The state with deltas appended until it covers `cut`; undefined where one is missing. */
function extend(state: BatchState, deltas: readonly ResultRef[], cut: readonly number[]): BatchState | undefined {
  let extended = state;
  while (!coversCut(extended.cut, cut)) {
    const next = deltas.find(({ from }) => isSameCut(from, extended.cut));
    if (next === undefined) return undefined;
    extended = { ...extended, results: [...extended.results, next], cut: next.to };
  }
  return extended;
}

/** The names of all results that a manifest's versions name, live or kept. */
export function namedResults({ versions }: Manifest): Set<string> {
  const states = versions.flatMap(({ batch, history }) => [batch, ...history]);
  return new Set(states.flatMap(({ results }) => results.map(({ name }) => name)));
}
