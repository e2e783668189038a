import type { Address } from '../address.ts';
import type { LogFlag } from '../log/log-levels.ts';

/** What `weir up` is told. */
export interface UpFlags extends LogFlag {
  readonly config?: string;
  readonly data?: string;
  readonly http: Address;
  readonly mqtt: Address;
  readonly backbone?: BackboneFlag;
  readonly simulate: string;
}

/** A backbone named on the command line, in place of the configuration's. */
export type BackboneFlag =
  | { readonly kind: 'embedded' }
  | { readonly kind: 'nats'; readonly servers: readonly [string] };
