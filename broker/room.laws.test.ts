import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Room, type RoomTicket } from './room.ts';

const BYTES_MAX = 10;
const COUNT_MAX = 3;

describe('the room', () => {
  it('is never overfull, lets in by order of coming, and forgets nobody', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('enter' as const), bytes: fc.integer({ min: 0, max: BYTES_MAX }) }),
        fc.record({ kind: fc.constant('leave' as const), which: fc.nat() }),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(steps, (all) => {
        const room = new Room({ countMax: COUNT_MAX, bytesMax: BYTES_MAX });
        // The truth, kept by the test: who came, in order, with what state.
        const guests: { bytes: number; state: 'waiting' | 'in' | 'left'; ticket?: RoomTicket }[] = [];
        for (const step of all) {
          if (step.kind === 'enter') {
            const guest: (typeof guests)[number] = { bytes: step.bytes, state: 'waiting' };
            guests.push(guest);
            guest.ticket = room.enter(step.bytes, () => (guest.state = 'in'));
          } else if (guests.length > 0) {
            const guest = guests[step.which % guests.length];
            // Marked first: leaving may let others in at once.
            if (guest !== undefined) guest.state = 'left';
            guest?.ticket?.leave();
          }
          const inside = guests.filter(({ state }) => state === 'in');
          const bytes = inside.reduce((sum, guest) => sum + guest.bytes, 0);
          expect(inside.length).toBeLessThanOrEqual(COUNT_MAX);
          expect(bytes).toBeLessThanOrEqual(BYTES_MAX);
          expect([room.count, room.bytes]).toStrictEqual([inside.length, bytes]);
          const firstWaiting = guests.find(({ state }) => state === 'waiting');
          if (firstWaiting !== undefined) {
            expect(inside.length === COUNT_MAX || bytes + firstWaiting.bytes > BYTES_MAX).toBe(true);
            const after = guests.slice(guests.indexOf(firstWaiting));
            expect(after.some(({ state }) => state === 'in')).toBe(false);
          }
        }
      }),
    );
  });
});
