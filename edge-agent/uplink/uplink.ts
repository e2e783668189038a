import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import type { Fullness } from '#backbone/flow/fullness.ts';
import { WeirError } from '#core/errors.ts';
import type { Heartbeat } from '#core/records/record.ts';
import type { LedgerHead, RefusedFrame } from '#core/wire/topics.ts';
import type { Shown } from '../commit/agent-state.ts';
import type { SpooledItem } from '../spool/entry.ts';
import type { Spool } from '../spool/spool.ts';
import type { AgentLogin } from './agent-login.ts';
import { type BrokerAddress, Connection, parseBrokerAddress } from './connection.ts';
import { backoffMs, type HeadVerdict, judgeHead } from './decisions.ts';
import type { Endings } from './endings.ts';
import { HEAD_TIMEOUT_MS } from './limits.ts';
import { Session, type SessionEvents } from './session.ts';

export interface UplinkOptions {
  /** `mqtt://host:port`, or by mqtts, ws or wss. */
  readonly url: string;
  readonly agent: string;
  /** What is shown to the broker, read anew for each connection; left out: nothing. */
  readonly login?: () => Promise<AgentLogin>;
  readonly spool: Spool;
  /** What the agent says of itself right now; `closed` is the uplink's to set. */
  readonly heartbeat: () => Heartbeat;
  /** What was sent before; all that the spool remembers where left out. */
  readonly acquaintance?: Acquaintance;
  readonly endings?: Endings | undefined;
  readonly logger: Logger;
  /** From 0 up to but not including 1. */
  readonly random: () => number;
  /** What follows from what the ledger said. On `agent-behind` the agent stops its sources; the uplink halts. */
  readonly onHead: (verdict: HeadVerdict) => void;
  /** A frame in flight was refused: the server has it in quarantine. It is released when this has resolved. */
  readonly onVerdict: (refused: RefusedFrame, item: SpooledItem) => Promise<void>;
  /** How long the ledger's head is waited for; HEAD_TIMEOUT_MS when left out. */
  readonly headTimeoutMs?: number;
}

/** That an agent's state and the ledger belong together, since something was sent from it. */
export interface Acquaintance {
  /** What was sent at the most, but for the numbers of this start. */
  readonly shown: () => Shown;
  /** Makes it of this start too, durably; awaited before anything is sent. */
  readonly make: (life?: number) => Promise<void>;
}

/** `waiting`: for the next attempt. `halted`: the agent is behind the ledger, nothing is sent until a person has looked. */
export type UplinkState = 'dialling' | 'online' | 'waiting' | 'halted' | 'stopped';

export interface UplinkCounters {
  /** Frames and reports acknowledged, and their bytes; each once, however often it was sent. */
  readonly acknowledged: number;
  readonly acknowledgedBytes: number;
  /** All that was handed to the network, repeats included. */
  readonly sent: number;
  readonly connections: number;
}

/** The uplink has halted because the agent is behind the ledger; draining would never end. */
export class UplinkHalted extends WeirError {
  readonly kind = 'uplink-halted';

  constructor(message: string) {
    super(message, { fault: 'data' });
  }
}

/** Starts the uplink. Throws {@link BrokerAddressUnusable}; a broker that isn't there is waited for. */
export function startUplink(options: UplinkOptions): Uplink {
  return new Uplink(options, parseBrokerAddress(options.url));
}

/**
 * Brings what the spool holds to the broker, in order, a window at a time, and releases what the broker acknowledges.
 * When the connection ends, everything unacknowledged is sent again on the next one; the ledger folds what came twice
 * once. It dials until it is stopped.
 */
export class Uplink implements AsyncDisposable {
  readonly #options: UplinkOptions;
  readonly #address: BrokerAddress;
  readonly #stopping = new AbortController();
  readonly #halting = new AbortController();
  readonly #running: Promise<void>;
  readonly #counters = { acknowledged: 0, acknowledgedBytes: 0, sent: 0, connections: 0 };
  /** Of this incarnation, over all connections. */
  #highestSent = 0;
  /** How often the ledger has let the agent begin anew, where it said so. */
  #life: number | undefined;
  #session: Session | undefined;
  #state: UplinkState = 'dialling';
  #failures = 0;
  /** Whether the last thing said to the log was that the broker can be reached; undefined before anything was said. */
  #reachable: boolean | undefined;
  #leaving = false;
  #stopped: Promise<void> | undefined;

  constructor(options: UplinkOptions, address: BrokerAddress) {
    this.#options = options;
    this.#address = address;
    this.#running = this.#run();
  }

  get state(): UplinkState {
    return this.#state;
  }

  /** Nothing while there is no connection. */
  fullness(): readonly Fullness[] {
    return this.#session?.fullness() ?? [];
  }

