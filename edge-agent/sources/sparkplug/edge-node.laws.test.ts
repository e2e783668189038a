import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NodeMessage } from './edge-node.ts';
import { EdgeNodes } from './edge-nodes.ts';

const REORDER_MS = 100;
/** How far a message may fall behind those after it: fewer places than may be held. */
const SHIFT_MAX = 20;

interface Sent extends NodeMessage {
  readonly index: number;
}

function messagesOf(count: number): readonly Sent[] {
  return Array.from({ length: count }, (_, index) => ({
    topic: { type: index === 0 ? 'NBIRTH' : 'NDATA', group: 'plant', node: 'line1', device: null },
    payload: { atMs: index, metrics: [], seq: index % 256 },
    bytes: 1,
    index,
  }));
}

/** What becomes of messages that come in an order of their own, of which some don't come; a tick of time between any two. */
function heard(count: number, shifts: readonly number[], lost: ReadonlySet<number>, stepMs: number): readonly number[] {
  const delivered: number[] = [];
  const nodes = new EdgeNodes<Sent>({
    isTaken: () => false,
    reorderMs: REORDER_MS,
    deliver: ({ message }) => delivered.push(message.index),
  });
  const placeOf = ({ index }: Sent): number => (index === 0 ? -1 : index + (shifts[index % shifts.length] ?? 0));
  const come = messagesOf(count).toSorted((a, b) => placeOf(a) - placeOf(b));
  let atMs = 0;
  for (const message of come) {
    if (!lost.has(message.index)) nodes.receive(message, atMs);
    atMs += stepMs;
    nodes.tick(atMs);
  }
  nodes.tick(atMs + REORDER_MS);
  return delivered;
}

const shifts = fc.array(fc.integer({ min: 0, max: SHIFT_MAX }), { minLength: 1, maxLength: 50 });

describe('the messages of a node', () => {
  it('are delivered in the order in which they were sent, where all come in time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), shifts, (count, order) => {
        expect(heard(count, order, new Set(), 1)).toEqual(Array.from({ length: count }, (_, i) => i));
      }),
    );
  });

  it('are delivered once each, whatever order they come in and whichever are lost', () => {
    const losses = fc.uniqueArray(fc.integer({ min: 1, max: 699 }), { maxLength: 60 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 700 }),
        shifts,
        losses,
        fc.integer({ min: 0, max: 60 }),
        (count, order, lost, step) => {
          const come = Array.from({ length: count }, (_, i) => i).filter((i) => !lost.includes(i));
          expect(heard(count, order, new Set(lost), step).toSorted((a, b) => a - b)).toEqual(come);
        },
      ),
    );
  });
});
