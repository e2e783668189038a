import { DICTIONARY_ENTRIES_MAX } from '../frames/limits.ts';
import { INCARNATION_MAX } from './heartbeat.ts';
import { isIntegerWithin, isTextUpTo, type MessageFault, messageFault, parseObject } from './message-fault.ts';
import { AGENT_ID, type LedgerHead, type RefusedFrame } from './topics.ts';

/** Characters of a verdict's code: a word with dashes. */
export const VERDICT_CODE_MAX = 64;

/** Characters of a verdict's detail: a sentence with its values. */
export const VERDICT_DETAIL_MAX = 1024;

/** Dictionary indexes that one verdict names; of further ones the agent hears with the next. */
export const VERDICT_ENTRIES_MAX = 4096;

const utf8 = new TextEncoder();

export function encodeLedgerHead({ incarnation, highestSequence, handedTo }: LedgerHead): Uint8Array {
  return utf8.encode(JSON.stringify({ incarnation, highestSequence, handedTo }));
}

export function parseLedgerHead(bytes: Uint8Array): LedgerHead | MessageFault {
  const value = parseObject(bytes);
  if (value === undefined) return messageFault('ledger head is no JSON object in UTF-8');
  const { incarnation, highestSequence, handedTo } = value;
  if (!isIntegerWithin(incarnation, 0, INCARNATION_MAX)) return messageFault('ledger head: incarnation must be a u32');
  if (!isIntegerWithin(highestSequence, 0, Number.MAX_SAFE_INTEGER)) {
    return messageFault('ledger head: highestSequence must be an integer from 0 on');
  }
  if (handedTo === undefined) return { incarnation, highestSequence };
  if (typeof handedTo !== 'string' || !AGENT_ID.test(handedTo)) {
    return messageFault('ledger head: handedTo must be an agent id');
  }
  return { incarnation, highestSequence, handedTo };
}

export function encodeRefusedFrame({ incarnation, sequence, code, detail, entries }: RefusedFrame): Uint8Array {
  return utf8.encode(JSON.stringify({ incarnation, sequence, code, detail, entries }));
}

export function parseRefusedFrame(bytes: Uint8Array): RefusedFrame | MessageFault {
  const value = parseObject(bytes);
  if (value === undefined) return messageFault('verdict is no JSON object in UTF-8');
  const { incarnation, sequence, code, detail, entries = [] } = value;
  if (!isIntegerWithin(incarnation, 0, INCARNATION_MAX)) return messageFault('verdict: incarnation must be a u32');
  if (!isIntegerWithin(sequence, 0, Number.MAX_SAFE_INTEGER)) {
    return messageFault('verdict: sequence must be an integer from 0 on');
  }
  if (!isTextUpTo(code, VERDICT_CODE_MAX) || !isTextUpTo(detail, VERDICT_DETAIL_MAX)) {
    return messageFault('verdict: code and detail must be short texts');
  }
  if (!isEntryList(entries)) return messageFault('verdict: entries must be a short list of dictionary indexes');
  return { incarnation, sequence, code, detail, entries };
}

function isEntryList(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) &&
    value.length <= VERDICT_ENTRIES_MAX &&
    value.every((entry) => isIntegerWithin(entry, 0, DICTIONARY_ENTRIES_MAX - 1))
  );
}