  get counters(): UplinkCounters {
    return { ...this.#counters };
  }

  /** Sends a heartbeat now, where there is a connection; where there is none, the next one begins with it. */
  sendHeartbeatNow(): void {
    this.#session?.sendHeartbeat(this.#options.heartbeat());
  }

  /** Resolves when all that is spooled is acknowledged. Throws the signal's reason, or {@link UplinkHalted}. */
  async drain(signal: AbortSignal): Promise<void> {
    await this.#options.spool.whenDrained(AbortSignal.any([signal, this.#halting.signal]));
  }

  /**
   * Ends tidily: a closing heartbeat, a DISCONNECT, and releases written down. No number may be given after it. What the
   * broker hasn't acknowledged stays in the spool for the next start.
   */
  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #stop(): Promise<void> {
    this.#leaving = true;
    await this.#session?.close({ ...this.#options.heartbeat(), closed: true });
    this.#stopping.abort(new Error('the uplink was stopped'));
    await this.#running;
    this.#state = 'stopped';
    await this.#options.spool.flush();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    while (!this.#leaving && !this.#halting.signal.aborted) {
      this.#state = 'dialling';
      try {
        await this.#connectOnce(signal);
      } catch (error) {
        this.#session = undefined;
        if (this.#leaving || this.#halting.signal.aborted) return;
        this.#failures++;
        const waitMs = backoffMs(this.#failures, this.#options.random);
        this.#sayUnreachable(error, waitMs);
        this.#state = 'waiting';
        await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** From dialling to the end of one connection; always throws, at last for the end. */
  async #connectOnce(signal: AbortSignal): Promise<never> {
    const { agent, spool, heartbeat, logger } = this.#options;
    const connection = await Connection.dial(this.#address, agent, signal, await this.#options.login?.());
    this.#counters.connections++;
    const events: SessionEvents = {
      onHead: (head) => this.#judge(head, connection),
      onVerdict: this.#options.onVerdict,
      onSent: (item) => this.#noteSent(item),
      onAcknowledged: () => this.#sayReachable(),
      onReleased: (bytes) => {
        this.#counters.acknowledged++;
        this.#counters.acknowledgedBytes += bytes;
      },
    };
    const session = new Session({
      connection,
      spool,
      heartbeat,
      endings: this.#options.endings,
      acquaint: async () => this.#options.acquaintance?.make(this.#life),
      logger,
      events,
      headTimeoutMs: this.#options.headTimeoutMs ?? HEAD_TIMEOUT_MS,
    });
    const abandon = (): void => connection.drop(signal.reason);
    signal.addEventListener('abort', abandon);
    try {
      this.#session = session;
      return await session.run(() => (this.#state = 'online'));
    } finally {
      signal.removeEventListener('abort', abandon);
      if (!connection.ended.aborted) connection.drop(new Error('the session ended'));
    }
  }

  #judge(head: LedgerHead, connection: Connection): void {
    const { agent, onHead, logger } = this.#options;
    const verdict = judgeHead(agent, head, this.#shown());
    this.#life = head.life;
    if (verdict.kind === 'agent-behind') {
      const halted = new UplinkHalted(`The uplink halts: ${verdict.message}.`);
      this.#state = 'halted';
      this.#halting.abort(halted);
      connection.drop(halted);
      logger.error({ head }, halted.message);
    }
    onHead(verdict);
  }

  /**
   * The most that the ledger can have seen of the agent. Of its own incarnation that are the numbers it has sent: what it has
   * merely spooled may be the same numbers that it, or another with its name, had sent before.
   */
  #shown(): Shown {
    const { heartbeat, spool, acquaintance } = this.#options;
    const { incarnation } = heartbeat();
    const shown = acquaintance?.shown() ?? {
      incarnation,
      newest: spool.heads().findLast((one) => one.incarnation < incarnation) ?? null,
    };
    if (this.#highestSent === 0) return shown;
    return { ...shown, incarnation, newest: { incarnation, highestSequence: this.#highestSent } };
  }

  #noteSent({ channel, incarnation, sequence }: SpooledItem): void {
    this.#counters.sent++;
    if (channel !== 'frame' || incarnation !== this.#options.heartbeat().incarnation) return;
    this.#highestSent = Math.max(this.#highestSent, sequence);
  }

  #sayReachable(): void {
    this.#failures = 0;
    if (this.#reachable === true) return;
    this.#reachable = true;
    this.#options.logger.info({ broker: this.#options.url }, 'broker reached; what is spooled is on its way');
  }

  #sayUnreachable(error: unknown, waitMs: number): void {
    const facts = { broker: this.#options.url, err: error, waitMs: Math.round(waitMs) };
    if (this.#reachable === false) {
      this.#options.logger.debug(facts, 'broker still not reached');
      return;
    }
    this.#reachable = false;
    this.#options.logger.warn(facts, 'broker not reached; readings are spooled and it is tried again');
  }
}
