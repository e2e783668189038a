import { encodeReadings } from '#core/frames/encode-readings.ts';
import { NO_LINKS, type ReadingsRuns } from '#core/frames/readings.ts';
import { PackReader } from '#core/packing/pack-reader.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import { ACCEPTED } from '#core/records/record.ts';
import {
  type AgentPast,
  ANCHORED,
  AS_IT_IS,
  type Columns,
  HEARTBEAT,
  newColumns,
  newPast,
  NUMBER_MAX,
  placesBySeries,
  READINGS,
  SeriesPast,
  UNCHECKED,
} from './record-columns.ts';
import { writeRecord } from './segment-format.ts';

const SAFE = Number.MAX_SAFE_INTEGER;

/** The records that `packRecords` packed; undefined where the bytes are none. */
export function unpackRecords(bytes: Uint8Array): Uint8Array | undefined {
  if (bytes.length < 4) return undefined;
  const end = 4 + new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(0, true);
  if (end > bytes.length) return undefined;
  return new RecordUnpacker().unpack(bytes.subarray(0, end), bytes.subarray(end));
}

class RecordUnpacker {
  readonly #pack = new PackReader();
  readonly #columns = newColumns();
  readonly #next = { told: 0, closed: 0, frame: 0, anchor: 0 };
  readonly #series = new SeriesPast();
  readonly #seriesOf: number[] = [];
  #places: Float64Array = new Float64Array(0);
  #times: Float64Array = new Float64Array(0);
  #values: Float64Array = new Float64Array(0);
  #run = 0;

