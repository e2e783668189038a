import type { EventName } from '../run/events.ts';
import type { Step } from './plan.ts';

/** A fault that breaks a promise today. Worlds are made without it until that is mended, and this list gets shorter. */
interface NotYetHeld {
  readonly reason: string;
  readonly is: (step: Step) => boolean;
  /** Events that don't happen without it. */
  readonly events: readonly EventName[];
}

export const NOT_YET_HELD: readonly NotYetHeld[] = [];

/** What a sweep can't see for now. */
export const EVENTS_NOT_YET: ReadonlySet<EventName> = new Set(NOT_YET_HELD.flatMap(({ events }) => events));
