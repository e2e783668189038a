import { type Fault, reasonOf, WeirError } from '#core/errors.ts';

/** Identities, or the record of what was done to them, can't be read, written or believed. */
export class IdentitiesUnusable extends WeirError {
  readonly kind = 'identities-unusable';

  constructor(what: string, why: unknown, remedy: string, fault: Fault = 'world') {
    super(`${what} can't be used: ${reasonOf(why)}; ${remedy}`, {
      fault,
      ...(why instanceof Error ? { cause: why } : {}),
    });
  }
}
