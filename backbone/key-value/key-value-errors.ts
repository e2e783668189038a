import { WeirError, reasonOf } from '#core/errors.ts';
import { isKey, isKeyPrefix, KEY_LENGTH_MAX, VALUE_BYTES_MAX } from './key-value.ts';

/** A key has characters or a length that can't be stored. */
export class KeyNotAllowed extends WeirError {
  readonly kind = 'key-not-allowed';
  constructor(key: string) {
    super(
      `${JSON.stringify(key)} can't be a key: use 1 to ${KEY_LENGTH_MAX} of the characters A-Z a-z 0-9 - _ = / and ` +
        `single dots between them.`,
      { fault: 'asked' },
    );
  }
}

/** A value is larger than the store takes. */
export class ValueTooLarge extends WeirError {
  readonly kind = 'value-too-large';
  constructor(key: string, bytes: number) {
    super(`The value of ${key} has ${bytes} bytes, more than ${VALUE_BYTES_MAX}. Keep large values as objects.`, {
      fault: 'asked',
    });
  }
}

/** The store doesn't answer; a change may have been made or not. */
export class KeyValueUnavailable extends WeirError {
  readonly kind = 'key-value-unavailable';
  constructor(place: string, cause: unknown) {
    super(
      `The state at ${place} doesn't answer: ${reasonOf(cause)}. Check it and try again; get tells what is stored.`,
      {
        fault: 'world',
        retryable: true,
        cause,
      },
    );
  }
}

/** The store was disposed of; this call came after. */
export class KeyValueClosed extends WeirError {
  readonly kind = 'key-value-closed';
  constructor(place: string) {
    super(`The state at ${place} is closed. Open it again to use it.`, { fault: 'world' });
  }
}

/** Throws KeyNotAllowed unless the key can be stored. */
export function checkKey(key: string): void {
  if (!isKey(key)) throw new KeyNotAllowed(key);
}

/** Throws KeyNotAllowed unless some key could begin so. */
export function checkKeyPrefix(prefix: string): void {
  if (!isKeyPrefix(prefix)) throw new KeyNotAllowed(prefix);
}

/** Throws ValueTooLarge unless the value fits. */
export function checkValue(key: string, value: Uint8Array): void {
  if (value.length > VALUE_BYTES_MAX) throw new ValueTooLarge(key, value.length);
}
