import { randomBytes } from 'node:crypto';
import { hashToken } from '#core/identity/token.ts';

/** How long a session lasts that was begun at the page of the dashboard. */
export const SESSION_MS = 12 * 3_600_000;

/** Sessions at a time; beyond it the oldest ends. */
export const SESSIONS_MAX = 1_000;

/** Of one token; beyond it its own oldest ends, so that nobody signs out everybody else. */
export const SESSIONS_OF_TOKEN_MAX = 50;

const ID_BYTES = 32;

interface Session {
  /** The token that it stands for. */
  readonly token: string;
  readonly endsAtMs: number;
}

/** Sessions of browsers, which know only a random name of theirs. They are gone with the process. */
export class Sessions {
  /** By a hash of the name, so that the time a search takes tells nothing of it; the oldest first. */
  readonly #sessions = new Map<string, Session>();
  readonly #clock: () => number;

  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** Begins one for a token, by its id; gives its name. */
  begin(token: string): string {
    const name = randomBytes(ID_BYTES).toString('base64url');
    const own = [...this.#sessions].filter(([, session]) => session.token === token);
    if (own.length >= SESSIONS_OF_TOKEN_MAX) this.#sessions.delete(own[0]![0]);
    for (const oldest of this.#sessions.keys()) {
      if (this.#sessions.size < SESSIONS_MAX) break;
      this.#sessions.delete(oldest);
    }
    this.#sessions.set(hashToken(name), { token, endsAtMs: this.#clock() + SESSION_MS });
    return name;
  }

  /** The id of the token that a session stands for; undefined where there is no such session, or it has ended. */
  tokenOf(name: string): string | undefined {
    const key = hashToken(name);
    const session = this.#sessions.get(key);
    if (session === undefined) return undefined;
    if (this.#clock() < session.endsAtMs) return session.token;
    this.#sessions.delete(key);
    return undefined;
  }

  end(name: string): void {
    this.#sessions.delete(hashToken(name));
  }
}
