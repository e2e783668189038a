import { decodeAmend } from '../frames/amend-frame.ts';
import { decodePanes } from '../frames/decode-panes.ts';
import type { FrameFault } from '../frames/fault.ts';
import type { FrameHeader } from '../frames/header.ts';
import { ReadingsReader } from '../frames/readings-reader.ts';
import type { AgentFold } from './agent-fold.ts';
import { foldAmends } from './fold-corrections.ts';
import { foldPanes } from './fold-panes.ts';
import { foldReadings } from './fold-readings.ts';
import type { ViewFold } from './view-fold.ts';

/** Folds frames that admission has let through, one after the other. */
export class FrameFolder {
  readonly #reader = new ReadingsReader();

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
    switch (header.kind) {
      case 'readings': {
        const fault = this.#reader.open(bytes, header);
        if (fault !== null) return fault;
        foldReadings(this.#reader, agent, views, position);
        return header.count;
      }
      case 'panes': {
        const frame = decodePanes(bytes, header);
        if (frame.kind === 'fault') return frame;
        foldPanes(frame.panes, agent, views, position);
        return header.count;
      }
      case 'amend': {
        const frame = decodeAmend(bytes, header);
        if (frame.kind === 'fault') return frame;
        foldAmends(frame.amends, agent, views, position);
        return 0;
      }
      case 'birth':
        return 0;
    }
  }
}
