import {
  HOLD_INTERVALS_MAX,
  holdMsOf,
  MEANING_KEYS,
  METRIC_KINDS,
  type MetricKind,
  saidOf,
  type StoredMetric,
} from '../metrics/metric.ts';
import { DECIMALS_MAX } from '../numbers/scaled.ts';

/** Limits of what a series may say of itself. Lengths are in UTF-16 units. */

/** Metric, device, and tag names: an MQTT topic level or an identifier, not prose. */
export const NAME_LENGTH_MAX = 128;

export const TAG_VALUE_LENGTH_MAX = 256;

export const UNIT_LENGTH_MAX = 32;

/** Tags of a series, `device` among them: more are data, not labels. */
export const SERIES_TAGS_MAX = 32;

/** A year: a series that is read less often has no rhythm to be measured by. */
export const INTERVAL_MS_MAX = 366 * 86_400_000;

/** Three of the longest intervals, which is what a gauge holds for unless its metric says otherwise. */
export const HOLD_MS_MAX = HOLD_INTERVALS_MAX * INTERVAL_MS_MAX;

/** A counter without decimals, of a metric with as many as there can be. */
const ROLLOVER_STEP_MAX = 10 ** DECIMALS_MAX;

/** Times lie within so many milliseconds of 1970, as those of readings do. */
const SINCE_MS_MAX = 2 ** 52 - 1;

/** Panes are short spans; a day is the longest. */
export const PANE_MS_MAX = 86_400_000;

/** What is wrong with a series that somebody declared. */
type SeriesFaultCode =
  | 'shape' // no object
  | 'missing' // a field isn't there
  | 'unknown' // a field that no series has
  | 'text' // no text, or empty, too long, or with control characters
  | 'number' // no integer, or out of its range
  | 'choice' // none of the values that the field may have
  | 'full' // one more than its owner takes
  | 'tags'; // too many, badly named, or without the device

export interface SeriesFault {
  readonly kind: 'series-fault';
  readonly code: SeriesFaultCode;
  /** The field, as `metric` or `tags.region`. */
  readonly field: string;
  /** Subject and rule, for people. */
  readonly message: string;
}

function seriesFault(code: SeriesFaultCode, field: string, rule: string): SeriesFault {
  return { kind: 'series-fault', code, field, message: `series field ${field} ${rule}` };
}

