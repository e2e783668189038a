import type { FrameFault } from '../frames/fault.ts';
import { FrameOpener } from '../frames/frame.ts';
import type { FrameHeader } from '../frames/header.ts';
import { type Kernels, KERNELS } from '../kernels/kernels.ts';
import type { AgentFold } from './agent-fold.ts';
import { foldAmends } from './fold-corrections.ts';
import { foldPanes } from './fold-panes.ts';
import { foldReadings } from './fold-readings.ts';
import type { ViewFold } from './view-fold.ts';

/** Folds frames that admission has let through, one after the other. */
export class FrameFolder {
  readonly #opener: FrameOpener;

  /** Without kernels it does the same in JavaScript. */
  constructor(kernels: Kernels | undefined = KERNELS) {
    this.#opener = new FrameOpener(kernels);
  }

  /**
   * Folds the frame whose header was read into every view that asks for its series, as changed by the record at
   * `position`. Gives the readings that it counts; where the body is faulty, its fault, and then nothing is folded.
   */
  fold(
    bytes: Uint8Array,
    header: FrameHeader,
    agent: AgentFold,
    views: readonly ViewFold[],
    position: number,
  ): number | FrameFault {
    const frame = this.#opener.open(bytes, header);
    switch (frame.kind) {
      case 'fault':
        return frame;
      case 'readings':
        foldReadings(frame.reader, agent, views, position);
        return header.count;
      case 'panes':
        foldPanes(frame.panes, agent, views, position);
        return header.count;
      case 'amend':
        foldAmends(frame.amends, agent, views, position);
        return 0;
      case 'birth':
        return 0;
    }
  }
}
