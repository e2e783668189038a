import { setTimeout as sleep } from 'node:timers/promises';
import { addressKey, FailedLogins } from '#backbone/doors/failed-logins.ts';
import type { Audit } from '#backbone/identity/audit.ts';
import type { KnownIdentities } from '#backbone/identity/known-identities.ts';
import type { EnrolledAgent } from '#core/identity/identities.ts';
import { TOKEN_CHARACTERS_MAX } from '#core/identity/token.ts';
import { LOGINS_HELD_MAX, LOGIN_WAIT_MS_MAX } from './limits.ts';

/** Where a server that asks who comes finds out, and notes whom it refused. */
export interface BrokerIdentity {
  readonly known: KnownIdentities;
  readonly audit: Audit;
}

/** What a client shows. */
export interface LoginFacts {
  /** Under which it connects. */
  readonly agent: string;
  readonly user: string | undefined;
  readonly password: Uint8Array | undefined;
  /** The name in a certificate that was verified. */
  readonly certified: string | undefined;
  readonly address: string;
}

/** `lost`: there are too many who are refused, and this one isn't even told. */
export type LoginJudgement =
  | { readonly kind: 'welcome'; readonly enrolled: EnrolledAgent }
  | { readonly kind: 'refused' | 'lost'; readonly why: string };

/**
 * Who of those that connect is the agent that it says to be. A right token is heard at once, whoever else is guessing; a wrong one
 * is answered after a while, longer each time, by address and agent.
 */
export class AgentLogins {
  readonly #identity: BrokerIdentity;
  readonly #failed: FailedLogins;
  readonly #onRefused: () => void;
  #held = 0;

  /** `onRefused` is told at once, whenever the client is. */
  constructor(identity: BrokerIdentity, clock: () => number, onRefused: () => void) {
    this.#identity = identity;
    this.#onRefused = onRefused;
    this.#failed = new FailedLogins(clock);
  }

  async judge(facts: LoginFacts): Promise<LoginJudgement> {
    const { agent, address } = facts;
    const enrolled = this.#identity.known.enrolmentOf(agent);
    const key = JSON.stringify([addressKey(address), enrolled === undefined ? null : agent]);
    const why = this.#whyNot(facts, enrolled);
    if (enrolled !== undefined && why === undefined) {
      this.#failed.clear(key);
      return { kind: 'welcome', enrolled };
    }
    return this.#refuse(key, facts, why ?? NOT_ENROLLED);
  }

  async #refuse(key: string, { agent, address }: LoginFacts, why: string): Promise<LoginJudgement> {
    const waitMs = Math.min(this.#failed.waitMs(key), LOGIN_WAIT_MS_MAX);
    this.#failed.add(key);
    this.#onRefused();
    this.#identity.audit.note({ kind: 'refused', door: 'mqtt', address, who: agent, why });
    if (this.#held >= LOGINS_HELD_MAX) return { kind: 'lost', why };
    this.#held++;
    if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
    this.#held--;
    return { kind: 'refused', why };
  }

  #whyNot({ agent, user, password, certified }: LoginFacts, enrolled: EnrolledAgent | undefined): string | undefined {
    if (certified !== undefined) {
      if (certified !== agent) return 'its certificate is of another name';
      return enrolled === undefined ? NOT_ENROLLED : undefined;
    }
    if (password === undefined) return 'it shows neither a token nor a certificate';
    if (user !== agent) return 'its user name is not its id';
    const token = password.length > TOKEN_CHARACTERS_MAX ? '' : Buffer.from(password).toString('latin1');
    return this.#identity.known.agentBy(agent, token).kind === 'agent' ? undefined : 'its token is not known';
  }
}

const NOT_ENROLLED = 'it is not enrolled';
