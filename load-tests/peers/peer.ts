import type { AnswerRow, Question } from './question.ts';
import type { Readings } from './shape-readings.ts';
import type { Shape, ShapeName } from './shapes.ts';

/** What a system does of that which readings of meters ask for; each is a short text for a table. */
export interface Traits {
  /** Whether what it has acknowledged is on the disk. */
  readonly synced: string;
  /** How it adds up. */
  readonly sums: string;
  /** What becomes of a reading that comes late, and of one that comes twice. */
  readonly late: string;
  readonly twice: string;
  /** Whether an answer says what is missing in it. */
  readonly completeness: string;
}

/** The rows that everyone reads. */
export interface ShapeFile {
  readonly shape: Shape;
  /** {@link writeCsv} of the readings. */
  readonly csv: string;
  readonly readings: Readings;
}

/** A system that is compared. */
export interface Peer {
  /** By which it is chosen. */
  readonly name: string;
  readonly title: string;
  /** How a person gets it, as a sentence. */
  readonly how: string;
  readonly traits: Traits;
  /** Shapes whose questions it is not asked, and why. */
  readonly leavesOut?: Readonly<Partial<Record<ShapeName, string>>>;
  /** Finds it, or gets it from a package registry. */
  readonly locate: () => Promise<PeerFound | PeerMissing>;
}

export interface PeerFound {
  readonly kind: 'found';
  readonly version: string;
  /** Starts it with all of its files below `dir`, for one shape. */
  readonly open: (dir: string, file: ShapeFile) => Promise<OpenPeer>;
}

export interface PeerMissing {
  readonly kind: 'missing';
  readonly message: string;
}

/** A system under way, empty at first. */
export interface OpenPeer extends AsyncDisposable {
  /** The process that holds the data: its memory is measured. */
  readonly pid: number;
  /** Where it keeps the data: its bytes are measured once the system has stopped. */
  readonly dataDir: string;
  /** Takes in the file, until all of it is answered for; gives seconds. What is only said of the file is done before. */
  readonly load: () => Promise<number>;
  /** Answers a question, down to the last byte. */
  readonly ask: (question: Question) => Promise<Answered>;
  /** Seconds for answering from readings alone, by a system that otherwise keeps its answers up to date. */
  readonly recompute?: () => Promise<number>;
}

export interface Answered {
  readonly ms: number;
  readonly rows: readonly AnswerRow[];
}

/** Peers get that much memory where they take a limit. */
export const PEER_MEMORY_BYTES = 2 * 1024 ** 3;

/** Runs `work` and gives how long it took beside what it gave. */
export async function timed<T>(work: () => Promise<T>): Promise<{ readonly ms: number; readonly result: T }> {
  const startMs = performance.now();
  const result = await work();
  return { ms: performance.now() - startMs, result };
}
