import type { Fullness } from '#backbone/flow/fullness.ts';
import { InFlightLimit } from '#backbone/flow/in-flight-limit.ts';
import type { ViewSource } from '../index/view-source.ts';
import { SHARED_BYTES_MAX, SHARED_TELLINGS_MAX, TELLINGS_MADE_MAX } from './limits.ts';
import { textFrame } from './text-frame.ts';

/** What a subscription is told, and where it stands then. */
export interface Telling {
  /** The one that it is told of: another than was asked, where that was replaced meanwhile. */
  readonly source: ViewSource;
  /** The newest batch of changes that is in it. */
  readonly sequence: number;
  readonly freshnessMs: number | null;
  /** Left out where nothing that is asked for has changed. */
  readonly message?: SharedMessage;
}

/** A message to many subscriptions that differs in their ids alone; clients of one kind give them the same ones. */
export class SharedMessage {
  readonly #type: string;
  readonly #rest: Uint8Array;
  #id: string | undefined;
  #frame: Buffer = Buffer.alloc(0);

  /** `rest` is the text of the message's object behind its type and id, in UTF-8. */
  constructor(type: string, rest: Uint8Array) {
    this.#type = type;
    this.#rest = rest;
  }

  /** Bytes, with one encoding for an id. */
  get byteLength(): number {
    return 2 * this.#rest.length;
  }

  /** The message as a frame; encoded anew only where the id is another than the last time. */
  frameFor(id: string): Buffer {
    if (this.#id !== id) {
      this.#id = id;
      this.#frame = textFrame(Buffer.from(`{"type":"${this.#type}","id":${JSON.stringify(id)},`), this.#rest);
    }
    return this.#frame;
  }
}

interface Shared {
  readonly source: ViewSource;
  /** The newest batch of the source when it was asked for. */
  readonly newest: number;
  readonly telling: Promise<Telling>;
  /** What it came to; undefined while it is made. */
  made: Telling | undefined;
  bytes: number;
}

/**
 * What subscriptions are told, made once for all that ask for the same and stand at the same place. It holds until the
 * next change of the view. When there is no room for more the oldest is forgotten, and made again for who asks late.
 */
export class SharedTellings {
  readonly #shared = new Map<string, Shared>();
  /** Who waits is one of the readers' subscriptions, which are bounded. */
  readonly #making = new InFlightLimit({ countMax: TELLINGS_MADE_MAX });
  #bytes = 0;

  fullness(): readonly Fullness[] {
    return [
      ...this.#making.fullness('tellings_made'),
      { of: 'tellings_kept', held: this.#shared.size, max: SHARED_TELLINGS_MAX },
      { of: 'tellings_kept_bytes', held: this.#bytes, max: SHARED_BYTES_MAX },
    ];
  }

  /** What `make` gives, or gave when it was asked for by the same key after the same change. The key says all that decides it. */
  tell(source: ViewSource, key: string, make: () => Promise<Telling>): Promise<Telling> {
    const known = this.#known(source, key);
    if (known !== undefined) return known.telling;
    this.#forget(key);
    const { newest } = source.recent;
    const shared: Shared = { source, newest, telling: this.#making.run(make), made: undefined, bytes: 0 };
    this.#shared.set(key, shared);
    shared.telling.then(
      (made) => {
        shared.made = made;
        this.#weigh(key, shared, made.message);
      },
      () => this.#shared.get(key) === shared && this.#forget(key),
    );
    this.#forgetOld();
    return shared.telling;
  }

  /** The same where it is made already. */
  made(source: ViewSource, key: string): Telling | undefined {
    return this.#known(source, key)?.made;
  }

  #known(source: ViewSource, key: string): Shared | undefined {
    const known = this.#shared.get(key);
    return known?.source === source && known.newest === source.recent.newest ? known : undefined;
  }

  #weigh(key: string, shared: Shared, message: SharedMessage | undefined): void {
    if (this.#shared.get(key) !== shared || message === undefined) return;
    shared.bytes = message.byteLength;
    this.#bytes += shared.bytes;
    this.#forgetOld();
  }

  #forgetOld(): void {
    for (const [key, { source, newest }] of this.#shared) {
      const isOver = source.isReplaced || source.recent.newest !== newest;
      if (!isOver && this.#bytes <= SHARED_BYTES_MAX && this.#shared.size <= SHARED_TELLINGS_MAX) return;
      this.#forget(key);
    }
  }

  #forget(key: string): void {
    this.#bytes -= this.#shared.get(key)?.bytes ?? 0;
    this.#shared.delete(key);
  }
}
