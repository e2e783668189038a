import type { PeerResult } from './compare.ts';
import type { EdgeBytes } from './edge-bytes.ts';
import type { Traits } from './peer.ts';
import type { Shape, ShapeSize } from './shapes.ts';

/** All that a run found out. */
export interface Comparison {
  readonly machine: string;
  readonly size: ShapeSize;
  readonly peers: readonly {
    readonly name: string;
    readonly title: string;
    readonly how: string;
    readonly traits: Traits;
    readonly version: string;
  }[];
  /** Who could not be had, and why. */
  readonly missing: readonly { readonly name: string; readonly why: string }[];
  readonly shapes: readonly Pick<Shape, 'name' | 'summary' | 'devices' | 'steps'>[];
  readonly results: readonly PeerResult[];
  readonly failures: readonly { readonly peer: string; readonly shape: string; readonly why: string }[];
  readonly edge: readonly EdgeBytes[];
}
