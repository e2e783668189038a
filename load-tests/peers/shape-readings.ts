import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { xorshift } from '../workloads/chance.ts';
import { REGIONS, type Shape, START_MS } from './shapes.ts';

/** Readings of a shape, in the order in which they come. */
export interface Readings {
  readonly count: number;
  readonly device: Int32Array;
  readonly timeMs: Float64Array;
  /** In units of the last decimal. */
  readonly value: Float64Array;
}

const GAUGE_START = 5_000_000;
const GAUGE_STEP_MAX = 500;
const COUNTER_START = 100_000_000;
const COUNTER_STEP_MAX = 400;
/** A counter is reset once in so many readings, from well above to a hundredth of that at most. */
const RESET_EVERY = 2_000;
const RESET_FROM_MIN = 1_000_000;
const RESET_TO_MAX = 10_000;

export function deviceName(device: number): string {
  return `device-${device}`;
}

export function regionName(device: number): string {
  return `region-${device % REGIONS}`;
}

/** The readings of a shape, the same ones each time. No two have the same device and time. */
export function readingsOf(shape: Shape): Readings {
  const { devices, steps, lateEvery, lateStepsMax } = shape;
  const count = devices * steps;
  const device = new Int32Array(count);
  const timeMs = new Float64Array(count);
  const value = new Float64Array(count);
  const made = new SeriesValues(shape);
  const random = xorshift(2);
  /** By the step in which they come. */
  const held = new Map<number, (readonly [device: number, timeMs: number, value: number])[]>();
  let at = 0;
  const put = (of: number, ms: number, scaled: number): void => {
    device[at] = of;
    timeMs[at] = ms;
    value[at++] = scaled;
  };
  for (let step = 0; step < steps; step++) {
    for (const one of held.get(step) ?? []) put(...one);
    held.delete(step);
    for (let i = 0; i < devices; i++) {
      const ms = made.nextTimeMs(i, step);
      const scaled = made.nextValue(i);
      if (lateEvery === 0 || random() % lateEvery !== 0) put(i, ms, scaled);
      else {
        const comesAt = Math.min(steps, step + 1 + (random() % lateStepsMax));
        const others = held.get(comesAt);
        if (others === undefined) held.set(comesAt, [[i, ms, scaled]]);
        else others.push([i, ms, scaled]);
      }
    }
  }
  for (const one of held.get(steps) ?? []) put(...one);
  return { count, device, timeMs, value };
}

/** Times and values of all series, one step after the other. */
class SeriesValues {
  readonly #shape: Shape;
  readonly #random = xorshift(1);
  readonly #values: Float64Array;

  constructor(shape: Shape) {
    this.#shape = shape;
    const start = shape.kind === 'gauge' ? GAUGE_START : COUNTER_START;
    this.#values = Float64Array.from({ length: shape.devices }, () => start + (this.#random() % start));
  }

  /** Irregular times lie anywhere in their step, to the millisecond. */
  nextTimeMs(_device: number, step: number): number {
    const { intervalMs, isIrregular } = this.#shape;
    return START_MS + step * intervalMs + (isIrregular ? this.#random() % intervalMs : 0);
  }

  nextValue(device: number): number {
    const random = this.#random();
    const before = this.#values[device]!;
    const next =
      this.#shape.kind === 'gauge'
        ? Math.abs(before + (random % (2 * GAUGE_STEP_MAX + 1)) - GAUGE_STEP_MAX)
        : random % RESET_EVERY === 0 && before >= RESET_FROM_MIN
          ? (random >>> 8) % RESET_TO_MAX
          : before + (random % COUNTER_STEP_MAX);
    this.#values[device] = next;
    return next;
  }
}

const CHUNK_CHARS = 1 << 20;

/** Writes readings as text, a line each, below `heading`. */
export async function writeLines(
  path: string,
  { count, device, timeMs, value }: Readings,
  heading: string,
  lineOf: (device: number, timeMs: number, value: number) => string,
): Promise<void> {
  const file = createWriteStream(path);
  let text = heading;
  for (let i = 0; i < count; i++) {
    text += lineOf(device[i]!, timeMs[i]!, value[i]!);
    if (text.length < CHUNK_CHARS) continue;
    if (!file.write(text)) await once(file, 'drain');
    text = '';
  }
  file.end(text);
  await finished(file);
}

/** Readings as CSV with a heading: `time,device,region,value`, times in ISO 8601. It is the file that everyone reads. */
export async function writeCsv(path: string, readings: Readings, decimals: number): Promise<void> {
  const scale = 10 ** decimals;
  const names = new Map<number, string>();
  let iso = '';
  let isoMs = Number.NaN;
  await writeLines(path, readings, 'time,device,region,value\n', (device, timeMs, value) => {
    if (timeMs !== isoMs) {
      isoMs = timeMs;
      iso = new Date(timeMs).toISOString();
    }
    let name = names.get(device);
    if (name === undefined) names.set(device, (name = `,${deviceName(device)},${regionName(device)},`));
    return `${iso}${name}${(value / scale).toFixed(decimals)}\n`;
  });
}
