import { isJsonObject, type JsonObject, type JsonText } from '../ndjson/json-fields.ts';
import type { PayloadFault, PayloadRow } from '../rows/payload-row.ts';

/** The version of SenML that RFC 8428 defines. */
const VERSION = 10;

/** Seconds below which a time counts from now (RFC 8428, 4.5.3). */
const RELATIVE_BELOW_S = 2 ** 28;

/** What holds for a record and all that follow it, until another one says it anew. */
const BASES = ['bn', 'bt', 'bu', 'bv', 'bs', 'bver'] as const;

/**
 * The records of a SenML pack (RFC 8428), in JSON. Their fields are those that a record has, and those that it was given by
 * one before: `n`, and `bn` before it, both together as `name`, `u`, and as `v` the value, whether number, text or Boolean,
 * with `bv` added, `s` with `bs`. Sums and values are exact where nothing is added.
 */
export function senmlRows(pack: JsonText, receivedMs: number): readonly (PayloadRow | PayloadFault)[] {
  if (!Array.isArray(pack)) return [faultOf(pack, 'is no SenML pack, which is an array of records')];
  let base: JsonObject = {};
  return (pack as readonly JsonText[]).map((record) => {
    if (!isJsonObject(record)) return faultOf(record, 'is no SenML record, which is an object');
    const said = BASES.filter((name) => Object.hasOwn(record, name)).map((name) => [name, record[name]!] as const);
    base = { ...base, ...Object.fromEntries(said) };
    const unknown = Object.keys(record).find((name) => name.endsWith('_'));
    if (unknown !== undefined) return faultOf(record, `has the field ${unknown}, without which it must not be read`);
    if (Number(base['bver'] ?? VERSION) > VERSION) return faultOf(record, `is of a version beyond ${VERSION}`);
    return resolved(base, record, receivedMs);
  });
}

function resolved(base: JsonObject, record: JsonObject, receivedMs: number): PayloadRow | PayloadFault {
  const seconds = Number(base['bt'] ?? 0) + Number(record['t'] ?? 0);
  const atMs = Math.floor(seconds * 1_000 + (seconds < RELATIVE_BELOW_S ? receivedMs : 0));
  if (!Number.isSafeInteger(atMs)) return faultOf(record, 'has a time that is none');
  const name = `${textOf(base['bn'])}${textOf(record['n'])}`;
  const value = record['v'] ?? record['vb'] ?? record['vs'];
  const fields = {
    ...record,
    bn: textOf(base['bn']),
    name,
    ...entryOf('u', record['u'] ?? base['bu']),
    ...entryOf('v', plus(base['bv'], value)),
    ...entryOf('s', plus(base['bs'], record['s'])),
  };
  return { kind: 'row', fields, atMs };
}

function plus(base: JsonText | undefined, value: JsonText | undefined): JsonText | undefined {
  if (base === undefined || typeof value === 'boolean') return value;
  return Number(base) + Number(value ?? 0);
}

function textOf(value: JsonText | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}

function entryOf(name: string, value: JsonText | undefined): JsonObject {
  return value === undefined ? {} : { [name]: value };
}

function faultOf(of: JsonText, reason: string): PayloadFault {
  return { kind: 'fault', reason, text: JSON.stringify(of) };
}
