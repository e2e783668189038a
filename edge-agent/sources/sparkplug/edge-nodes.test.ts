import { beforeEach, describe, expect, it } from 'vitest';
import type { NodeMessage, TakenMessage } from './edge-node.ts';
import { EdgeNodes } from './edge-nodes.ts';
import { HELD_MESSAGES_MAX, REBIRTH_AGAIN_MS, REBIRTH_AGAIN_MS_MAX, REBIRTHS_AT_ONCE_MAX } from './limits.ts';
import { metricText } from './metric-text.ts';
import { decodePayload } from './payload.ts';
import { born, double, type SentMessage, TahuNode } from './tahu-node.fixtures.ts';
import { parseMessageTopic } from './topic.ts';

const REORDER_MS = 2_000;

/** Hears nodes, and writes down what becomes of what they say. */
class Host {
  readonly heard: string[] = [];
  readonly refused: string[] = [];
  /** Whom deaths have ended. */
  readonly ended: string[] = [];
  readonly nodes: EdgeNodes;
  nowMs = 0;

  constructor(limits?: ConstructorParameters<typeof EdgeNodes>[1]) {
    const deliver = (taken: TakenMessage): void => this.#write(taken);
    this.nodes = new EdgeNodes(
      { isTaken: (name) => name !== 'unnamed' && name !== '', reorderMs: REORDER_MS, deliver },
      limits,
    );
  }

  hear(...sent: readonly SentMessage[]): this {
    for (const one of sent) this.nodes.receive(messageOf(one), this.nowMs);
    return this;
  }

  /** Lets time pass, and gives whom the host asks for births then. */
  wait(ms: number): readonly string[] {
    this.nowMs += ms;
    this.nodes.tick(this.nowMs);
    return this.nodes.takeRebirths(this.nowMs).map(({ group, node }) => `${group}/${node}`);
  }

  #write({ message: { topic }, metrics, refused, ends }: TakenMessage): void {
    for (const { definition, metric, atMs } of metrics) {
      if (definition.name === 'bdSeq' || definition.name.startsWith('Node Control')) continue;
      const text = metricText(metric, definition.datatype);
      this.heard.push(`${topic.device ?? topic.node} ${definition.name}=${JSON.stringify(text)} @${atMs}`);
    }
    if (refused !== null) this.refused.push(`${topic.type}: ${refused}`);
    if (ends) this.ended.push(topic.device ?? topic.node);
  }
}

function messageOf({ topic, payload }: SentMessage): NodeMessage {
  const read = decodePayload(payload);
  if (typeof read === 'string') throw new Error(read);
  return { topic: parseMessageTopic(topic)!, payload: read, bytes: payload.length };
}

let host: Host;
let node: TahuNode;

beforeEach(() => {
  host = new Host();
  node = new TahuNode('plant', 'line1');
});

const birth = (): SentMessage => node.birth([born('amps', 1, 5, 1_000)], 1_000);
const pressBirth = (): SentMessage => node.deviceBirth('press', [born('heat', 2, 20, 1_000)], 1_000);
const heat = (value: number, atMs: number): SentMessage => node.deviceData('press', [double(2, value, atMs)], atMs);

