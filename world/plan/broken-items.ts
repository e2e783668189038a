/** After the earliest time that a metric has unless it says another one, and before any world begins. */
const MEASURED_MS = Date.UTC(2000, 6, 1);

function named(device: string, tags?: Readonly<Record<string, string>>): object {
  return { time: MEASURED_MS, metric: 'level', device, value: 1, ...(tags === undefined ? {} : { tags }) };
}

/** What comes to a door that takes readings, and is none: each has to be refused, and nothing else may come of it. */
export const BROKEN_ITEMS: readonly { readonly what: string; readonly item: unknown }[] = [
  { what: 'no JSON', item: '{' },
  { what: 'no list', item: '{}' },
  { what: 'a list of nothing', item: '[null]' },
  { what: 'an unknown metric', item: { time: MEASURED_MS, metric: 'nothing', device: 'd', value: 1 } },
  { what: 'a metric named __proto__', item: { time: MEASURED_MS, metric: '__proto__', device: 'd', value: 1 } },
  { what: 'a time that is none', item: { time: 'soon', metric: 'level', device: 'd', value: 1 } },
  { what: 'a time without an offset', item: { time: '2026-01-01T00:00:00', metric: 'level', device: 'd', value: 1 } },
  {
    what: 'a reading of the year 9000',
    item: { time: '9000-01-01T00:00:00Z', metric: 'level', device: 'd', value: 1 },
  },
  { what: 'a value that is none', item: { time: MEASURED_MS, metric: 'level', device: 'd', value: 'much' } },
  { what: 'a value beyond all bounds', item: { time: MEASURED_MS, metric: 'level', device: 'd', value: '1e400' } },
  { what: 'a device without a name', item: { time: MEASURED_MS, metric: 'level', device: '', value: 1 } },
  { what: 'a device of two lines', item: { time: MEASURED_MS, metric: 'level', device: 'a\nb', value: 1 } },
  { what: 'a device of 1,000 letters', item: named('x'.repeat(1_000)) },
  { what: 'a device of half a character', item: named('\ud800') },
  { what: 'a tag of half a character', item: named('d', { room: '\udfff' }) },
  { what: 'a tag of two lines', item: named('d', { room: 'a\nb' }) },
  { what: 'a tag whose name has a control character', item: named('d', { 'a\u0000b': 'x' }) },
  { what: 'a tag without a name', item: named('d', { '': 'x' }) },
  { what: 'a tag of 100,000 letters', item: named('d', { room: 'x'.repeat(100_000) }) },
  {
    what: 'a hundred tags',
    item: named('d', Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`tag-${i}`, 'x']))),
  },
  { what: 'an empty tag', item: { time: MEASURED_MS, metric: 'level', device: 'd', value: 1, tags: { room: '' } } },
];
