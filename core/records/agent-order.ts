import { INCARNATION_MAX } from '../wire/heartbeat.ts';
import { isIntegerWithin, type MessageFault, messageFault, parseObject } from '../wire/message-fault.ts';
import { AGENT_ID } from '../wire/topics.ts';
import type { AgentOrder } from './record.ts';

/** Lives that an agent can have: more than anybody replaces a gateway. */
export const LIVES_MAX = 0xffff;

const utf8 = new TextEncoder();

/** An order as JSON: `{"kind": …}` with what belongs to its kind. */
export function encodeAgentOrder(order: AgentOrder): Uint8Array {
  return utf8.encode(JSON.stringify(order));
}

export function parseAgentOrder(bytes: Uint8Array): AgentOrder | MessageFault {
  const value = parseObject(bytes);
  if (value === undefined) return messageFault('order is no JSON object in UTF-8');
  const { kind, life, to, incarnation, from } = value;
  switch (kind) {
    case 'readmit':
      if (!isIntegerWithin(life, 0, LIVES_MAX)) return messageFault(`order: life must be from 0 to ${LIVES_MAX}`);
      return { kind, life };
    case 'hand-over':
      if (typeof to !== 'string' || !AGENT_ID.test(to)) return messageFault('order: to must be an agent id');
      return { kind, to };
    case 'retire':
      return { kind };
    case 'give-up':
      if (!isIntegerWithin(life, 0, LIVES_MAX)) return messageFault(`order: life must be from 0 to ${LIVES_MAX}`);
      if (!isIntegerWithin(incarnation, 1, INCARNATION_MAX))
        return messageFault('order: incarnation must be a u32 from 1');
      if (!isIntegerWithin(from, 1, Number.MAX_SAFE_INTEGER) || !isIntegerWithin(to, from, Number.MAX_SAFE_INTEGER))
        return messageFault('order: from and to must be frame numbers in their order');
      return { kind, life, incarnation, from, to };
    default:
      return messageFault('order: kind must be readmit, hand-over, retire or give-up');
  }
}