describe('an edge node that is heard', () => {
  it('gives its values by the names that its births gave to aliases (tck-id-payloads-alias-data-cmd-requirement)', () => {
    host.hear(birth(), pressBirth(), node.data([double(1, 6, 2_000)], 2_100), heat(21.4, 3_000));
    expect(host.heard).toEqual([
      'line1 amps="5" @1000',
      'press heat="20" @1000',
      'line1 amps="6" @2000',
      'press heat="21.4" @3000',
    ]);
    expect([host.refused, host.wait(REORDER_MS)]).toEqual([[], []]);
  });

  it('gives values by name too, and at the time of the message where a metric has none', () => {
    host.hear(birth(), node.data([{ name: 'amps', value: 7, type: 'Double' }, double('volts', 230, 5)], 9_000));
    expect(host.heard.slice(1)).toEqual(['line1 amps="7" @9000', 'line1 volts="230" @5']);
  });

  it('gives what it stored while nobody heard it at the times of that, also after its next birth (is_historical, §6.4.6)', () => {
    const stored = { ...double(1, 4, 500), isHistorical: true };
    host.hear(birth(), node.data([stored, double(1, 6, 2_000)], 2_100));
    expect(host.heard.slice(1)).toEqual(['line1 amps="4" @500', 'line1 amps="6" @2000']);
  });

  it('may use one alias for metrics of two devices, which have tables of their own', () => {
    host.hear(birth(), pressBirth(), node.deviceBirth('oven', [born('gas', 2, 1, 1_000)], 1_000));
    host.hear(heat(22, 2_000), node.deviceData('oven', [double(2, 3, 2_000)], 2_000));
    expect(host.heard.slice(3)).toEqual(['press heat="22" @2000', 'oven gas="3" @2000']);
  });

  it('is not believed where its birth gives one alias to two metrics (tck-id-payloads-alias-uniqueness)', () => {
    host.hear(node.birth([born('amps', 1, 5, 1), born('volts', 1, 6, 1)], 1), node.data([double(1, 7, 2)], 2));
    expect(host.heard).toEqual(['line1 amps="5" @1', 'line1 volts="6" @1']);
    expect(host.refused).toEqual(['NDATA: has metrics by an alias that their birth gave to two of them']);
    expect(host.wait(REORDER_MS)).toEqual([]);
  });

  it('says nothing by aliases that no rule takes', () => {
    host.hear(node.birth([born('unnamed', 1, 5, 1)], 1), node.data([double(1, 7, 2)], 2));
    expect([host.heard, host.refused]).toEqual([[], []]);
  });

  it('goes on at 0 after message 255 (tck-id-payloads-sequence-num-incrementing)', () => {
    host.hear(birth());
    for (let i = 1; i <= 600; i++) host.hear(node.data([double(1, i, i)], i));
    expect(host.heard).toHaveLength(601);
    expect(host.wait(REORDER_MS)).toEqual([]);
  });

  it('may begin at any number (tck-id-payloads-nbirth-seq)', () => {
    host.hear(node.birth([born('amps', 1, 5, 1)], 1, 255), node.data([double(1, 7, 3)], 3));
    expect(host.heard.at(-1)).toBe('line1 amps="7" @3');
  });
});

