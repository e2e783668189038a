import type { EventName } from '../run/events.ts';
import { ATTACKS } from './attacks.ts';
import type { Step } from './plan.ts';

/** A fault that breaks a promise today. Worlds are made without it until that is mended, and this list gets shorter. */
interface NotYetHeld {
  readonly reason: string;
  readonly is: (step: Step) => boolean;
  /** Events that don't happen without it. */
  readonly events: readonly EventName[];
}

const isAttack = (step: Step, what: string): boolean => step.kind === 'attack' && ATTACKS[step.attack]!.what === what;

export const NOT_YET_HELD: readonly NotYetHeld[] = [
  {
    reason: 'a log that has lost its tail is read on as if nothing had happened; an agent of an older image halts',
    is: (step) => step.kind === 'restore',
    events: ['a disk is restored to an older state'],
  },
  {
    reason: 'an upgrade of a path that is none throws where nobody catches',
    is: (step) => isAttack(step, 'an upgrade of a path of slashes'),
    events: [],
  },
  {
    reason: 'a server does not stop while one whose upgrade it refused holds the connection',
    is: (step) => isAttack(step, 'an upgrade elsewhere'),
    events: [],
  },
];

/** What a sweep can't see for now. */
export const EVENTS_NOT_YET: ReadonlySet<EventName> = new Set(NOT_YET_HELD.flatMap(({ events }) => events));
