import type { Logger } from 'pino';
import { reasonOf } from '#core/errors.ts';
import type { ChainHead } from '#core/identity/chain.ts';
import { type EnrolledAgent, Identities, type IdentityChange } from '#core/identity/identities.ts';
import type { Principal } from '#core/identity/principal.ts';
import { Lookout } from '../flow/lookout.ts';
import { NOTHING_READ, type ReadChanges, readChanges, type ReadSoFar } from './identity-file.ts';

/** How often it is looked for changes: what is revoked ends within two seconds, however busy the process is beside. */
export const LOOK_EVERY_MS = 250;

/** Told of changes, in their order, once they hold. */
export type IdentityListener = (changes: readonly IdentityChange[], head: ChainHead) => void;

/**
 * Who is known to a running server: follows the file of identities. Where that can't be read, or was put back, what was known
 * before holds on, and it is said so.
 */
export class KnownIdentities implements AsyncDisposable {
  readonly #dir: string;
  readonly #clock: () => number;
  readonly #logger: Logger;
  readonly #identities = new Identities();
  readonly #listeners = new Set<IdentityListener>();
  readonly #lookout = new Lookout(() => this.#look(), LOOK_EVERY_MS);
  #read: ReadSoFar = NOTHING_READ;
  #isFailing = false;

  private constructor(dir: string, clock: () => number, logger: Logger, first: ReadChanges) {
    this.#dir = dir;
    this.#clock = clock;
    this.#logger = logger;
    this.#take(first);
  }

  /** Reads what is there; a directory that isn't holds nobody. Throws what `readChanges` throws. */
  static async open(options: {
    readonly dir: string;
    /** ms since 1970. */
    readonly clock: () => number;
    readonly logger: Logger;
  }): Promise<KnownIdentities> {
    const { dir, clock, logger } = options;
    return new KnownIdentities(dir, clock, logger, await readChanges(dir, NOTHING_READ));
  }

  get head(): ChainHead {
    return this.#read.head;
  }

  get counts(): { readonly agents: number; readonly tokens: number } {
    return { agents: this.#identities.agents.size, tokens: this.#identities.tokens.size };
  }

  /** The agent that says its name and its token, or a stranger. */
  agentBy(agent: string, token: string): Principal {
    return this.#identities.agentBy(agent, token);
  }

  /** How an agent is enrolled: another object once its token is another; undefined where it isn't. */
  enrolmentOf(agent: string): EnrolledAgent | undefined {
    return this.#identities.agents.get(agent);
  }

  /** The holder of a token, or a stranger. */
  holderOf(token: string): Principal {
    return this.#identities.holderOf(token, this.#clock());
  }

  /** What a token that was recognised before stands for by now. */
  token(id: string): Principal {
    return this.#identities.token(id, this.#clock());
  }

  /** Has a listener told from now on; gives the function that ends it. */
  listen(listener: IdentityListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lookout[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    try {
      this.#take(await readChanges(this.#dir, this.#read));
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing)
        this.#logger.error({ reason: reasonOf(error) }, 'who is known can not be read; who was known before still is');
      this.#isFailing = true;
    }
  }

  #take({ changes, read }: ReadChanges): void {
    this.#read = read;
    if (changes.length === 0) return;
    for (const { change } of changes) this.#identities.apply(change);
    for (const listener of this.#listeners)
      listener(
        changes.map(({ change }) => change),
        read.head,
      );
  }
}
