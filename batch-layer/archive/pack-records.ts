import { strict as assert } from 'node:assert';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { decodeFrame } from '#core/frames/frame.ts';
import type { FrameMeta } from '#core/frames/header.ts';
import type { ReadingsRuns } from '#core/frames/readings.ts';
import { PackWriter } from '#core/packing/pack-writer.ts';
import { decodeRecord, encodeRecord } from '#core/records/record-codec.ts';
import type { Heartbeat } from '#core/records/record.ts';
import {
  ANCHORED,
  AS_IT_IS,
  type AgentPast,
  COLUMNS,
  HEARTBEAT,
  newColumns,
  newPast,
  NUMBER_MAX,
  placesBySeries,
  READINGS,
  SeriesPast,
  UNCHECKED,
} from './record-columns.ts';
import { readItem } from './segment-format.ts';

const utf8 = new TextEncoder();

interface TakenFrame {
  readonly kind: typeof READINGS;
  readonly agent: string;
  readonly atMs: number;
  readonly meta: FrameMeta;
  readonly runs: ReadingsRuns;
}

interface TakenHeartbeat {
  readonly kind: typeof HEARTBEAT;
  readonly agent: string;
  readonly atMs: number;
  readonly heartbeat: Heartbeat;
}

/** The record where columns say all of it. */
function take(bytes: Uint8Array): TakenFrame | TakenHeartbeat | undefined {
  const record = decodeRecord(bytes);
  if (record.kind === 'heartbeat') {
    const { agent, atMs, heartbeat } = record;
    const { outstanding, watermarkMs, highestSequence } = heartbeat;
    const isTold =
      outstanding === undefined && Math.abs(watermarkMs ?? 0) <= NUMBER_MAX && highestSequence <= NUMBER_MAX;
    return isTold && isSame(encodeRecord(record), bytes) ? { kind: HEARTBEAT, agent, atMs, heartbeat } : undefined;
  }
  if (record.kind !== 'frame' || record.verdict.kind !== 'accepted') return undefined;
  const frame = decodeFrame(record.frame);
  if (frame.kind !== 'readings' || frame.runs.links.count > 0) return undefined;
  const { runs, header: meta } = frame;
  if (!isWithin(runs) || Math.abs(meta.watermarkMs ?? 0) > NUMBER_MAX || meta.sequence > NUMBER_MAX) return undefined;
  const again = encodeRecord({ ...record, frame: encodeReadings(meta, runs) });
  return isSame(again, bytes) ? { kind: READINGS, agent: record.agent, atMs: record.atMs, meta, runs } : undefined;
}

