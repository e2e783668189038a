import type { IncomingHttpHeaders } from 'node:http';
import { addressKey, FailedLogins } from '#backbone/doors/failed-logins.ts';
import { Strangers } from '#backbone/doors/strangers.ts';
import type { Audit, AuditEntry, Door } from '#backbone/identity/audit.ts';
import type { KnownIdentities } from '#backbone/identity/known-identities.ts';
import { ANYONE, type Principal, STRANGER } from '#core/identity/principal.ts';
import { parseToken } from '#core/identity/token.ts';
import { Sessions } from './sessions.ts';

/** Where a server that asks who comes finds out, and notes whom it refused. */
export interface ServingIdentity {
  readonly known: KnownIdentities;
  readonly audit: Audit;
  /** Whether browsers reach it by TLS, its own or a proxy's. */
  readonly isSecure: boolean;
}

/** What a request shows, and from where it comes. */
export interface Shown {
  /** A token, from whatever place it may stand in. */
  readonly token: string | undefined;
  /** The name of a session. */
  readonly session: string | undefined;
  readonly address: string;
  readonly door: Door;
}

/** `session` is the name of the one that it was known by. `later`: what was shown is wrong, as it was before; the next is heard in so many seconds, a right one at once. */
export type Recognition =
  | { readonly kind: 'known'; readonly principal: Principal; readonly session: string | undefined }
  | { readonly kind: 'unknown'; readonly why: string }
  | { readonly kind: 'later'; readonly seconds: number };

/** Something that is open for somebody, and how it is ended. */
interface Visit {
  readonly id: string;
  readonly name: string;
  readonly session: string | undefined;
  readonly door: Door;
  readonly end: () => void;
}

/** Connections of one address that haven't shown who they are; beyond it the oldest is cut. A browser has six. */
export const STRANGERS_OF_ADDRESS_MAX = 1_024;

/** Why something was refused: who asked isn't known, is to ask later, or may not. */
type RefusalKind = 'unknown' | 'later' | 'forbidden';

/** How often it is looked who has to go, since a token may also end by its time. */
const SWEEP_MS = 250;

/** The one place of a serving node that knows who comes, and that ends what is open for those who are known no longer. */
export class Doorkeeper {
  readonly sessions: Sessions;
  /** Undefined where nobody is asked who they are. */
  readonly strangers: Strangers | undefined;
  readonly #identity: ServingIdentity | undefined;
  readonly #failed: FailedLogins;
  readonly #visits = new Set<Visit>();
  readonly #sweep: NodeJS.Timeout | undefined;
  readonly #refused: Record<RefusalKind, number> = { unknown: 0, later: 0, forbidden: 0 };

  /** Without an identity it lets everybody in. */
  constructor(identity: ServingIdentity | undefined, clock: () => number) {
    this.#identity = identity;
    this.#failed = new FailedLogins(clock);
    this.sessions = new Sessions(clock);
    this.strangers = identity === undefined ? undefined : new Strangers(STRANGERS_OF_ADDRESS_MAX);
    this.#sweep = identity === undefined ? undefined : setInterval(() => this.#endVisits(), SWEEP_MS);
    this.#sweep?.unref();
  }

  /** Whether who comes is asked who they are. */
  get isAsking(): boolean {
    return this.#identity !== undefined;
  }

  get isSecure(): boolean {
    return this.#identity?.isSecure === true;
  }

  /** How many requests were refused, and why. */
  get refused(): Readonly<Record<RefusalKind, number>> {
    return this.#refused;
  }

