import { DICTIONARY_ENTRIES_MAX } from '../frames/limits.ts';
import type { MissingRange } from '../ledger/ledger.ts';
import { INCARNATION_MAX } from './heartbeat.ts';
import { isIntegerWithin, isTextUpTo, type MessageFault, messageFault, parseObject } from './message-fault.ts';
import { AGENT_ID, type LedgerHead, type RefusedFrame, WANTED_HEADS_MAX, type WantedFrames } from './topics.ts';

/** Characters of a verdict's code: a word with dashes. */
export const VERDICT_CODE_MAX = 64;

/** Characters of a verdict's detail: a sentence with its values. */
export const VERDICT_DETAIL_MAX = 1024;

/** Dictionary indexes that one verdict names; of further ones the agent hears with the next. */
export const VERDICT_ENTRIES_MAX = 4096;

/** Ranges of missing frames that one message names; further ones are asked for on the next connection. */
export const WANTED_RANGES_MAX = 256;

const utf8 = new TextEncoder();

export function encodeLedgerHead({ incarnation, highestSequence, life, handedTo }: LedgerHead): Uint8Array {
  return utf8.encode(JSON.stringify({ incarnation, highestSequence, life, handedTo }));
}

export function parseLedgerHead(bytes: Uint8Array): LedgerHead | MessageFault {
  const value = parseObject(bytes);
  if (value === undefined) return messageFault('ledger head is no JSON object in UTF-8');
  const { incarnation, highestSequence, life, handedTo } = value;
  if (!isIntegerWithin(incarnation, 0, INCARNATION_MAX)) return messageFault('ledger head: incarnation must be a u32');
  if (!isIntegerWithin(highestSequence, 0, Number.MAX_SAFE_INTEGER)) {
    return messageFault('ledger head: highestSequence must be an integer from 0 on');
  }
  if (life !== undefined && !isIntegerWithin(life, 0, Number.MAX_SAFE_INTEGER)) {
    return messageFault('ledger head: life must be an integer from 0 on');
  }
  const head = { incarnation, highestSequence, ...(life === undefined ? {} : { life }) };
  if (handedTo === undefined) return head;
  if (typeof handedTo !== 'string' || !AGENT_ID.test(handedTo)) {
    return messageFault('ledger head: handedTo must be an agent id');
  }
  return { ...head, handedTo };
}

export function encodeWantedFrames({ heads, missing }: WantedFrames): Uint8Array {
  return utf8.encode(
    JSON.stringify({
      heads: heads.slice(0, WANTED_HEADS_MAX).map(({ incarnation, highestSequence }) => [incarnation, highestSequence]),
      missing: missing.slice(0, WANTED_RANGES_MAX).map(({ incarnation, from, to }) => [incarnation, from, to]),
    }),
  );
}

export function parseWantedFrames(bytes: Uint8Array): WantedFrames | MessageFault {
  const value = parseObject(bytes);
  if (value === undefined) return messageFault('wanted frames are no JSON object in UTF-8');
  const { heads, missing } = value;
  if (!Array.isArray(heads) || heads.length > WANTED_HEADS_MAX || !heads.every(isHead)) {
    return messageFault('wanted frames: heads must be a short list of [incarnation, highestSequence]');
  }
  if (!Array.isArray(missing) || missing.length > WANTED_RANGES_MAX || !missing.every(isRange)) {
    return messageFault('wanted frames: missing must be a short list of [incarnation, from, to]');
  }
  return {
    heads: heads.map(([incarnation, highestSequence]): LedgerHead => ({ incarnation, highestSequence })),
    missing: missing.map(([incarnation, from, to]): MissingRange => ({ incarnation, from, to })),
  };
}

function isHead(value: unknown): value is readonly [number, number] {
  return (
    Array.isArray(value) &&
    value.length === 2 &&
    isIntegerWithin(value[0], 0, INCARNATION_MAX) &&
    isIntegerWithin(value[1], 0, Number.MAX_SAFE_INTEGER)
  );
}

function isRange(value: unknown): value is readonly [number, number, number] {
  return (
    Array.isArray(value) &&
    value.length === 3 &&
    isIntegerWithin(value[0], 0, INCARNATION_MAX) &&
    isIntegerWithin(value[1], 1, Number.MAX_SAFE_INTEGER) &&
    isIntegerWithin(value[2], value[1], Number.MAX_SAFE_INTEGER)
  );
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
