/**
 * How often what goes wrong. Rates are shares from 0 to 1: the first four of all readings, the next four of all days of
 * a meter, the last of all meters.
 */
export interface FaultRates {
  /** Delivered up to some hours later. */
  readonly late: number;
  /** Delivered after readings that were made a little later. */
  readonly outOfOrder: number;
  /** Delivered once more, now or hours later. */
  readonly repeated: number;
  /** Delivered once more with another value, which then counts. */
  readonly conflicting: number;
  /** Out of reach for hours: everything is delivered at the end. */
  readonly offline: number;
  /** Without power for hours: there are no readings. */
  readonly silent: number;
  /** Hours of readings dated wrongly: by days or weeks too late, or by hours too early. */
  readonly wrongClock: number;
  /** The meter is exchanged: its register starts again at 0. */
  readonly counterReset: number;
  /** The register reaches its highest value soon after the start. */
  readonly rollover: number;
}

export const NO_FAULTS: FaultRates = {
  late: 0,
  outOfOrder: 0,
  repeated: 0,
  conflicting: 0,
  offline: 0,
  silent: 0,
  wrongClock: 0,
  counterReset: 0,
  rollover: 0,
};

/** A bad month: every fault is seen within a day of fifty meters. */
export const TROUBLE: FaultRates = {
  late: 0.005,
  outOfOrder: 0.01,
  repeated: 0.005,
  conflicting: 0.002,
  offline: 0.15,
  silent: 0.1,
  wrongClock: 0.08,
  counterReset: 0.05,
  rollover: 0.05,
};
