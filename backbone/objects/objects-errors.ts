import { WeirError, reasonOf } from '#core/errors.ts';
import { isObjectName, OBJECT_BYTES_MAX, OBJECT_NAME_MAX } from './objects.ts';

/** Another object of this name is there, with other bytes. */
export class ObjectDiffers extends WeirError {
  readonly kind = 'object-differs';
  readonly object: string;
  constructor(name: string, place: string) {
    super(`The object ${name} at ${place} has other bytes already, and objects never change. Give it another name.`, {
      fault: 'asked',
    });
    this.object = name;
  }
}

/** A name that not every store can hold. */
export class ObjectNameNotAllowed extends WeirError {
  readonly kind = 'object-name-not-allowed';
  constructor(name: string) {
    super(
      `${JSON.stringify(name)} can't name an object: use 1 to ${OBJECT_NAME_MAX} of the characters A-Z a-z 0-9 - _ = . ` +
        `in parts joined by /.`,
      { fault: 'asked' },
    );
  }
}

/** An object is larger than the store takes. */
export class ObjectTooLarge extends WeirError {
  readonly kind = 'object-too-large';
  constructor(name: string, bytes: number) {
    super(`The object ${name} has ${bytes} bytes, more than ${OBJECT_BYTES_MAX}. Split it.`, { fault: 'asked' });
  }
}

/** The store doesn't answer or has no room; a put may be done again. */
export class ObjectsUnavailable extends WeirError {
  readonly kind = 'objects-unavailable';
  constructor(place: string, cause: unknown) {
    super(`The objects at ${place} can't be reached: ${reasonOf(cause)}. Check the store and its space; try again.`, {
      fault: 'world',
      retryable: true,
      cause,
    });
  }
}

/** An object's bytes are not those that were put: the store is damaged. */
export class ObjectDamaged extends WeirError {
  readonly kind = 'object-damaged';
  constructor(name: string, place: string, what: string) {
    super(
      `The object ${name} at ${place} is damaged: ${what}. Restore it from a copy, or remove it and make it again.`,
      {
        fault: 'data',
      },
    );
  }
}

/** The store was disposed of; this call came after. */
export class ObjectsClosed extends WeirError {
  readonly kind = 'objects-closed';
  constructor(place: string) {
    super(`The objects at ${place} are closed. Open them again to use them.`, { fault: 'world' });
  }
}

/** Throws ObjectNameNotAllowed unless the name can be stored. */
export function checkObjectName(name: string): void {
  if (!isObjectName(name)) throw new ObjectNameNotAllowed(name);
}

/** Throws unless name and size can be stored. */
export function checkObject(name: string, bytes: Uint8Array): void {
  checkObjectName(name);
  if (bytes.length > OBJECT_BYTES_MAX) throw new ObjectTooLarge(name, bytes.length);
}