  /** Who shows this. */
  recognise({ token, session, address, door }: Shown): Recognition {
    if (this.#identity === undefined) return { kind: 'known', principal: ANYONE, session: undefined };
    const { known } = this.#identity;
    if (token === undefined) {
      const id = session === undefined ? undefined : this.sessions.tokenOf(session);
      const principal = id === undefined ? STRANGER : known.token(id);
      if (principal.kind !== 'stranger') return { kind: 'known', principal, session };
      const why = session === undefined ? 'it shows no token' : 'its session has ended';
      return this.#refuse('unknown', { door, address, who: null, why });
    }
    const principal = known.holderOf(token);
    if (principal.kind !== 'stranger') return { kind: 'known', principal, session: undefined };
    const id = parseToken(token)?.id ?? null;
    // A wrong token that names nobody's id waits with all others of its address.
    const key = JSON.stringify([addressKey(address), id !== null && known.token(id).kind === 'token' ? id : null]);
    const waitMs = this.#failed.waitMs(key);
    if (waitMs === 0) this.#failed.add(key);
    const kind = waitMs === 0 ? 'unknown' : 'later';
    const unknown = this.#refuse(kind, { door, address, who: id, why: 'its token is not known' });
    return kind === 'unknown' ? unknown : { kind, seconds: Math.ceil(waitMs / 1_000) };
  }

  /** Notes that somebody who is known was refused what they asked for. */
  forbid(door: Door, address: string, principal: Principal, what: string): void {
    this.#refuse('forbidden', { door, address, who: nameOf(principal), why: `it may not ${what}` });
  }

  /** Notes that something was asked for that changes something. */
  noteAsked(principal: Principal, what: string): void {
    if (principal.kind === 'token') this.#identity?.audit.note({ kind: 'asked', who: principal.name, what });
  }

  /** Begins a session for the holder of a token; gives its name. */
  begin(principal: Extract<Principal, { readonly kind: 'token' }>, address: string): string {
    this.#identity?.audit.note({ kind: 'logged-in', address, who: principal.name });
    return this.sessions.begin(principal.id);
  }

  /**
   * Has something ended once the identity that it is open for has ended, or the session by which that was known; gives the function
   * that says that it is over.
   */
  enter(principal: Principal, session: string | undefined, door: Door, end: () => void): () => void {
    if (principal.kind !== 'token') return () => undefined;
    const visit = { id: principal.id, name: principal.name, session, door, end };
    this.#visits.add(visit);
    return () => void this.#visits.delete(visit);
  }

  close(): void {
    clearInterval(this.#sweep);
  }

  #refuse(
    kind: RefusalKind,
    refusal: Omit<Extract<AuditEntry, { readonly kind: 'refused' }>, 'kind'>,
  ): { readonly kind: 'unknown'; readonly why: string } {
    this.#refused[kind]++;
    this.#identity?.audit.note({ kind: 'refused', ...refusal });
    return { kind: 'unknown', why: refusal.why };
  }

  #isKnown({ id, session }: Visit): boolean {
    if (session !== undefined && this.sessions.tokenOf(session) !== id) return false;
    return this.#identity?.known.token(id).kind === 'token';
  }

  #endVisits(): void {
    for (const visit of this.#visits) {
      if (this.#isKnown(visit)) continue;
      this.#visits.delete(visit);
      this.#identity?.audit.note({ kind: 'ended', door: visit.door, who: visit.name });
      visit.end();
    }
  }
}

function nameOf(principal: Principal): string | null {
  return principal.kind === 'token' ? principal.name : null;
}

export const SESSION_COOKIE = 'weir_session';

/** The sub-protocol of the stream, and, as another one beside it, the token: a page can send no header with an upgrade. */
export const STREAM_PROTOCOL = 'weir';
const STREAM_TOKEN = 'weir.bearer.';

/** What the headers of a request show. */
export function shownBy(
  headers: Pick<IncomingHttpHeaders, 'authorization' | 'cookie' | 'sec-websocket-protocol'>,
): Pick<Shown, 'token' | 'session'> {
  const { authorization, cookie = '', 'sec-websocket-protocol': protocols = '' } = headers;
  const named = protocols.split(',').find((one) => one.trim().startsWith(STREAM_TOKEN));
  const token =
    named?.trim().slice(STREAM_TOKEN.length) ?? (authorization === undefined ? undefined : bearerOf(authorization));
  const session = cookie.split(';').find((one) => one.trim().startsWith(`${SESSION_COOKIE}=`));
  return { token, session: session?.trim().slice(SESSION_COOKIE.length + 1) };
}

/** `Bearer TOKEN` (RFC 6750, 2.1); of what is something else the whole, which is no token. */
function bearerOf(authorization: string): string {
  return /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? authorization;
}
