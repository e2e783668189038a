import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesIn } from '#backbone/disk/directory.ts';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { peakMemoryBytes } from '#tooling/processes/node-process.ts';
import { median } from '../measure.ts';
import type { EdgeBytes } from './edge-bytes.ts';
import type { OpenPeer, PeerFound, ShapeFile, Traits } from './peer.ts';
import { checkAnswer, type Question, type TrueAnswer } from './question.ts';
import { readingsOf, writeCsv } from './shape-readings.ts';
import type { Shape, ShapeSize } from './shapes.ts';
import { trueAnswer } from './truth.oracle.ts';

/** How often each question is asked; the one in the middle is told. */
const ASKS = 3;
/** An answer that takes longer is waited for once. */
const ASKED_AGAIN_MS_MAX = 10_000;

/** What one system did with one shape. */
export interface PeerResult {
  readonly peer: string;
  readonly version: string;
  readonly shape: string;
  readonly readings: number;
  readonly loadSeconds: number;
  readonly bytesPerReading: number;
  readonly memoryMegabytes: number | undefined;
  /** Of who keeps answers up to date: what answering from readings alone takes. */
  readonly recomputeSeconds: number | undefined;
  readonly answers: readonly PeerAnswer[];
}

export interface PeerAnswer {
  readonly question: Question['name'];
  readonly rows: number;
  readonly ms: number;
  /** Rows that are not as they have to be, and the first of them. */
  readonly different: number;
  readonly example: string | undefined;
  /** Rows that are right only once they are rounded. */
  readonly inexact: number;
}

/** A shape's file, and what the right answers about it are. */
export interface PreparedShape extends ShapeFile, AsyncDisposable {
  readonly truths: ReadonlyMap<Question, TrueAnswer>;
}

/** Makes the rows of a shape; they go when it is disposed of. */
export async function prepareShape(shape: Shape): Promise<PreparedShape> {
  const folder = await makeTemporaryDirectory('peers');
  const readings = readingsOf(shape);
  const csv = join(folder.dir, 'readings.csv');
  await writeCsv(csv, readings, shape.decimals);
  const truths = new Map(shape.questions.map((question) => [question, trueAnswer(readings, question)]));
  return { shape, csv, readings, truths, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

/** Has one system take in a shape and answer its questions; it is gone afterwards, with all that it stored. */
export async function measurePeer(name: string, found: PeerFound, prepared: PreparedShape): Promise<PeerResult> {
  await using folder = await makeTemporaryDirectory('peer');
  const dir = join(folder.dir, 'files');
  await mkdir(dir);
  const { dataDir, ...measured } = await measureOpen(found, dir, prepared);
  const { shape, readings } = prepared;
  const bytesPerReading = (await bytesIn(dataDir)) / readings.count;
  return {
    peer: name,
    version: found.version,
    shape: shape.name,
    readings: readings.count,
    bytesPerReading,
    ...measured,
  };
}

type Measured = Pick<PeerResult, 'loadSeconds' | 'memoryMegabytes' | 'recomputeSeconds' | 'answers'>;

async function measureOpen(
  found: PeerFound,
  dir: string,
  prepared: PreparedShape,
): Promise<Measured & { readonly dataDir: string }> {
  await using peer = await found.open(dir, prepared);
  const { dataDir, pid } = peer;
  const loadSeconds = await peer.load();
  const answers: PeerAnswer[] = [];
  for (const question of prepared.shape.questions) answers.push(await askPeer(peer, question, prepared));
  const recomputeSeconds = await peer.recompute?.();
  const memory = await peakMemoryBytes(pid);
  const memoryMegabytes = memory === undefined ? undefined : Math.round(memory / 1e6);
  return { dataDir, loadSeconds, memoryMegabytes, recomputeSeconds, answers };
}

async function askPeer(peer: OpenPeer, question: Question, prepared: PreparedShape): Promise<PeerAnswer> {
  const times: number[] = [];
  let rows;
  for (let i = 0; i < ASKS; i++) {
    const answered = await peer.ask(question);
    times.push(answered.ms);
    rows = answered.rows;
    if (answered.ms > ASKED_AGAIN_MS_MAX) break;
  }
  const check = checkAnswer(prepared.truths.get(question)!, rows ?? [], prepared.shape.decimals);
  return { question: question.name, ms: median(times), ...check };
}

/** All that a run found out. */
export interface Comparison {
  readonly machine: string;
  readonly size: ShapeSize;
  readonly peers: readonly {
    readonly name: string;
    readonly title: string;
    readonly how: string;
    readonly traits: Traits;
    readonly version: string;
  }[];
  /** Who could not be had, and why. */
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  readonly shapes: readonly Pick<Shape, 'name' | 'summary' | 'devices' | 'steps'>[];
  readonly results: readonly PeerResult[];
  readonly failures: readonly { readonly peer: string; readonly shape: string; readonly why: string }[];
  readonly edge: readonly EdgeBytes[];
}
