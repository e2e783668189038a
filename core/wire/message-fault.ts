/** What is wrong with a JSON message of an agent or of the broker. A fault is an answer, not an exception. */
export interface MessageFault {
  readonly kind: 'message-fault';
  /** Subject, field and rule, for people. */
  readonly message: string;
}

export function messageFault(message: string): MessageFault {
  return { kind: 'message-fault', message };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The JSON object in `bytes`, or undefined where they hold none. */
export function parseObject(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(utf8.decode(bytes));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function isMessageFault(value: object): value is MessageFault {
  return 'kind' in value && value.kind === 'message-fault';
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** True for an integer from `min` to `max`, which are safe. −0 is none: it would not survive JSON. */
export function isIntegerWithin(value: unknown, min: number, max: number): value is number {
  return Number.isInteger(value) && (value as number) >= min && (value as number) <= max && !Object.is(value, -0);
}

export function isTextUpTo(value: unknown, lengthMax: number): value is string {
  return typeof value === 'string' && value.length <= lengthMax && value.isWellFormed();
}
