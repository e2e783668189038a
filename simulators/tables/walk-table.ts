import { strict as assert } from 'node:assert';
import { DECIMALS_MAX } from '#core/numbers/scaled.ts';
import { philox } from '../random/philox.ts';
import { SimulationOptionError } from '../scenarios/scenario.ts';
import { RowFile } from './row-file.ts';
import type { TableConfig } from './table-config.ts';

/** A table of random walks for measurements: one reading per series and second, in the order of time. */
export interface WalkTable {
  readonly path: string;
  readonly seed: number;
  readonly seriesCount: number;
  readonly seconds: number;
  readonly fromMs: number;
  /** How many of a value's digits stand behind the mark. */
  readonly decimals: number;
}

const WALK_REGIONS = ['DK1', 'DK2'];
const METRIC = 'walk';

/**
 * Writes the table as long CSV, with times in unix seconds and values of 31 bits once scaled. Gives the number of rows
 * below the heading, and the configuration that reads the file. Throws SimulationOptionError for impossible tables.
 */
export async function writeWalkCsv(table: WalkTable): Promise<{ readonly rows: number; readonly config: TableConfig }> {
  checkTable(table);
  await using file = await RowFile.create(table.path);
  file.text('time,device,region,value');
  await file.endRow();
  const walks = new RandomWalks(table.seed, table.seriesCount);
  const names = Array.from({ length: table.seriesCount }, (_, i) => {
    return Buffer.from(`,walk-${i + 1},${WALK_REGIONS[i % WALK_REGIONS.length]!},`);
  });
  const { bytes } = file;
  for (let second = 0; second < table.seconds; second++) {
    const time = Buffer.from(String(table.fromMs / 1_000 + second));
    for (let i = 0; i < table.seriesCount; i++) {
      const name = names[i]!;
      let at = file.length;
      for (let k = 0; k < time.length; k++) bytes[at++] = time[k]!;
      for (let k = 0; k < name.length; k++) bytes[at++] = name[k]!;
      file.length = writeDecimal(bytes, at, walks.values[i]!, table.decimals);
      const flushed = file.endRow();
      if (flushed !== undefined) await flushed;
    }
    walks.step();
  }
  return { rows: file.rows - 1, config: walkConfig(table) };
}

/** Writes a scaled value (not negative, below 2^31) as a decimal with all its decimals; gives the offset behind it. */
function writeDecimal(bytes: Buffer, at: number, value: number, decimals: number): number {
  let digits = decimals + 1;
  for (let power = 10 ** digits; power <= value; power *= 10) digits++;
  const end = at + digits + (decimals > 0 ? 1 : 0);
  let rest = value;
  for (let i = end - 1, written = 0; i >= at; i--) {
    if (decimals > 0 && written === decimals) {
      bytes[i--] = POINT;
    }
    const next = (rest / 10) | 0;
    bytes[i] = ZERO + rest - next * 10;
    rest = next;
    written++;
  }
  return end;
}

const POINT = 0x2e;
const ZERO = 0x30;

function walkConfig(table: WalkTable): TableConfig {
  return {
    metrics: { [METRIC]: { unit: 'W', decimals: table.decimals, kind: 'gauge', interval: '1s' } },
    source: {
      kind: 'csv',
      file: table.path,
      time: { columns: ['time'], format: 'unix' },
      series: [{ metric: METRIC, value: 'value', device: '{device}', tags: { region: '{region}' } }],
    },
  };
}

function checkTable({ seriesCount, seconds, fromMs, decimals }: WalkTable): void {
  if (!(Number.isInteger(seriesCount) && seriesCount >= 1 && seriesCount <= SERIES_MAX)) {
    throw new SimulationOptionError('series', seriesCount, `choose from 1 to ${SERIES_MAX}`);
  }
  if (!(Number.isSafeInteger(seconds) && seconds >= 1)) {
    throw new SimulationOptionError('seconds', seconds, 'choose a whole number from 1 on');
  }
  if (!(Number.isSafeInteger(fromMs) && fromMs >= 0 && fromMs % 1_000 === 0)) {
    throw new SimulationOptionError('start', fromMs, 'choose a whole second from 1970 on, in milliseconds');
  }
  if (!(Number.isInteger(decimals) && decimals >= 0 && decimals <= DECIMALS_MAX)) {
    throw new SimulationOptionError('decimals', decimals, `choose from 0 to ${DECIMALS_MAX}`);
  }
}

/** Walks of one table: their values and names take some 200 bytes each. */
const SERIES_MAX = 1_000_000;

/** Values use 31 bits: 0 to 2^31 − 1. */
export const WALK_VALUE_MAX = 0x7fff_ffff;

/** A step lies between −STEP_MAX and STEP_MAX − 1: eleven bits. */
const STEP_BITS = 11;
const STEP_MAX = 1 << (STEP_BITS - 1);

/**
 * Many independent random walks that step together, for measurements: cheap, and with differences as wide as those of
 * a busy meter. Steps come from one xorshift generator per walk (Marsaglia, "Xorshift RNGs", Journal of Statistical
 * Software 8, 2003, triple 13 17 5). The same seed gives the same walks.
 */
class RandomWalks {
  /** The walks' present values; `step` changes them in place. */
  readonly values: Int32Array;
  readonly #states: Int32Array;

  constructor(seed: number, walks: number) {
    assert(walks >= 1, 'there is a walk');
    this.values = new Int32Array(walks);
    this.#states = new Int32Array(walks);
    for (let i = 0; i < walks; i++) {
      this.values[i] = philox(i, 0, seed) >>> 1;
      // The generator stays at 0 for ever when it starts there.
      this.#states[i] = philox(i, 1, seed) | 1;
    }
  }

  /** Moves every walk by one step. At the borders a walk turns back. */
  step(): void {
    const { values } = this;
    const states = this.#states;
    for (let i = 0; i < values.length; i++) {
      let state = states[i]!;
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      states[i] = state;
      const change = (state >>> (32 - STEP_BITS)) - STEP_MAX;
      const value = values[i]! + change;
      values[i] = value < 0 || value > WALK_VALUE_MAX ? values[i]! - change : value;
    }
  }
}
