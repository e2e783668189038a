import { strict as assert } from 'node:assert';
import type { EndedEntry } from '../fold/silences.ts';
import { DICTIONARY_ENTRIES_MAX, FRAME_BYTES_MAX, TIME_MS_MAX } from '../frames/limits.ts';
import { isIntegerWithin, type MessageFault, messageFault, parseObject } from './message-fault.ts';

/** Series that one message names; what is left goes in the next one. */
export const ENDED_ENTRIES_MAX = 4096;

const ENTRY_BYTES_MAX = JSON.stringify([DICTIONARY_ENTRIES_MAX, -TIME_MS_MAX]).length + 1;
assert(
  ENDED_ENTRIES_MAX * ENTRY_BYTES_MAX <= FRAME_BYTES_MAX / 2,
  'a message with all its series is no longer than a frame',
);

/**
 * Body of an `ended` message: series of the agent that are ended, and have not spoken since in anything that the log held
 * when it was asked for. A series that a message doesn't name may be ended nevertheless, until the last message has come.
 */
export interface EndedMessage {
  readonly ended: readonly EndedEntry[];
  /** Whether further messages tell the rest. */
  readonly more: boolean;
}

/** Messages that tell all of them, the last of which says so; one at least. */
export function splitEnded(all: readonly EndedEntry[]): readonly EndedMessage[] {
  const messages: EndedMessage[] = [];
  for (let from = 0; from === 0 || from < all.length; from += ENDED_ENTRIES_MAX) {
    const to = from + ENDED_ENTRIES_MAX;
    messages.push({ ended: all.slice(from, to), more: to < all.length });
  }
  return messages;
}

const utf8 = new TextEncoder();

export function encodeEnded({ ended, more }: EndedMessage): Uint8Array {
  return utf8.encode(JSON.stringify({ ended, more }));
}

export function parseEnded(bytes: Uint8Array): EndedMessage | MessageFault {
  const value = parseObject(bytes);
  if (value === undefined) return messageFault('ended series are no JSON object in UTF-8');
  const { ended, more } = value;
  if (!Array.isArray(ended) || ended.length > ENDED_ENTRIES_MAX || !ended.every(isEnded))
    return messageFault('ended series: ended must be a short list of [entry, fromMs]');
  if (typeof more !== 'boolean') return messageFault('ended series: more must be true or false');
  return { ended, more };
}

function isEnded(value: unknown): value is EndedEntry {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    isIntegerWithin(value[0], 0, DICTIONARY_ENTRIES_MAX - 1) &&
    isIntegerWithin(value[1], -TIME_MS_MAX, TIME_MS_MAX)
  );
}
