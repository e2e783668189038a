import type { FeedMark, SliceFeed, SliceFollower } from '#backbone/answers/slice-feed.ts';
import type { ViewReader } from '../http/view-reader.ts';
import { ViewFollower } from './view-follower.ts';

/** Tells of the views of an index. */
export class IndexFeed implements SliceFeed {
  readonly #reader: ViewReader;

  constructor(reader: ViewReader) {
    this.#reader = reader;
  }

  follow(view: string, mark: FeedMark | undefined, changed: () => void): SliceFollower {
    return new ViewFollower(this.#reader, view, mark, changed);
  }
}