describe('messages out of order', () => {
  it('wait for the one before them, and are taken in their order (tck-id-operational-behavior-host-reordering-success)', () => {
    const [start, device, one, two, three] = [birth(), pressBirth(), heat(1, 1), heat(2, 2), heat(3, 3)];
    host.hear(start, three, two, device);
    expect(host.heard).toHaveLength(2);
    host.wait(REORDER_MS - 1);
    host.hear(one);
    expect(host.heard.slice(2)).toEqual(['press heat="1" @1', 'press heat="2" @2', 'press heat="3" @3']);
    expect([host.refused, host.wait(2 * REORDER_MS)]).toEqual([[], []]);
  });

  it('are taken as they are when it does not come in time, and births asked for (tck-id-operational-behavior-host-reordering-rebirth)', () => {
    const [start, device, , two, three] = [birth(), pressBirth(), heat(1, 1), heat(2, 2), heat(3, 3)];
    host.hear(start, device, three, two);
    expect(host.wait(REORDER_MS - 1)).toEqual([]);
    expect(host.heard).toHaveLength(2);
    expect(host.wait(1)).toEqual(['plant/line1']);
    expect(host.heard.slice(2)).toEqual(['press heat="2" @2', 'press heat="3" @3']);
    host.hear(heat(4, 4));
    expect(host.heard.at(-1)).toBe('press heat="4" @4');
  });

  it('are taken in their order also where numbers begin anew at 0', () => {
    host.hear(node.birth([born('amps', 1, 5, 0)], 0, 252));
    const [, ...rest] = [1, 2, 3, 4].map((i) => node.data([double(1, i, i)], i));
    host.hear(...rest.toReversed());
    host.wait(REORDER_MS);
    expect(host.heard.slice(1)).toEqual(['line1 amps="2" @2', 'line1 amps="3" @3', 'line1 amps="4" @4']);
  });

  it('are taken also when they come after their place was given up', () => {
    const [start, device, one, two] = [birth(), pressBirth(), heat(1, 1), heat(2, 2)];
    host.hear(start, device, two);
    host.wait(REORDER_MS);
    host.hear(one, heat(3, 3));
    expect(host.heard.slice(2)).toEqual(['press heat="2" @2', 'press heat="1" @1', 'press heat="3" @3']);
  });

  it('do not wait once there are too many of them, or too many bytes', () => {
    host.hear(birth());
    node.data([], 1);
    const held = Array.from({ length: HELD_MESSAGES_MAX }, (_, i) => node.data([double(1, i, i)], i));
    host.hear(...held);
    expect(host.heard).toHaveLength(1);
    host.hear(node.data([double(1, 99, 99)], 99));
    expect(host.heard).toHaveLength(HELD_MESSAGES_MAX + 2);
    expect(host.wait(0)).toEqual(['plant/line1']);

    // One that comes when they are too many has its place among them, and what follows goes on behind the last.
    node.data([], 2);
    const [one, ...more] = Array.from({ length: HELD_MESSAGES_MAX + 1 }, (_, i) => node.data([double(1, i, i + 1)], 1));
    host.hear(...more, one!);
    const numbers = Array.from({ length: HELD_MESSAGES_MAX + 1 }, (_, i) => `line1 amps="${i}" @${i + 1}`);
    expect(host.heard.slice(-numbers.length)).toEqual(numbers);
    host.hear(node.data([double(1, 7, 7)], 7));
    expect(host.heard.at(-1)).toBe('line1 amps="7" @7');

    const narrow = new Host({ heldBytesMax: 1 });
    const other = new TahuNode('plant', 'line2');
    narrow.hear(other.birth([born('amps', 1, 5, 1)], 1));
    other.data([], 1);
    narrow.hear(other.data([double(1, 6, 2)], 2));
    expect(narrow.heard).toHaveLength(2);
  });

  it('of which two have one number are taken both', () => {
    host.hear(birth());
    node.data([], 1);
    const twice = node.data([double(1, 6, 2)], 2);
    host.hear(twice, twice);
    expect(host.heard.slice(1)).toEqual(['line1 amps="6" @2', 'line1 amps="6" @2']);
  });
});

describe('a node whose births are not known', () => {
  it('is asked for them, unless they come by themselves (tck-id-operational-behavior-data-commands-ncmd-rebirth-verb)', () => {
    birth();
    host.hear(node.data([double(1, 6, 2)], 2));
    expect(host.heard).toEqual([]);
    expect(host.refused).toEqual([
      'NDATA: has metrics that only a birth, which was not seen or had no room, gives a name or a datatype',
    ]);
    expect(host.wait(REORDER_MS - 1)).toEqual([]);
    host.hear(birth());
    expect(host.wait(REORDER_MS)).toEqual([]);
    host.nodes.leave(host.nowMs);
    host.hear(node.data([double(1, 6, 2)], 2));
    expect(host.wait(REORDER_MS)).toEqual(['plant/line1']);
  });

  it('is heard nevertheless where it says names and datatypes', () => {
    birth();
    host.hear(node.data([double('amps', 6, 2)], 2));
    expect([host.heard, host.refused]).toEqual([['line1 amps="6" @2'], []]);
  });

  it('is not asked again at once, and less and less often where it does not answer', () => {
    birth();
    const asked: number[] = [];
    for (let second = 0; second < 2_000; second++) {
      host.hear(node.data([double(1, second, second)], second));
      if (host.wait(1_000).length > 0) asked.push(host.nowMs);
    }
    const waits = asked.slice(1).map((atMs, i) => atMs - asked[i]!);
    expect(waits[0]).toBeGreaterThanOrEqual(REBIRTH_AGAIN_MS);
    expect(waits.slice(1).every((wait, i) => wait >= waits[i]!)).toBe(true);
    expect(waits.at(-1)).toBe(REBIRTH_AGAIN_MS_MAX);
  });

  it('is asked when messages may have been missed, as when the broker was away; not all nodes at once', () => {
    const many = Array.from({ length: REBIRTHS_AT_ONCE_MAX + 3 }, (_, i) => new TahuNode('plant', `n${i}`));
    for (const one of many) host.hear(one.birth([born('amps', 1, 5, 1)], 1));
    host.nodes.leave(host.nowMs + REORDER_MS);
    host.hear(many[0]!.data([double(1, 6, 2)], 2));
    expect(host.refused).toHaveLength(1);
    expect(host.wait(REORDER_MS)).toHaveLength(REBIRTHS_AT_ONCE_MAX);
    expect(host.wait(1)).toHaveLength(3);
  });
});

