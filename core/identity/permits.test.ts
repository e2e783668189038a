import { describe, expect, it } from 'vitest';
import { type Action, confinedTo, permits, rowsFor, type SeenView } from './permits.ts';
import { ANYONE, type Grant, type Principal, STRANGER } from './principal.ts';

const agent = (id: string): Principal => ({ kind: 'agent', agent: id });
const token = (grant: Partial<Grant> = {}): Principal => ({
  kind: 'token',
  id: 'c0ffee',
  name: 'a program',
  grant: { may: 'read', views: null, where: {}, untilMs: null, ...grant },
});

const BY_REGION: SeenView = { name: 'power-by-region', by: ['region'], where: {} };
const TOTAL: SeenView = { name: 'power', by: [], where: {} };
const NORTH_ONLY: SeenView = { name: 'power-north', by: ['device'], where: { region: ['north'] } };
const TWO_REGIONS: SeenView = { name: 'power-two', by: ['device'], where: { region: ['north', 'south'] } };
const VIEWS = [BY_REGION, TOTAL, NORTH_ONLY, TWO_REGIONS];

/** Every topic of every direction, own and foreign, and what merely looks like one. */
const TOPICS = ['frame', 'heartbeat', 'refused', 'gone', 'head', 'wanted', 'verdict', 'other', '+', '#', ''];
const NAMES = ['roof-1', 'roof-2', '+', '#', '', 'roof-1/frame'];
const FULL = [
  ...NAMES.flatMap((name) => TOPICS.map((topic) => `weir/v1/${name}/${topic}`)),
  '#',
  '+',
  '$SYS/#',
  '$share/g/weir/v1/roof-1/head',
  'weir/v1/roof-1',
  'weir/v2/roof-1/frame',
  '/weir/v1/roof-1/frame',
  'weir/v1/roof-1/frame/',
  'weir/v1/roof-1/frame/x',
  'weir/v1/Roof-1/frame',
  'weir/v1/roof-1/Frame',
  '',
];

describe('an agent', () => {
  it('publishes to these topics, and to no other', () => {
    const may = FULL.filter((topic) => permits(agent('roof-1'), { kind: 'publish', topic }));
    expect(may.sort()).toEqual([
      'weir/v1/roof-1/frame',
      'weir/v1/roof-1/gone',
      'weir/v1/roof-1/heartbeat',
      'weir/v1/roof-1/refused',
    ]);
  });

  it('hears of these topics, and of no other', () => {
    const may = FULL.filter((filter) => permits(agent('roof-1'), { kind: 'subscribe', filter }));
    expect(may.sort()).toEqual(['weir/v1/roof-1/head', 'weir/v1/roof-1/verdict', 'weir/v1/roof-1/wanted']);
  });

  it('asks nothing', () => {
    for (const view of VIEWS) expect(rowsFor(agent('roof-1'), view)).toBeNull();
  });
});

/** Everything that can be done, by a name. */
const ACTIONS: Readonly<Record<string, Action>> = {
  publish: { kind: 'publish', topic: 'weir/v1/roof-1/frame' },
  subscribe: { kind: 'subscribe', filter: 'weir/v1/roof-1/head' },
  'ask by region': { kind: 'ask', view: BY_REGION },
  'ask the total': { kind: 'ask', view: TOTAL },
  'ask the north': { kind: 'ask', view: NORTH_ONLY },
  'ask two regions': { kind: 'ask', view: TWO_REGIONS },
  list: { kind: 'list' },
  inspect: { kind: 'inspect' },
  recompute: { kind: 'recompute' },
  decide: { kind: 'decide' },
};

const ASKS = ['ask by region', 'ask the total', 'ask the north', 'ask two regions'];
const ALL = Object.keys(ACTIONS);

/** The whole matrix: who, and all that they may. */
const MATRIX: readonly (readonly [string, Principal, readonly string[]])[] = [
  ['anyone, where nobody is asked', ANYONE, ALL],
  ['a stranger', STRANGER, []],
  ['an agent', agent('roof-1'), ['publish', 'subscribe']],
  ['another agent', agent('roof-2'), []],
  ['a reader', token(), [...ASKS, 'list', 'inspect']],
  ['a writer', token({ may: 'write' }), [...ASKS, 'list', 'inspect', 'recompute']],
  ['an operator', token({ may: 'operate' }), [...ASKS, 'list', 'inspect', 'recompute', 'decide']],
  ['a reader of one view', token({ views: ['power'] }), ['ask the total', 'list']],
  ['a reader of no view', token({ views: [] }), ['list']],
  ['a reader of what is not there', token({ views: ['Power', 'power-'] }), ['list']],
  ['a reader of the north', token({ where: { region: ['north'] } }), ['ask by region', 'ask the north', 'list']],
  [
    'a reader of both regions',
    token({ where: { region: ['south', 'north'] } }),
    ['ask by region', 'ask the north', 'ask two regions', 'list'],
  ],
  ['a reader of a tag that no view has', token({ where: { colour: ['red'] } }), ['list']],
  ['a reader of a tag that objects have', token({ where: { constructor: ['x'] } }), ['list']],
  ['a reader of one device', token({ where: { device: ['m1'] } }), ['ask the north', 'ask two regions', 'list']],
  [
    'a reader of one view of the north',
    token({ views: ['power-by-region'], where: { region: ['north'] } }),
    ['ask by region', 'list'],
  ],
  ['an operator of one view', token({ may: 'operate', views: ['power'] }), ['ask the total', 'list']],
  [
    'an operator of the north',
    token({ may: 'operate', where: { region: ['north'] } }),
    ['ask by region', 'ask the north', 'list'],
  ],
];

describe('the matrix of rights', () => {
  it.each(MATRIX)('lets %s do what stands there, and nothing else', (_, principal, may) => {
    expect(ALL.filter((name) => permits(principal, ACTIONS[name]!))).toEqual(ALL.filter((name) => may.includes(name)));
  });

  it.each(MATRIX)('shows %s rows of exactly the views that may be asked', (_, principal) => {
    for (const view of VIEWS) expect(rowsFor(principal, view) !== null).toBe(permits(principal, { kind: 'ask', view }));
  });
});

describe('the rows of a view', () => {
  it('are filtered by the tags that the view does not hold to itself', () => {
    const north = token({ where: { region: ['north'] } });
    expect(rowsFor(north, BY_REGION)).toEqual(new Map([['region', ['north']]]));
    expect(rowsFor(north, NORTH_ONLY)).toEqual(new Map());
    expect(rowsFor(token({ where: { region: ['north'], device: ['m1'] } }), NORTH_ONLY)).toEqual(
      new Map([['device', ['m1']]]),
    );
  });

  it('are those that are asked for and may be seen', () => {
    const rows = new Map([['region', ['north', 'west']]]);
    expect(confinedTo(rows, new Map())).toEqual(rows);
    expect(confinedTo(rows, new Map([['device', ['m1']]]))).toEqual(new Map([...rows, ['device', ['m1']]]));
    expect(confinedTo(rows, new Map([['region', ['west', 'south']]]))).toEqual(new Map([['region', ['west']]]));
    expect(confinedTo(rows, new Map([['region', ['south']]]))).toEqual(new Map([['region', []]]));
    expect(confinedTo(new Map(), new Map([['region', ['south']]]))).toEqual(new Map([['region', ['south']]]));
  });
});
