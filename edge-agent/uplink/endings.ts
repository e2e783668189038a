import type { EndedMessage } from '#core/wire/ended-series.ts';

/** Which series are ended, as the server tells it. */
export interface Endings {
  /** Another connection begins. */
  readonly forget: () => void;
  readonly told: (message: EndedMessage) => void;
  /** Whether the server is to be asked once more, now. */
  readonly ask: () => boolean;
  /** What it tells from here on is an answer to that. */
  readonly asked: () => void;
}