describe('a death', () => {
  it('ends the session of its bdSeq, with its devices (tck-id-operational-behavior-edge-node-termination-host-action-ndeath-node-offline)', () => {
    host.hear(birth(), pressBirth());
    const lost = heat(1, 1);
    host.hear(node.death(), lost);
    expect(host.heard).toHaveLength(2);
    expect(host.refused).toHaveLength(1);
    expect(host.ended).toEqual(['line1']);
    host.hear(birth(), pressBirth(), heat(3, 3));
    expect(host.heard.at(-1)).toBe('press heat="3" @3');
  });

  it('of an earlier session than the present one is nobody’s (tck-id-payloads-ndeath-bdseq)', () => {
    host.hear(birth());
    const late = node.death();
    host.hear(birth(), late, node.data([double(1, 6, 2)], 2));
    expect(host.heard.at(-1)).toBe('line1 amps="6" @2');
    expect([host.refused, host.ended]).toEqual([[], []]);
  });

  it('of a node, or of a device, whose birth was not heard ends it too', () => {
    birth();
    host.hear(node.deviceDeath('press', 5), node.death());
    expect(host.ended).toEqual(['press', 'line1']);
  });

  it('lets what waited be taken first, and asks for nothing', () => {
    host.hear(birth());
    node.data([], 1);
    host.hear(node.data([double(1, 6, 2)], 2), node.death());
    expect(host.heard.at(-1)).toBe('line1 amps="6" @2');
    expect(host.wait(REORDER_MS)).toEqual([]);
  });

  it('of a device ends the device alone (tck-id-operational-behavior-edge-node-termination-host-action-ddeath-devices-offline)', () => {
    host.hear(birth(), pressBirth(), node.deviceDeath('press', 5), heat(1, 1), node.data([double(1, 6, 2)], 2));
    expect(host.heard.slice(2)).toEqual(['line1 amps="6" @2']);
    expect(host.refused).toHaveLength(1);
    expect(host.ended).toEqual(['press']);
  });
});

describe('the tables of a host', () => {
  it('forget a node that is gone for one that comes, and hear no more where none is gone', () => {
    const full = new Host({ nodesMax: 1 });
    const other = new TahuNode('plant', 'line2');
    full.hear(birth(), other.birth([born('amps', 1, 5, 1)], 1));
    expect(full.refused).toEqual(['NBIRTH: comes from one more than the 1 edge nodes that a source hears at a time']);
    full.hear(node.death(), other.birth([born('amps', 1, 5, 1)], 1));
    expect(full.heard.at(-1)).toBe('line2 amps="5" @1');
  });

  it('define no metrics beyond their room, and say so; a birth that takes the place of one has its room', () => {
    const full = new Host({ definitionsMax: 7 });
    full.hear(birth(), birth(), pressBirth(), pressBirth());
    expect(full.refused).toEqual([]);
    full.hear(node.deviceBirth('oven', [born('gas', 7, 1, 1), born('gas2', 8, 1, 1)], 1));
    expect(full.refused).toEqual([expect.stringContaining('DBIRTH: has no room')]);
    full.hear(node.deviceDeath('press', 2), node.deviceBirth('oven', [born('gas', 7, 1, 1), born('gas2', 8, 1, 1)], 1));
    expect(full.refused).toHaveLength(1);
  });
});
