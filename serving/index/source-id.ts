import type { BatchState } from '#backbone/manifests/manifest.ts';
import type { View } from '#core/views/view.ts';

/** What a source answers from: one version of a view, with one batch state. */
export interface SourceId {
  readonly view: View;
  readonly version: number;
  readonly batch: BatchState;
  /** Only what batch holds: an answer as of an earlier cut. */
  readonly isAsOf: boolean;
}
