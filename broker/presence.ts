import type { Heartbeat } from '#core/records/record.ts';
import { PRESENCE_AGENTS_MAX } from './limits.ts';

/** What is known of an agent's connection. */
export interface AgentPresence {
  readonly agent: string;
  /** `lost`: the connection broke, the agent said nothing. `left`: it took its leave. */
  readonly state: 'online' | 'lost' | 'left';
  /** When this state began, by the broker's clock. */
  readonly sinceMs: number;
  /** When something last came from the agent. */
  readonly lastSeenMs: number;
  /** Its latest heartbeat since the broker started; null before the first. */
  readonly heartbeat: Heartbeat | null;
}

/**
 * Which agents are connected to this broker, and which were. Of PRESENCE_AGENTS_MAX agents and more, those that have
 * been away longest are forgotten first; who is online is always known.
 */
export class Presence {
  /** In the order of last changes of state. */
  readonly #agents = new Map<string, AgentPresence>();
  readonly #onChange: (presence: AgentPresence) => void;

  constructor(onChange: (presence: AgentPresence) => void) {
    this.#onChange = onChange;
  }

  online(agent: string, atMs: number): void {
    this.#change({ agent, state: 'online', sinceMs: atMs, lastSeenMs: atMs, heartbeat: this.#heartbeatOf(agent) });
  }

  offline(agent: string, state: 'lost' | 'left', atMs: number): void {
    const lastSeenMs = this.#agents.get(agent)?.lastSeenMs ?? atMs;
    this.#change({ agent, state, sinceMs: atMs, lastSeenMs, heartbeat: this.#heartbeatOf(agent) });
  }

  /** Something came from an agent that is online. */
  seen(agent: string, atMs: number, heartbeat?: Heartbeat): void {
    const present = this.#agents.get(agent);
    if (present === undefined) return;
    this.#agents.set(agent, { ...present, lastSeenMs: atMs, heartbeat: heartbeat ?? present.heartbeat });
  }

  isOnline(agent: string): boolean {
    return this.#agents.get(agent)?.state === 'online';
  }

  list(): readonly AgentPresence[] {
    return [...this.#agents.values()];
  }

  #heartbeatOf(agent: string): Heartbeat | null {
    return this.#agents.get(agent)?.heartbeat ?? null;
  }

  #change(presence: AgentPresence): void {
    this.#agents.delete(presence.agent);
    this.#agents.set(presence.agent, presence);
    if (this.#agents.size > PRESENCE_AGENTS_MAX) this.#forgetOne();
    this.#onChange(presence);
  }

  #forgetOne(): void {
    for (const { agent, state } of this.#agents.values()) {
      if (state === 'online') continue;
      this.#agents.delete(agent);
      return;
    }
  }
}
