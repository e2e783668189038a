import { DATATYPE, type Integer64, type SparkplugMetric } from './payload.ts';

/** A property that says how far a value can be trusted (§6.4.9.1); any code but this says that it can't. */
const QUALITY_PROPERTY = 'Quality';
const QUALITY_GOOD = 192;

/** Bits of the integers that are sent as unsigned ones and are not, by datatype. */
const SIGNED_BITS: Readonly<Record<number, number>> = {
  [DATATYPE.int8]: 8,
  [DATATYPE.int16]: 16,
  [DATATYPE.int32]: 32,
  [DATATYPE.int64]: 64,
};

/** Why a metric has no text: it isn't one value, or can't be told for sure. */
export interface UntakenMetric {
  readonly reason: string;
}

/**
 * The decimal text of a metric's value, of which the metric's birth said that it is of a datatype; null where it says
 * that there is none: it is null, absent, or of a quality that isn't good.
 */
export function metricText(metric: SparkplugMetric, datatype: number): string | null | UntakenMetric {
  if (metric.isNull || (metric.properties !== null && !isGood(metric.properties))) return null;
  switch (metric.value) {
    case undefined:
      return null;
    case 'doubleValue':
      return String(metric.doubleValue);
    case 'floatValue':
      return floatText(metric.floatValue);
    case 'intValue':
      return integerText(metric.intValue, datatype);
    case 'longValue':
      return longText(metric.longValue, datatype);
    case 'booleanValue':
      return metric.booleanValue ? '1' : '0';
    case 'stringValue':
      return metric.stringValue;
    case 'bytesValue':
      return { reason: 'is bytes, a file or an array, and no single value' };
    case 'datasetValue':
      return { reason: 'is a data set, and no single value' };
    case 'templateValue':
      return { reason: 'is a template, and no single value; let its members be sent as metrics' };
    case 'extensionValue':
      return { reason: "is an extension of somebody's, and no single value" };
    default:
      return metric.value satisfies never;
  }
}

function isGood({ keys, values }: NonNullable<SparkplugMetric['properties']>): boolean {
  const value = values[keys.indexOf(QUALITY_PROPERTY)];
  return value === undefined || value.intValue === QUALITY_GOOD || value.longValue.low === QUALITY_GOOD;
}

/** A float has at most so many digits, and any decimal of at most DIGITS_SURE is told from its neighbours. */
const DIGITS_MAX = 9;
const DIGITS_SURE = 6;
const SURE_BELOW = 100;
const SURE_SCALE = 10_000;

/** The shortest decimal that reads back as this normal float (IEEE 754 binary32), which is what its writer most likely meant. */
export function floatText(value: number): string {
  const rounded = Math.round(value * SURE_SCALE) / SURE_SCALE;
  if (rounded < SURE_BELOW && rounded > -SURE_BELOW && Math.fround(rounded) === value) return String(rounded);
  for (let digits = DIGITS_SURE; digits < DIGITS_MAX; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return String(shorter);
  }
  return String(Number(value.toPrecision(DIGITS_MAX)));
}

const INT32_MAX = 0x7fff_ffff;

/** An unsigned integer of 32 bits, as what its datatype says that its bits are. */
function integerText(value: number, datatype: number): string | UntakenMetric {
  const bits = SIGNED_BITS[datatype];
  if (value <= INT32_MAX && (bits === undefined || bits >= 32)) return String(value);
  if (datatype === DATATYPE.unknown) return { reason: 'has no datatype, so it may be meant as negative' };
  if (bits === undefined || bits === 64) return String(value);
  // Some writers send the bits of the datatype, some those of an Int32 that holds it.
  const extended = (value << (32 - bits)) >> (32 - bits);
  if (extended !== (value | 0) && value >>> bits !== 0) return { reason: `is ${value}, which no Int${bits} is` };
  return String(extended);
}

/** An unsigned integer of 64 bits, likewise. */
function longText(value: Integer64, datatype: number): string | UntakenMetric {
  const low = value.low >>> 0;
  if (value.high === 0) return datatype === DATATYPE.unknown ? String(low) : integerText(low, datatype);
  if (value.high > 0) return String(bigOf(value));
  if (datatype === DATATYPE.unknown) return { reason: 'has no datatype, so it may be meant as negative' };
  if (SIGNED_BITS[datatype] === undefined) return String(BigInt.asUintN(64, bigOf(value)));
  return value.high === -1 && value.low < 0 ? String(value.low) : String(bigOf(value));
}

function bigOf({ low, high }: Integer64): bigint {
  return (BigInt(high) << 32n) | BigInt(low >>> 0);
}