/** What a series is: one metric of one device, as its agent declares it. */
export interface SeriesEntry {
  readonly metric: string;
  readonly unit: string;
  /** Decimal digits of a value: a scaled value is the value times 10^decimals. */
  readonly decimals: number;
  readonly kind: MetricKind;
  /** Expected distance of two readings. */
  readonly intervalMs: number;
  /** Highest scaled value that the counter shows before it begins again at zero; null if it doesn't. */
  readonly rollover: number | null;
  /** The last digit that the counter shows, scaled, where that is coarser than the last decimal: 1 where it is absent. */
  readonly rolloverStep?: number;
  /** For how long a gauge's value holds where no further reading comes: three intervals where it is absent. */
  readonly holdMs?: number;
  /** From when on readings of it are expected, where that was said: else from its first one on. */
  readonly sinceMs?: number;
  /** Its panes carry histograms. */
  readonly quantiles: boolean;
  readonly paneMs: number;
  readonly device: string;
  /** Includes `device`. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What names a series: its tags tell it from others of the same metric and device. */
export type SeriesName = Pick<SeriesEntry, 'metric' | 'device' | 'tags'>;

/** What an agent claims with a series: all series of its metric and device. No two pairs make the same key. */
export function claimKey(entry: Pick<SeriesEntry, 'metric' | 'device'>): string {
  return JSON.stringify([entry.metric, entry.device]);
}

/** A text that is the same for equal tags, in whatever order they stand. */
export function tagsKey(tags: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(tags).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * Tells the series of one dictionary apart, whose entries it is to be given in their order: by metric, device and tags.
 * The first tags of a metric and device add nothing to the key: so keys hold that were written when tags told no series
 * apart.
 */
export class SeriesKeys {
  /** The first tags of each metric and device. */
  readonly #first = new Map<string, Readonly<Record<string, string>>>();

  keyOf(entry: Pick<SeriesEntry, 'metric' | 'device' | 'tags'>): string {
    const plain = claimKey(entry);
    const first = this.#first.get(plain);
    if (first === undefined) this.#first.set(plain, entry.tags);
    if (first === undefined || first === entry.tags) return plain;
    const tags = tagsKey(entry.tags);
    return tagsKey(first) === tags ? plain : JSON.stringify([entry.metric, entry.device, tags]);
  }
}

const FIELDS = [
  'decimals',
  'device',
  'intervalMs',
  'kind',
  'metric',
  'paneMs',
  'quantiles',
  'rollover',
  'tags',
  'unit',
] as const;

/** Fields that an entry lacks unless it says them. Like the kinds beside gauge and counter, they came with format 2. */
const FIELDS_IF_SAID = ['holdMs', 'rolloverStep', 'sinceMs'] as const;

/** Which format of births an entry needs: those of before version 2 know two kinds, and no field but the common ones. */
export type SeriesFormat = 1 | 2;

export function seriesFormat(entry: SeriesEntry): SeriesFormat {
  const isOld = entry.kind === 'gauge' || entry.kind === 'counter';
  return isOld && FIELDS_IF_SAID.every((name) => entry[name] === undefined) ? 1 : 2;
}

// What can't be printed or encoded: control characters, and halves of surrogate pairs.
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** The entry that `value` is, copied into a fresh object with exactly the fields of the format, or the first thing wrong. */
export function parseSeries(value: unknown, format: SeriesFormat = 2): SeriesEntry | SeriesFault {
  if (!isRecord(value)) return seriesFault('shape', 'series', 'is no object');
  for (const name of FIELDS) if (!Object.hasOwn(value, name)) return seriesFault('missing', name, 'is missing');
  for (const name of Object.keys(value)) {
    const isKnown = includes(FIELDS, name) || (format > 1 && includes(FIELDS_IF_SAID, name));
    if (!isKnown) return seriesFault('unknown', name.slice(0, 64), 'is unknown');
  }
  const { metric, unit, device, kind, quantiles, rollover, decimals, intervalMs, paneMs } = value;
  if (!isText(metric, 1, NAME_LENGTH_MAX)) return seriesFault('text', 'metric', textRule(NAME_LENGTH_MAX));
  if (!isText(device, 1, NAME_LENGTH_MAX)) return seriesFault('text', 'device', textRule(NAME_LENGTH_MAX));
  if (!isText(unit, 0, UNIT_LENGTH_MAX)) return seriesFault('text', 'unit', textRule(UNIT_LENGTH_MAX));
  if (!isKind(kind, format)) return seriesFault('choice', 'kind', `must be ${kindsOf(format).join(' or ')}`);
  if (typeof quantiles !== 'boolean') return seriesFault('choice', 'quantiles', 'must be true or false');
  if (!isInteger(decimals, 0, DECIMALS_MAX)) return numberFault('decimals', 0, DECIMALS_MAX);
  if (!isInteger(intervalMs, 1, INTERVAL_MS_MAX)) return numberFault('intervalMs', 1, INTERVAL_MS_MAX);
  if (!isInteger(paneMs, 1, PANE_MS_MAX)) return numberFault('paneMs', 1, PANE_MS_MAX);
  if (rollover !== null && (kind !== 'counter' || !isInteger(rollover, 1, Number.MAX_SAFE_INTEGER))) {
    return seriesFault('number', 'rollover', 'must be null, or for a counter an integer from 1 on');
  }
  const said = parseSaid(value, kind, rollover);
  if ('code' in said) return said;
  const given = value['tags'];
  if (!isRecord(given)) return seriesFault('tags', 'tags', 'is no object');
  const fault = tagsFault(given, device);
  if (fault !== null) return fault;
  // fromEntries defines own properties, so even a tag named __proto__ is a tag like any other.
  const tags = Object.fromEntries(Object.entries(given)) as Record<string, string>;
  // The same text; a fleet's dictionary keeps it once.
  tags['device'] = device;
  return { metric, unit, decimals, kind, intervalMs, rollover, ...said, quantiles, paneMs, device, tags };
}

/** What an entry says of its own: how long its value holds, how its counter steps, and since when it is expected. */
function parseSaid(
  { holdMs, rolloverStep, sinceMs }: Record<string, unknown>,
  kind: MetricKind,
  rollover: number | null,
): Pick<SeriesEntry, (typeof FIELDS_IF_SAID)[number]> | SeriesFault {
  if (holdMs !== undefined && (kind !== 'gauge' || !isInteger(holdMs, 1, HOLD_MS_MAX))) {
    return seriesFault('number', 'holdMs', `must be absent, or for a gauge an integer from 1 to ${HOLD_MS_MAX}`);
  }
  if (rolloverStep !== undefined && (rollover === null || !isInteger(rolloverStep, 2, ROLLOVER_STEP_MAX))) {
    return seriesFault(
      'number',
      'rolloverStep',
      `must be absent, or beside a rollover an integer from 2 to ${ROLLOVER_STEP_MAX}`,
    );
  }
  if (sinceMs !== undefined && !isInteger(sinceMs, -SINCE_MS_MAX, SINCE_MS_MAX)) {
    return seriesFault('number', 'sinceMs', `must be absent, or an integer within ±${SINCE_MS_MAX}`);
  }
  return {
    ...(holdMs === undefined ? {} : { holdMs }),
    ...(rolloverStep === undefined ? {} : { rolloverStep }),
    ...(sinceMs === undefined ? {} : { sinceMs }),
  };
}

/** What is wrong with the names that a source gives a series; null where an entry can carry them. */
export function describedFault({
  metric,
  device,
  tags,
}: Pick<SeriesEntry, 'metric' | 'device' | 'tags'>): SeriesFault | null {
  if (!isSeriesName(metric)) return seriesFault('text', 'metric', SERIES_NAME_RULE);
  if (!isSeriesName(device)) return seriesFault('text', 'device', SERIES_NAME_RULE);
  return tagsFault(tags, device);
}

/** The name of a series that `value` is, with exactly its fields, or what is wrong with it. */
export function parseSeriesName(
  value: Readonly<Record<string, unknown>>,
): { readonly kind: 'name'; readonly name: SeriesName } | SeriesFault {
  const { metric, device, tags: given } = value;
  if (!isText(metric, 1, NAME_LENGTH_MAX)) return seriesFault('text', 'metric', SERIES_NAME_RULE);
  if (!isText(device, 1, NAME_LENGTH_MAX)) return seriesFault('text', 'device', SERIES_NAME_RULE);
  if (!isRecord(given)) return seriesFault('tags', 'tags', 'is no object');
  const fault = tagsFault(given, device);
  if (fault !== null) return fault;
  const tags = Object.fromEntries(Object.entries(given)) as Record<string, string>;
  return { kind: 'name', name: { metric, device, tags } };
}

/**
 * The entry under names that a frame can carry: cut to their limits, with U+FFFD for what can't be printed. Agents up to
 * 0.1.0 took series by any name, and could never send what they had journaled of them.
 */
export function nameable(entry: SeriesEntry): SeriesEntry {
  if (describedFault(entry) === null) return entry;
  const device = printable(entry.device, NAME_LENGTH_MAX) || UNNAMED;
  const others = Object.entries(entry.tags)
    .filter(([name]) => name !== 'device')
    .slice(0, SERIES_TAGS_MAX - 1)
    .map(([name, text]) => [printable(name, NAME_LENGTH_MAX) || UNNAMED, printable(text, TAG_VALUE_LENGTH_MAX)]);
  return { ...entry, device, tags: { ...Object.fromEntries(others), device } };
}

const UNNAMED = '\ufffd';

function printable(text: string, lengthMax: number): string {
  return text
    .replace(/[\p{Cc}\p{Cs}]/gu, UNNAMED)
    .slice(0, lengthMax)
    .toWellFormed();
}

/** Whether `text` may name a metric, a device or a tag, wherever it was written: in a configuration, a file, a request. */
export function isSeriesName(text: string): boolean {
  return isText(text, 1, NAME_LENGTH_MAX);
}

/** Whether `text` may be a metric's unit. */
export function isSeriesUnit(text: string): boolean {
  return isText(text, 0, UNIT_LENGTH_MAX);
}

/** What such a text has to be, after its subject. */
export const SERIES_NAME_RULE = textRule(NAME_LENGTH_MAX);

function tagsFault(value: Record<string, unknown>, device: string): SeriesFault | null {
  const names = Object.keys(value);
  if (names.length > SERIES_TAGS_MAX) {
    return seriesFault('tags', 'tags', `has ${names.length} names, the limit is ${SERIES_TAGS_MAX}`);
  }
  for (const name of names) {
    const text = value[name];
    if (!isText(name, 1, NAME_LENGTH_MAX))
      return seriesFault('tags', 'tags', `has a name that ${textRule(NAME_LENGTH_MAX)}`);
    if (!isText(text, 0, TAG_VALUE_LENGTH_MAX))
      return seriesFault('tags', `tags.${name}`, textRule(TAG_VALUE_LENGTH_MAX));
  }
  if (!Object.hasOwn(value, 'device') || value['device'] !== device) {
    return seriesFault('tags', 'tags.device', `must be the device, ${JSON.stringify(device)}`);
  }
  return null;
}

function textRule(lengthMax: number): string {
  return `must be text of at most ${lengthMax} characters, without control characters`;
}

function numberFault(field: string, min: number, max: number): SeriesFault {
  return seriesFault('number', field, `must be an integer from ${min} to ${max}`);
}

function kindsOf(format: SeriesFormat): readonly MetricKind[] {
  return format === 1 ? METRIC_KINDS.slice(0, 2) : METRIC_KINDS;
}

function isKind(value: unknown, format: SeriesFormat): value is MetricKind {
  return includes(kindsOf(format), value);
}

function includes(list: readonly unknown[], value: unknown): boolean {
  return list.includes(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isText(value: unknown, lengthMin: number, lengthMax: number): value is string {
  return (
    typeof value === 'string' && value.length >= lengthMin && value.length <= lengthMax && !UNPRINTABLE.test(value)
  );
}

function isInteger(value: unknown, min: number, max: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max && !Object.is(value, -0);
}

/** What an entry of a dictionary tells of its metric. */
export type DeclaredFacts = Omit<SeriesEntry, 'metric' | 'device' | 'tags'>;

/** A declared metric, as the entries of its series tell it. */
export function entryFacts(metric: StoredMetric): DeclaredFacts {
  const { unit, decimals, kind, intervalMs, rolloverScaled, quantiles, paneMs } = metric;
  return { unit, decimals, kind, intervalMs, rollover: rolloverScaled, ...saidOf(metric), quantiles, paneMs };
}

/** The metric that an entry tells of. */
export function storedFacts(entry: DeclaredFacts): StoredMetric {
  const { unit, decimals, kind, intervalMs, rollover, quantiles, paneMs } = entry;
  return { unit, decimals, kind, intervalMs, rolloverScaled: rollover, ...saidOf(entry), quantiles, paneMs };
}

/** Whether readings, and the links between them, come to the same by both declarations; panes and histograms apart. */
export function countsAs(a: StoredMetric, b: StoredMetric): boolean {
  return (
    a.unit === b.unit &&
    a.decimals === b.decimals &&
    a.kind === b.kind &&
    a.intervalMs === b.intervalMs &&
    a.rolloverScaled === b.rolloverScaled &&
    (a.rolloverStep ?? 1) === (b.rolloverStep ?? 1) &&
    (a.kind !== 'gauge' || holdMsOf(a) === holdMsOf(b))
  );
}

/** Whether a stored integer of an entry means what one of the metric does. */
export function meansAs(entry: DeclaredFacts, metric: StoredMetric): boolean {
  return MEANING_KEYS.every((key) => entry[key] === metric[key]);
}

/** Whether an entry is of the metric as it is declared, in everything that decides what is stored. */
export function isAsDeclared(entry: DeclaredFacts, metric: StoredMetric): boolean {
  const { quantiles, paneMs } = entry;
  return countsAs(storedFacts(entry), metric) && quantiles === metric.quantiles && paneMs === metric.paneMs;
}
