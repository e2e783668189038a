import { strict as assert } from 'node:assert';
import { DELAY_S_MAX, type Fate } from '../faults/meter-faults.ts';
import { DeliveryColumns } from './delivery-columns.ts';
import type { MeterReader } from './meter-reader.ts';

/** Where a run stands: readings made from `sinceS` on, and everything handed over before `nextS`. */
export interface RunSpan {
  readonly sinceS: number;
  /** Readings are made before this second; Infinity where there is no end. */
  readonly untilS: number;
  /** The first second not yet handed over. */
  readonly nextS: number;
}

/**
 * What a fleet hands over, second by second.
 *
 * Law: what is handed over in a second depends on (fleet, faults, sinceS, untilS, second) alone. A run opened at second
 * t goes on exactly as the one that came there: what is still under way is found by making the readings of the last
 * DELAY_S_MAX seconds again. Within a second, delayed readings come first, in the order in which they were made.
 */
export class DeliveryRun {
  readonly #readers: readonly MeterReader[];
  readonly #untilS: number;
  readonly #underWay = new Map<number, DeliveryColumns>();
  readonly #fate: Fate = { isRead: true, clockErrorS: 0, deliveredS: 0, repeatedS: Number.NaN, repeatDelta: 0 };
  readonly #isFaulty: boolean;
  #nextS: number;

  constructor(readers: readonly MeterReader[], span: RunSpan, isFaulty: boolean) {
    assert(span.nextS >= span.sinceS, 'a run goes on at or after its beginning');
    this.#readers = readers;
    this.#untilS = span.untilS;
    this.#nextS = span.nextS;
    this.#isFaulty = isFaulty;
    if (isFaulty) this.#recall(Math.max(span.sinceS, span.nextS - DELAY_S_MAX));
  }

  /** The first second not yet handed over. */
  get nextS(): number {
    return this.#nextS;
  }

  /** Whether there is nothing left to hand over. */
  get isOver(): boolean {
    return this.#nextS >= this.#untilS && this.#underWay.size === 0;
  }

  /** Hands over seconds until `beforeS`, or the end, or until at least `countMin` deliveries have been added to `out`. */
  advance(beforeS: number, countMin: number, out: DeliveryColumns): void {
    const enough = out.count + countMin;
    while (this.#nextS < beforeS && out.count < enough && !this.isOver) {
      const atS = this.#nextS;
      const delayed = this.#underWay.get(atS);
      if (delayed !== undefined) {
        this.#underWay.delete(atS);
        for (let i = 0; i < delayed.count; i++) {
          out.push(delayed.series[i]!, delayed.timeMs[i]!, delayed.value[i]!, delayed.atMs[i]!);
        }
      }
      if (atS < this.#untilS) this.#read(atS, atS, out);
      this.#nextS = atS + 1;
    }
  }

  /** Makes the readings of the seconds before `nextS` again, and keeps those that are handed over from then on. */
  #recall(fromS: number): void {
    const gone = new DeliveryColumns(0);
    for (let atS = fromS; atS < Math.min(this.#nextS, this.#untilS); atS++) this.#read(atS, this.#nextS, gone);
    assert(gone.count === 0, 'what was handed over stays so');
  }

  /** The readings of a second: into `out` what is handed over in it, into #underWay what is so from `keepS` on. */
  #read(atS: number, keepS: number, out: DeliveryColumns): void {
    for (const reader of this.#readers) {
      for (const meter of reader.dueAt(atS)) {
        if (!this.#isFaulty) out.push(reader.seriesOf(meter), atS * 1_000, reader.value(meter, atS), atS * 1_000);
        else this.#readFaulty(reader, meter, atS, keepS, out);
      }
    }
  }

  #readFaulty(reader: MeterReader, meter: number, atS: number, keepS: number, out: DeliveryColumns): void {
    const fate = this.#fate;
    reader.decide(meter, atS, fate);
    if (!fate.isRead) return;
    const { deliveredS, repeatedS } = fate;
    if (deliveredS < keepS && !(repeatedS >= keepS)) return;
    const value = reader.value(meter, atS);
    const timeMs = (atS + fate.clockErrorS) * 1_000;
    const series = reader.seriesOf(meter);
    if (deliveredS >= keepS) this.#handOver(atS, deliveredS, series, timeMs, value, out);
    if (repeatedS >= keepS) {
      const again = fate.repeatDelta === 0 ? value : reader.differing(value, fate.repeatDelta);
      this.#handOver(atS, repeatedS, series, timeMs, again, out);
    }
  }

  #handOver(
    atS: number,
    deliveredS: number,
    series: number,
    timeMs: number,
    value: number,
    out: DeliveryColumns,
  ): void {
    assert(deliveredS - atS <= DELAY_S_MAX, 'a delivery comes before it would be forgotten');
    if (deliveredS === atS) {
      out.push(series, timeMs, value, deliveredS * 1_000);
      return;
    }
    let columns = this.#underWay.get(deliveredS);
    if (columns === undefined) {
      columns = new DeliveryColumns(4);
      this.#underWay.set(deliveredS, columns);
    }
    columns.push(series, timeMs, value, deliveredS * 1_000);
  }
}
