import type { FeedMark, SliceFeed, SliceFollower } from '#backbone/answers/slice-feed.ts';
import type { ViewReader } from '../http/view-reader.ts';
import { Moments } from './catch-up.ts';
import { ViewFollower } from './view-follower.ts';

/** Tells of the views of an index. */
export class IndexFeed implements SliceFeed {
  readonly #reader: ViewReader;
  #moments: Moments | undefined;

  constructor(reader: ViewReader) {
    this.#reader = reader;
  }

  follow(view: string, mark: FeedMark | undefined, changed: () => void): SliceFollower {
    // Where nobody follows, commits need not be heard.
    this.#moments ??= new Moments(this.#reader.index);
    return new ViewFollower(this.#reader, this.#moments, view, mark, changed);
  }
}
