import type { WorldReading } from '../world.fixtures.ts';

/** A window as the oracle counts it, values scaled. */
export interface CountedWindow {
  readonly region: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
  readonly sum: bigint;
  readonly min: number;
  readonly max: number;
}

/** The readings of each region in each of the spans, reading by reading: in the order of start, then region. */
export function countWindows(
  readings: readonly WorldReading[],
  spans: readonly { readonly startMs: number; readonly endMs: number }[],
): readonly CountedWindow[] {
  const regions = [...new Set(readings.map(({ device }) => device.split('@')[1] ?? ''))].sort();
  const windows: CountedWindow[] = [];
  for (const { startMs, endMs } of spans) {
    for (const region of regions) {
      const inside = readings.filter(
        ({ device, atMs }) => (device.split('@')[1] ?? '') === region && atMs >= startMs && atMs < endMs,
      );
      if (inside.length === 0) continue;
      const values = inside.map(({ value }) => value);
      windows.push({
        region,
        startMs,
        endMs,
        count: inside.length,
        sum: values.reduce((sum, value) => sum + BigInt(value), 0n),
        min: Math.min(...values),
        max: Math.max(...values),
      });
    }
  }
  return windows;
}

/** A scaled value with three decimals as JSON writes it, digit by digit. */
export function threeDecimals(scaled: bigint): string {
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(4, '0');
  const text = `${digits.slice(0, -3)}.${digits.slice(-3)}`.replace(/\.?0+$/, '');
  return scaled < 0n ? `-${text}` : text;
}
