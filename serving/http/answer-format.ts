import { formatDuration } from '#core/time/duration.ts';
import { formatInstant, INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import type { Zone } from '#core/time/zone.ts';
import { QueryError, type SessionsQuery, type WindowsQuery } from '../answers/query.ts';

/** The formats of an answer, each with its media type. Which of them a reader takes alike, the first of those is meant. */
export const MEDIA_TYPES = {
  json: 'application/json',
  ndjson: 'application/x-ndjson',
  csv: 'text/csv',
} as const;

export type Format = keyof typeof MEDIA_TYPES;

const FORMATS = Object.keys(MEDIA_TYPES) as readonly Format[];

/** The format that is named, else the one that a reader's `Accept` prefers (RFC 9110, 12.5.1). Throws QueryError. */
export function formatOf(named: Format | undefined, accept: string | undefined): Format {
  if (named !== undefined) return named;
  if (accept === undefined || accept.trim() === '') return 'json';
  const ranges = accept.split(',').map(readRange);
  let best: { readonly format: Format; readonly quality: number } | undefined;
  for (const format of FORMATS) {
    const quality = qualityOf(MEDIA_TYPES[format], ranges);
    if (quality > (best?.quality ?? 0)) best = { format, quality };
  }
  if (best !== undefined) return best.format;
  const remedy = `ask for ${Object.values(MEDIA_TYPES).join(', ')}, or add format=${FORMATS.join(' or format=')}`;
  throw new QueryError('accept', accept.slice(0, 200), 'is nothing that windows are told in', remedy, 406);
}

/** A media range with its weight; other parameters of it don't tell the formats apart. */
interface MediaRange {
  readonly type: string;
  readonly quality: number;
}

function readRange(text: string): MediaRange {
  const [type, ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number(weight.slice(2));
  return { type: type ?? '', quality: quality >= 0 && quality <= 1 ? quality : 0 };
}

/** The weight that the most specific range gives to a media type; 0 where none has it. */
function qualityOf(mediaType: string, ranges: readonly MediaRange[]): number {
  const family = `${mediaType.slice(0, mediaType.indexOf('/'))}/*`;
  for (const type of [mediaType, family, '*/*']) {
    const found = ranges.find((range) => range.type === type);
    if (found !== undefined) return found.quality;
  }
  return 0;
}

/** How a reader may call the file: view, range by the clock of the zone, and window or gap, as `usage_2026-01-01_2026-02-01_1d.csv`. */
export function fileNameOf(query: WindowsQuery | SessionsQuery, zone: Zone, format: Format): string {
  const width = 'spec' in query ? query.spec.size : query.gap;
  const edges = [query.fromMs, query.toMs].map((atMs) => edgeText(atMs, zone));
  return `${[query.view.name, ...edges, formatDuration(width)].join('_')}.${format}`;
}

/** A day, with the time where it isn't its beginning; without the colons, which not every system has in names. */
function edgeText(atMs: number, zone: Zone): string {
  const localMs = atMs + zone.offsetAtMs(atMs);
  return formatInstant(Math.min(Math.max(localMs, INSTANT_MIN_MS), INSTANT_MAX_MS))
    .replace(/T00:00:00Z$/, '')
    .replaceAll(/[:Z]/g, '');
}