function isWithin({ timeMs, value, anchorTimeMs, anchorValue }: ReadingsRuns): boolean {
  return [timeMs, value, anchorTimeMs, anchorValue].every((numbers) =>
    numbers.every((one) => Math.abs(one) <= NUMBER_MAX),
  );
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** Packs whole records with their heads, positions ascending by one. */
export function packRecords(raw: Uint8Array): Uint8Array {
  return new RecordPacker().pack(raw);
}

class RecordPacker {
  readonly #columns = newColumns();
  readonly #agents = new Map<string, { readonly number: number; readonly past: AgentPast }>();
  readonly #series = new SeriesPast();
  /** Of each run. */
  readonly #seriesOf: number[] = [];
  readonly #times: number[] = [];
  readonly #values: number[] = [];

  pack(raw: Uint8Array): Uint8Array {
    const view = new DataView(raw.buffer, raw.byteOffset, raw.length);
    const plain: Uint8Array[] = [];
    let [first, count] = [0, 0];
    for (let at = 0; at < raw.length; count++) {
      const item = readItem(raw, view, at);
      assert(item.kind === 'record', 'whole records are packed');
      if (count === 0) first = item.position;
      assert(item.position === first + count, 'positions ascend by one');
      const record = raw.subarray(item.start, item.end);
      const taken = take(record);
      this.#columns.kind.push(taken?.kind ?? AS_IT_IS);
      if (taken === undefined) plain.push(record);
      else this.#add(taken);
      at = item.end;
    }
    return this.#finish({ raw: raw.length, first, count }, plain);
  }

  #add(taken: TakenFrame | TakenHeartbeat): void {
    const { agent, atMs } = taken;
    const columns = this.#columns;
    let known = this.#agents.get(agent);
    if (known === undefined) this.#agents.set(agent, (known = { number: this.#agents.size, past: newPast() }));
    columns.agent.push(known.number);
    columns.atMs.push(atMs);
    if (taken.kind === READINGS) {
      this.#addFrame(known.number, known.past, taken);
      return;
    }
    const { incarnation, highestSequence, watermarkMs, closed } = taken.heartbeat;
    const { past } = known;
    columns.incarnation.push(incarnation - past.incarnation);
    columns.sequence.push(highestSequence - past.sequence);
    columns.dictionary.push(0);
    columns.marked.push(watermarkMs === null ? 0 : 1);
    columns.watermark.push((watermarkMs ?? past.watermarkMs) - past.watermarkMs);
    columns.closed.push(closed ? 1 : 0);
    past.incarnation = incarnation;
    past.watermarkMs = watermarkMs ?? past.watermarkMs;
  }

  #addFrame(agent: number, past: AgentPast, { meta, runs }: TakenFrame): void {
    const columns = this.#columns;
    const { incarnation, sequence, dictionaryVersion, watermarkMs } = meta;
    columns.incarnation.push(incarnation - past.incarnation);
    columns.sequence.push(sequence - (past.sequence + 1));
    columns.dictionary.push(dictionaryVersion - past.dictionary);
    columns.runs.push(runs.runCount);
    const latestMs = this.#addRuns(agent, runs);
    columns.marked.push(watermarkMs === null ? 0 : 1);
    const lagMs = watermarkMs === null ? past.lagMs : watermarkMs - latestMs;
    columns.watermark.push(lagMs - past.lagMs);
    past.incarnation = incarnation;
    past.sequence = sequence;
    past.dictionary = dictionaryVersion;
    past.lagMs = lagMs;
    past.watermarkMs = watermarkMs ?? past.watermarkMs;
  }

  /** Gives the time of the latest reading. */
  #addRuns(agent: number, runs: ReadingsRuns): number {
    const columns = this.#columns;
    const series = this.#series;
    let [at, entryBefore, latestMs] = [0, -1, -NUMBER_MAX];
    for (let run = 0; run < runs.runCount; run++) {
      const entry = runs.entry[run]!;
      const length = runs.length[run]!;
      const number = series.numberOf(agent, entry);
      this.#seriesOf.push(number);
      columns.entry.push(entry - (entryBefore + 1));
      columns.lengthLessOne.push(length - 1);
      columns.flags.push((runs.anchored[run] === 1 ? ANCHORED : 0) | (runs.unchecked[run] === 1 ? UNCHECKED : 0));
      let [timeMs, stepMs, value] = [series.timeMs[number]!, series.stepMs[number]!, series.value[number]!];
      if (runs.anchored[run] === 1) {
        columns.anchorMs.push(runs.anchorTimeMs[run]! - timeMs);
        columns.anchorValue.push(runs.anchorValue[run]! - value);
        timeMs = runs.anchorTimeMs[run]!;
        value = runs.anchorValue[run]!;
      }
      for (const end = at + length; at < end; at++) {
        const [nextMs, next] = [runs.timeMs[at]!, runs.value[at]!];
        this.#times.push(nextMs - timeMs - stepMs);
        this.#values.push(next - value);
        stepMs = nextMs - timeMs;
        timeMs = nextMs;
        value = next;
        latestMs = Math.max(latestMs, nextMs);
      }
      series.timeMs[number] = timeMs;
      series.stepMs[number] = stepMs;
      series.value[number] = value;
      entryBefore = entry;
    }
    return latestMs;
  }

  #finish(of: { raw: number; first: number; count: number }, plain: readonly Uint8Array[]): Uint8Array {
    const pack = new PackWriter();
    for (const number of [of.raw, of.first, of.count, this.#agents.size]) pack.bytes.varint(number);
    for (const name of this.#agents.keys()) {
      const bytes = utf8.encode(name);
      pack.bytes.varint(bytes.length);
      pack.bytes.append(bytes);
    }
    for (const name of COLUMNS) pack.column(Float64Array.from(this.#columns[name]), this.#columns[name].length);
    const lengths = this.#columns.lengthLessOne.map((one) => one + 1);
    const places = placesBySeries(this.#seriesOf, lengths);
    for (const numbers of [this.#times, this.#values]) {
      const ordered = new Float64Array(numbers.length);
      let at = 0;
      for (const [run, length] of lengths.entries()) {
        for (let i = 0; i < length; i++) ordered[places[run]! + i] = numbers[at++]!;
      }
      pack.column(ordered, ordered.length);
    }
    pack.column(
      Float64Array.from(plain, ({ length }) => length),
      plain.length,
    );
    const packed = pack.finish(4);
    new DataView(packed.buffer).setUint32(0, packed.length - 4, true);
    return Buffer.concat([packed, ...plain]);
  }
}
