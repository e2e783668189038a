/** A reading as it is handed over. */
export interface Delivery {
  /** Its series, as an index into the fleet's series. */
  readonly series: number;
  /** The time that the meter gives it. */
  readonly timeMs: number;
  /** Scaled. */
  readonly value: number;
  /** When it is handed over, by a clock that is right. */
  readonly atMs: number;
}

/** Deliveries in their order, column by column, growing as needed; the arrays are longer than `count`. */
export class DeliveryColumns {
  count = 0;
  series: Int32Array;
  timeMs: Float64Array;
  value: Float64Array;
  atMs: Float64Array;

  constructor(capacity: number) {
    this.series = new Int32Array(capacity);
    this.timeMs = new Float64Array(capacity);
    this.value = new Float64Array(capacity);
    this.atMs = new Float64Array(capacity);
  }

  push(series: number, timeMs: number, value: number, atMs: number): void {
    if (this.count === this.series.length) this.#grow();
    const at = this.count++;
    this.series[at] = series;
    this.timeMs[at] = timeMs;
    this.value[at] = value;
    this.atMs[at] = atMs;
  }

  *[Symbol.iterator](): Generator<Delivery> {
    for (let i = 0; i < this.count; i++) {
      yield { series: this.series[i]!, timeMs: this.timeMs[i]!, value: this.value[i]!, atMs: this.atMs[i]! };
    }
  }

  #grow(): void {
    const capacity = Math.max(16, this.series.length * 2);
    const series = new Int32Array(capacity);
    series.set(this.series);
    this.series = series;
    for (const column of ['timeMs', 'value', 'atMs'] as const) {
      const larger = new Float64Array(capacity);
      larger.set(this[column]);
      this[column] = larger;
    }
  }
}