  unpack(packed: Uint8Array, plain: Uint8Array): Uint8Array | undefined {
    const pack = this.#pack;
    if (!pack.open(packed, 4)) return undefined;
    const [size, first, count, names] = [0, 0, 0, 0].map(() => pack.bytes.varint()) as [number, number, number, number];
    const agents = Array.from({ length: names }, () => ({ name: this.#name(), past: newPast() }));
    const plainLengths = this.#read(count);
    if (!pack.finished()) return undefined;
    const raw = new Uint8Array(size);
    let [at, plainAt, plains] = [0, 0, 0];
    for (let i = 0; i < count; i++) {
      const kind = this.#columns.kind[i]!;
      let record: Uint8Array;
      if (kind === AS_IT_IS) {
        record = plain.subarray(plainAt, (plainAt += plainLengths[plains++]!));
      } else {
        const { name, past } = agents[this.#columns.agent[this.#next.told]!]!;
        record = this.#record(kind, name, past);
      }
      at = writeRecord(raw, at, first + i, record);
    }
    return at === size ? raw : undefined;
  }

  #name(): string {
    const length = this.#pack.bytes.varint();
    return Buffer.from(Array.from({ length }, () => this.#pack.bytes.byte())).toString();
  }

  /** Reads all columns, and gives the lengths of the records that are as they were. */
  #read(count: number): Float64Array {
    const columns = this.#columns;
    const read = (length: number): Float64Array => this.#pack.newColumn(length, -SAFE, SAFE);
    const take = (name: keyof Columns, length: number): void => {
      columns[name] = Array.from(read(length));
    };
    take('kind', count);
    const frames = columns.kind.filter((kind) => kind === READINGS).length;
    const beats = columns.kind.filter((kind) => kind === HEARTBEAT).length;
    for (const name of ['agent', 'atMs', 'incarnation', 'sequence', 'dictionary', 'marked', 'watermark'] as const)
      take(name, frames + beats);
    take('closed', beats);
    take('runs', frames);
    const runs = columns.runs.reduce((sum, one) => sum + one, 0);
    for (const name of ['entry', 'lengthLessOne', 'flags'] as const) take(name, runs);
    const anchored = columns.flags.filter((flags) => (flags & ANCHORED) !== 0).length;
    take('anchorMs', anchored);
    take('anchorValue', anchored);
    const readings = columns.lengthLessOne.reduce((sum, one) => sum + one + 1, 0);
    this.#times = read(readings);
    this.#values = read(readings);
    this.#placeRuns();
    return read(count - frames - beats);
  }

  /** Finds the series of each run, and where its readings stand. */
  #placeRuns(): void {
    const { kind, agent, runs, entry, lengthLessOne } = this.#columns;
    let [run, frame] = [0, 0];
    const told = kind.filter((one) => one !== AS_IT_IS);
    for (const [i, one] of told.entries()) {
      if (one !== READINGS) continue;
      let before = -1;
      for (const end = run + runs[frame++]!; run < end; run++) {
        before += 1 + entry[run]!;
        entry[run] = before;
        this.#seriesOf.push(this.#series.numberOf(agent[i]!, before));
      }
    }
    this.#places = placesBySeries(
      this.#seriesOf,
      lengthLessOne.map((one) => one + 1),
    );
  }

  #record(kind: number, agent: string, past: AgentPast): Uint8Array {
    const columns = this.#columns;
    const i = this.#next.told++;
    const atMs = columns.atMs[i]!;
    const incarnation = past.incarnation + columns.incarnation[i]!;
    past.incarnation = incarnation;
    const isMarked = columns.marked[i] === 1;
    if (kind === HEARTBEAT) {
      if (isMarked) past.watermarkMs += columns.watermark[i]!;
      const watermarkMs = isMarked ? past.watermarkMs : null;
      const highestSequence = past.sequence + columns.sequence[i]!;
      const heartbeat = {
        incarnation,
        highestSequence,
        watermarkMs,
        closed: columns.closed[this.#next.closed++] === 1,
      };
      return encodeRecord({ kind: 'heartbeat', agent, atMs, heartbeat });
    }
    past.sequence += 1 + columns.sequence[i]!;
    past.dictionary += columns.dictionary[i]!;
    const { runs, latestMs } = this.#runs(columns.runs[this.#next.frame++]!);
    past.lagMs += columns.watermark[i]!;
    if (isMarked) past.watermarkMs = latestMs + past.lagMs;
    const meta = {
      incarnation,
      sequence: past.sequence,
      dictionaryVersion: past.dictionary,
      watermarkMs: isMarked ? past.watermarkMs : null,
    };
    return encodeRecord({ kind: 'frame', agent, atMs, verdict: ACCEPTED, frame: encodeReadings(meta, runs) });
  }

  #runs(runCount: number): { readonly runs: ReadingsRuns; readonly latestMs: number } {
    const { entry, lengthLessOne, flags, anchorMs, anchorValue } = this.#columns;
    const from = this.#run;
    this.#run += runCount;
    const length = Int32Array.from(lengthLessOne.slice(from, this.#run), (one) => one + 1);
    const readings = length.reduce((sum, one) => sum + one, 0);
    const runs = {
      runCount,
      entry: Int32Array.from(entry.slice(from, this.#run)),
      length,
      anchored: new Uint8Array(runCount),
      anchorTimeMs: new Float64Array(runCount),
      anchorValue: new Float64Array(runCount),
      unchecked: new Uint8Array(runCount),
      timeMs: new Float64Array(readings),
      value: new Float64Array(readings),
      links: NO_LINKS,
    };
    const { timeMs: lastMs, stepMs: lastStep, value: lastValue } = this.#series;
    let [at, latestMs] = [0, -NUMBER_MAX];
    for (let run = 0; run < runCount; run++) {
      const number = this.#seriesOf[from + run]!;
      const place = this.#places[from + run]!;
      let [timeMs, stepMs, value] = [lastMs[number]!, lastStep[number]!, lastValue[number]!];
      runs.unchecked[run] = (flags[from + run]! & UNCHECKED) === 0 ? 0 : 1;
      if ((flags[from + run]! & ANCHORED) !== 0) {
        timeMs += anchorMs[this.#next.anchor]!;
        value += anchorValue[this.#next.anchor++]!;
        runs.anchored[run] = 1;
        runs.anchorTimeMs[run] = timeMs;
        runs.anchorValue[run] = value;
      }
      for (let i = 0; i < length[run]!; i++, at++) {
        stepMs += this.#times[place + i]!;
        timeMs += stepMs;
        value += this.#values[place + i]!;
        runs.timeMs[at] = timeMs;
        runs.value[at] = value;
        latestMs = Math.max(latestMs, timeMs);
      }
      lastMs[number] = timeMs;
      lastStep[number] = stepMs;
      lastValue[number] = value;
    }
    return { runs, latestMs };
  }
}
