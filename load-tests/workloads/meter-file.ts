import { RowFile } from '#simulators/tables/row-file.ts';
import { xorshift } from './chance.ts';

/** Meters that are read at even distances, all at once. */
export interface MeterFile {
  readonly path: string;
  readonly meters: number;
  /** Readings of each. */
  readonly steps: number;
  readonly stepMs: number;
  readonly fromMs: number;
}

const METER_REGIONS = 10;

/** The source of a configuration that reads such a file, `meters.csv` beside it, into a metric `load`. */
export const METER_SOURCE = {
  kind: 'csv',
  file: 'meters.csv',
  time: { columns: ['time'], format: 'unix' },
  series: [{ metric: 'load', value: 'value', device: '{device}', tags: { region: '{region}' } }],
};

/** From one reading to the next a meter moves by up to so many watts. */
const MOVE_MAX = 300;
const MOVES = 2 * MOVE_MAX + 1;
const WATTS_FROM = 1_000;
const WATTS_SPREAD = 2_000;

/**
 * Writes CSV of long form, `time,device,region,value`, in the order of time: unix seconds, and whole watts that walk at random and
 * never fall below 0. A difference has 9.2 bits of entropy. Gives the number of rows.
 */
export async function writeMeterFile({ path, meters, steps, stepMs, fromMs }: MeterFile): Promise<number> {
  const next = xorshift(1);
  const watts = Int32Array.from({ length: meters }, () => WATTS_FROM + (next() % WATTS_SPREAD));
  const names = Array.from({ length: meters }, (_, i) => `,meter-${i},region-${i % METER_REGIONS},`);
  await using file = await RowFile.create(path);
  file.text('time,device,region,value');
  await file.endRow();
  for (let step = 0; step < steps; step++) {
    const time = String((fromMs + step * stepMs) / 1_000);
    for (let i = 0; i < meters; i++) {
      watts[i] = Math.max(0, watts[i]! + (next() % MOVES) - MOVE_MAX);
      file.text(`${time}${names[i]!}${watts[i]!}`);
      const flushed = file.endRow();
      if (flushed !== undefined) await flushed;
    }
  }
  return meters * steps;
}
