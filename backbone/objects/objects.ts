import { WeirError } from '#core/errors.ts';
import { NameNotAllowed, TooLarge } from '../storage-errors.ts';

/** An object's name and size. */
export interface ObjectListing {
  readonly name: string;
  readonly bytes: number;
}

/** The bytes [offset, offset + bytes) of an object. */
export interface ObjectPart {
  readonly offset: number;
  readonly bytes: number;
}

/**
 * Immutable named blobs: archive segments, batch results, checkpoints of views.
 *
 * Laws:
 * - *Whole or absent.* A reader sees an object with all its bytes or not at all, whatever crashed while it was put.
 * - *Immutable.* A name once put keeps its bytes until it is removed. Putting the same bytes again is harmless; other
 *   bytes throw ObjectDiffers and change nothing. Of many putting different bytes at once exactly one succeeds.
 * - *Durable.* When `put` resolves the object survives what the log of the same backbone survives.
 *
 * A name is parts of `A-Z a-z 0-9 - _ = .` joined by `/`, no part of dots only, OBJECT_NAME_MAX characters at most;
 * anything else throws NameNotAllowed. An object has up to OBJECT_BYTES_MAX bytes, else TooLarge. A store
 * that doesn't answer throws StoreUnavailable; after disposal everything throws StoreClosed.
 */
export interface Objects extends AsyncDisposable {
  /** Stores `bytes` under `name`; resolves when they are durable. */
  put(name: string, bytes: Uint8Array): Promise<void>;
  /** The bytes of an object, or undefined where there is none. */
  get(name: string): Promise<Uint8Array | undefined>;
  /** The bytes of parts of an object, in their order, fewer of one where the object ends before; undefined where there is none. */
  getParts(name: string, parts: readonly ObjectPart[]): Promise<readonly Uint8Array[] | undefined>;
  /** The objects whose names begin with `prefix` ('' is all), sorted by name. */
  list(prefix: string): Promise<ObjectListing[]>;
  /** Removes an object; harmless when there is none. */
  remove(name: string): Promise<void>;
}

/** The largest object: an archive segment is some tens of MB, and a reader holds a whole one in memory. */
export const OBJECT_BYTES_MAX = 64 * 1024 * 1024;

/** The longest name in characters; with `/` written in three it still is a file name of at most 255 bytes. */
export const OBJECT_NAME_MAX = 120;

const NAME = /^(?!\.+(?:\/|$))[-\w=.]+(?:\/(?!\.+(?:\/|$))[-\w=.]+)*$/;

/** Throws NameNotAllowed unless an object can have this name, on every adapter. */
export function checkObjectName(name: string): void {
  if (name.length <= OBJECT_NAME_MAX && NAME.test(name)) return;
  const allowed = `1 to ${OBJECT_NAME_MAX} of the characters A-Z a-z 0-9 - _ = . in parts joined by /`;
  throw new NameNotAllowed(name, 'the name of an object', allowed);
}

/** Throws NameNotAllowed or TooLarge unless name and size can be stored. */
export function checkObject(name: string, bytes: Uint8Array): void {
  checkObjectName(name);
  if (bytes.length <= OBJECT_BYTES_MAX) return;
  throw new TooLarge(`The object ${name}`, bytes.length, OBJECT_BYTES_MAX, 'Split it');
}

/** Another object of this name is there, with other bytes. */
export class ObjectDiffers extends WeirError {
  readonly kind = 'object-differs';
  constructor(name: string, place: string) {
    super(`The object ${name} at ${place} has other bytes already, and objects never change. Give it another name.`, {
      fault: 'asked',
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
