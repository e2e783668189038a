import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { get as sparkplug } from 'sparkplug-payload';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { encodeReadings } from '#core/frames/encode-readings.ts';
import { NO_LINKS, type ReadingsRuns } from '#core/frames/readings.ts';
import { parquetBytesOf } from './duckdb.ts';
import { deviceName, type Readings, regionName, writeCsv } from './shape-readings.ts';
import type { Shape } from './shapes.ts';

/** What a message of one step of all devices, or of many, costs in one encoding. */
export interface EdgeBytes {
  readonly encoding: string;
  readonly shape: string;
  readonly readingsPerMessage: number;
  readonly bytesPerReading: number;
}

/** A message of many steps has as many as this allows; a frame holds 131,072. */
const READINGS_MAX = 100_000;
/** Messages from the middle of a shape, where values have walked apart. */
const FIRST_STEP = 20;

/** A message to be encoded: the readings of some steps, and of each device the last one before, which frames refer to. */
interface Message {
  readonly shape: Shape;
  readonly readings: Readings;
  readonly before: Readings;
}

/** Bytes of a reading on its way from the edge, without what MQTT or HTTP add. For shapes in which nothing is late. */
export async function edgeBytes(shape: Shape, readings: Readings): Promise<readonly EdgeBytes[]> {
  const { devices, steps, name } = shape;
  const many = Math.min(steps - FIRST_STEP, Math.max(1, Math.floor(READINGS_MAX / devices)));
  const results: EdgeBytes[] = [];
  for (const messageSteps of new Set([1, many])) {
    const message: Message = {
      shape,
      readings: stepsOf(readings, devices, FIRST_STEP, messageSteps),
      before: stepsOf(readings, devices, FIRST_STEP - 1, 1),
    };
    const { count } = message.readings;
    for (const [encoding, encode] of Object.entries(ENCODINGS)) {
      const bytes = await encode(message);
      results.push({ encoding, shape: name, readingsPerMessage: count, bytesPerReading: bytes / count });
    }
  }
  return results;
}

function stepsOf({ device, timeMs, value }: Readings, devices: number, first: number, steps: number): Readings {
  const [from, to] = [first * devices, (first + steps) * devices];
  return {
    count: to - from,
    device: device.subarray(from, to),
    timeMs: timeMs.subarray(from, to),
    value: value.subarray(from, to),
  };
}

/** Bytes of a message, by encoding. */
const ENCODINGS: Readonly<Record<string, (message: Message) => number | Promise<number>>> = {
  'frame of Weir': frameBytes,
  JSON: (message) => jsonOf(message).length,
  'JSON, zstd': (message) => zstdCompressSync(jsonOf(message)).length,
  'line protocol, gzip': (message) => gzipSync(linesOf(message)).length,
  'Sparkplug B': sparkplugBytes,
  'Parquet, zstd': parquetBytes,
};

function frameBytes({ shape, readings, before }: Message): number {
  const meta = { incarnation: 1, sequence: 1, dictionaryVersion: shape.devices, watermarkMs: null };
  return encodeReadings(meta, runsOf(shape.devices, readings, before)).length;
}

/** A run for each device, behind the reading before. */
function runsOf(devices: number, { count, timeMs, value }: Readings, before: Readings): ReadingsRuns {
  const steps = count / devices;
  const inRuns = (column: Float64Array): Float64Array =>
    Float64Array.from({ length: count }, (_, at) => column[(at % steps) * devices + Math.floor(at / steps)]!);
  return {
    runCount: devices,
    entry: Int32Array.from({ length: devices }, (_, i) => i),
    length: new Int32Array(devices).fill(steps),
    anchored: new Uint8Array(devices).fill(1),
    anchorTimeMs: before.timeMs,
    anchorValue: before.value,
    unchecked: new Uint8Array(devices),
    timeMs: inRuns(timeMs),
    value: inRuns(value),
    links: NO_LINKS,
  };
}

function eachOf<T>({ shape, readings }: Message, one: (device: number, timeMs: number, value: number) => T): T[] {
  const { count, device, timeMs, value } = readings;
  const scale = 10 ** shape.decimals;
  return Array.from({ length: count }, (_, i) => one(device[i]!, timeMs[i]!, value[i]! / scale));
}

function jsonOf(message: Message): Buffer {
  const rows = eachOf(message, (device, timeMs, value) => ({
    time: new Date(timeMs).toISOString(),
    metric: 'power',
    device: deviceName(device),
    value,
  }));
  return Buffer.from(JSON.stringify(rows));
}

function linesOf(message: Message): string {
  const line = (device: number, timeMs: number, value: number): string =>
    `power,device=${deviceName(device)},region=${regionName(device)} value=${value} ${timeMs}`;
  return eachOf(message, line).join('\n');
}

/** Metrics by alias, as data messages have them behind a birth. */
function sparkplugBytes(message: Message): number {
  const metrics = eachOf(message, (device, timestamp, value) => ({ alias: device, timestamp, type: 'Double', value }));
  return sparkplug('spBv1.0')!.encodePayload({ timestamp: message.readings.timeMs[0]!, seq: 1, metrics } as never)
    .length;
}

async function parquetBytes({ shape, readings }: Message): Promise<number> {
  await using folder = await makeTemporaryDirectory('edge');
  const csv = join(folder.dir, 'readings.csv');
  await writeCsv(csv, readings, shape.decimals);
  return await parquetBytesOf(folder.dir, csv, shape.decimals);
}
