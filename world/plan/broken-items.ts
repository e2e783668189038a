/** What comes to a door that takes readings, and is none: each has to be refused, and nothing else may come of it. */
export const BROKEN_ITEMS: readonly { readonly what: string; readonly item: unknown }[] = [
  { what: 'no JSON', item: '{' },
  { what: 'no list', item: '{}' },
  { what: 'a list of nothing', item: '[null]' },
  { what: 'an unknown metric', item: { time: 0, metric: 'nothing', device: 'd', value: 1 } },
  { what: 'a metric named __proto__', item: { time: 0, metric: '__proto__', device: 'd', value: 1 } },
  { what: 'a time that is none', item: { time: 'soon', metric: 'level', device: 'd', value: 1 } },
  { what: 'a time without an offset', item: { time: '2026-01-01T00:00:00', metric: 'level', device: 'd', value: 1 } },
  {
    what: 'a reading of the year 9000',
    item: { time: '9000-01-01T00:00:00Z', metric: 'level', device: 'd', value: 1 },
  },
  { what: 'a value that is none', item: { time: 0, metric: 'level', device: 'd', value: 'much' } },
  { what: 'a value beyond all bounds', item: { time: 0, metric: 'level', device: 'd', value: '1e400' } },
  { what: 'a device without a name', item: { time: 0, metric: 'level', device: '', value: 1 } },
  { what: 'a device of two lines', item: { time: 0, metric: 'level', device: 'a\nb', value: 1 } },
  { what: 'an empty tag', item: { time: 0, metric: 'level', device: 'd', value: 1, tags: { room: '' } } },
];
