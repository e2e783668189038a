import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { Outcome } from './door.ts';
import {
  CASE_CPU_MS_MAX,
  CaseTooSlow,
  type HostileEars,
  type HostileFailure,
  type HostileReport,
} from './run-hostile.ts';

/** Cases for a thread. */
export interface HostileTask {
  /** The module whose `DOORS` these are. */
  readonly doorsModule: string;
  /** One of them alone. */
  readonly door: string | undefined;
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  readonly firstDoor: number;
  readonly shared: SharedArrayBuffer;
}

/** What a thread tells, in words that pass from one thread to another. */
export type Told =
  | { readonly kind: 'failed'; readonly door: string; readonly case: number; readonly error: string }
  | ({ readonly kind: 'done' } & Pick<HostileReport, 'memoryMb' | 'slowest'>);

const FIELDS = ['door', 'case', 'began', 'refused', 'accepted', 'failed'] as const;

/** Where a thread is, and how much became of what, as another one can see while it works. */
export class Place implements HostileEars {
  static readonly BYTES = FIELDS.length * Int32Array.BYTES_PER_ELEMENT;
  readonly #fields: Int32Array;

  constructor(shared: SharedArrayBuffer) {
    this.#fields = new Int32Array(shared);
  }

  get(field: (typeof FIELDS)[number]): number {
    return Atomics.load(this.#fields, FIELDS.indexOf(field));
  }

  /** Cases that have ended. */
  get cases(): number {
    return this.get('refused') + this.get('accepted') + this.get('failed');
  }

  began(door: number, number: number): void {
    Atomics.store(this.#fields, FIELDS.indexOf('door'), door);
    Atomics.store(this.#fields, FIELDS.indexOf('case'), number);
    Atomics.add(this.#fields, FIELDS.indexOf('began'), 1);
  }

  ended(outcome: Outcome | HostileFailure): void {
    Atomics.add(this.#fields, FIELDS.indexOf(typeof outcome === 'string' ? outcome : 'failed'), 1);
  }
}

export interface WatchedOptions extends Pick<HostileTask, 'seed' | 'from' | 'to' | 'door'> {
  /** The module whose `DOORS` are tried, and what these are called. */
  readonly doorsModule: URL;
  readonly names: readonly string[];
  readonly done: (cases: number) => void;
}

const LOOK_MS = 100;

/**
 * Runs the cases in a thread that is watched: one that works on a case for longer than any may, or that a case ends, is
 * taken away, the case is named, and another thread goes on behind it. So an input on which a parser hangs, or that
 * nothing catches, is a failure like others.
 */
export async function runWatched(options: WatchedOptions): Promise<HostileReport> {
  const { names, done, doorsModule, door, seed, to } = options;
  const slowest = { door: '', case: 0, ms: 0 };
  const report: HostileReport = { cases: 0, refused: 0, accepted: 0, failed: [], memoryMb: 0, slowest };
  let { from } = options;
  for (let firstDoor = 0; from < to;) {
    const shared = new SharedArrayBuffer(Place.BYTES);
    const place = new Place(shared);
    const before = report.cases;
    const task = { doorsModule: doorsModule.href, door, seed, from, to, firstDoor, shared };
    const error = await runTask(task, place, report, (cases) => done(before + cases));
    report.refused += place.get('refused');
    report.accepted += place.get('accepted');
    report.cases += place.cases;
    if (error === undefined) return report;
    if (place.get('began') === 0) throw error;
    const [at, number] = [place.get('door'), place.get('case')];
    report.failed.push({ door: names[at]!, case: number, error });
    report.cases++;
    firstDoor = (at + 1) % names.length;
    from = firstDoor === 0 ? number + 1 : number;
  }
  return report;
}

/** Adds to the report what a thread tells. Gives why it had to end within a case; undefined where it came to its end. */
async function runTask(
  task: HostileTask,
  place: Place,
  report: HostileReport,
  done: (cases: number) => void,
): Promise<Error | undefined> {
  const worker = new Worker(new URL('./hostile.worker.ts', import.meta.url), { workerData: task });
  const ended = Promise.withResolvers<Error | undefined>();
  worker.on('error', ended.resolve);
  worker.on('exit', (code) => ended.resolve(new Error(`it ended the thread, with code ${code}`)));
  worker.on('message', (told: Told) => {
    if (told.kind === 'failed') {
      report.failed.push(told);
      return;
    }
    report.memoryMb = Math.max(report.memoryMb, told.memoryMb);
    if (told.slowest.ms > report.slowest.ms) report.slowest = told.slowest;
    ended.resolve(undefined);
  });
  const over = new AbortController();
  // It throws once the thread is gone, and that is heard above.
  watch(worker, place, done, over.signal).then(ended.resolve, () => undefined);
  try {
    return await ended.promise;
  } finally {
    over.abort();
    await worker.terminate();
  }
}

/** Resolves once the thread has taken more of a processor for one case than any may. Throws the signal's reason. */
async function watch(
  worker: Worker,
  place: Place,
  done: (cases: number) => void,
  signal: AbortSignal,
): Promise<CaseTooSlow> {
  for (let seen = 0, sinceMs = 0; ;) {
    await sleep(LOOK_MS, undefined, { signal });
    const began = place.get('began');
    // A thread that is asked before it runs doesn't answer.
    if (began === 0) continue;
    const { user, system } = await worker.cpuUsage();
    const nowMs = (user + system) / 1_000;
    if (began !== seen) sinceMs = nowMs;
    else if (place.cases < began && nowMs - sinceMs > CASE_CPU_MS_MAX) return new CaseTooSlow(nowMs - sinceMs);
    seen = began;
    done(place.cases);
  }
}
