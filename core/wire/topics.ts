import type { MissingRange } from '../ledger/ledger.ts';

/**
 * The MQTT topics between an agent and the broker. An agent may publish under its own name only, and its MQTT client
 * identifier is its agent id.
 *
 * up:   weir/v1/<agent>/frame       one frame (core/frames), QoS 1; PUBACK after the log has stored it
 *       weir/v1/<agent>/heartbeat   Heartbeat as JSON, QoS 1
 *       weir/v1/<agent>/refused     RefusalReport as JSON, QoS 1; stored in the log like a frame
 *       weir/v1/<agent>/gone        the agent's last will
 * down: weir/v1/<agent>/head        the ledger's head for this agent as JSON, sent when the agent subscribes
 *       weir/v1/<agent>/wanted      WantedFrames as JSON, sent once when the fold has reached what the log held at subscribing
 *       weir/v1/<agent>/ended       EndedMessage (ended-series.ts) as JSON, sent as `wanted` is, and when a series is ended
 *       weir/v1/<agent>/verdict     a refused frame's number, code, detail and refused entries as JSON; sent before PUBACK
 */
export const TOPIC_ROOT = 'weir/v1';

export type UpTopic = 'frame' | 'heartbeat' | 'refused' | 'gone';
export type DownTopic = 'head' | 'wanted' | 'ended' | 'verdict';

export const UP_TOPICS: readonly UpTopic[] = ['frame', 'heartbeat', 'refused', 'gone'];
export const DOWN_TOPICS: readonly DownTopic[] = ['head', 'wanted', 'ended', 'verdict'];

/** Letters, digits, dot, dash and underscore: safe in topics, file names, subjects and keys. */
export const AGENT_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export function agentTopic(agent: string, topic: UpTopic | DownTopic): string {
  return `${TOPIC_ROOT}/${agent}/${topic}`;
}

/** The agent and topic that a full topic names, or undefined where it isn't one of ours. */
export function parseAgentTopic(full: string): { readonly agent: string; readonly topic: string } | undefined {
  const parts = full.split('/');
  if (parts.length !== 4 || `${parts[0]}/${parts[1]}` !== TOPIC_ROOT) return undefined;
  const [, , agent, topic] = parts;
  if (agent === undefined || topic === undefined || !AGENT_ID.test(agent)) return undefined;
  return { agent, topic };
}

/** Body of a `head` message: what the ledger last saw of the agent; all zero for an agent that is new to it. */
export interface LedgerHead {
  readonly incarnation: number;
  readonly highestSequence: number;
  /** How often the agent was let begin anew; left out by a broker that doesn't say. */
  readonly life?: number;
  /** The agent that was given the series of this one, which has nothing to send any more. */
  readonly handedTo?: string;
}

/** Incarnations whose heads one message names. */
export const WANTED_HEADS_MAX = 256;

/**
 * Body of a `wanted` message: what the server has of the agent's frames once it has folded all that its log holds. What it
 * lacks of those that were acknowledged it has lost: it was set back to an older copy of its disk.
 */
export interface WantedFrames {
  /** How far it has got in the newest incarnations that it knows, at most WANTED_HEADS_MAX; 0 where no number has come. */
  readonly heads: readonly LedgerHead[];
  /** Numbers below these that are missing, the earliest WANTED_RANGES_MAX ranges of them. */
  readonly missing: readonly MissingRange[];
}

/** Whether the server lacks a frame. Of incarnations before those that are named it is not known. */
export function isWanted({ heads, missing }: WantedFrames, incarnation: number, sequence: number): boolean {
  const head = heads.find((one) => one.incarnation === incarnation);
  if (head === undefined) {
    return heads.length < WANTED_HEADS_MAX || incarnation > Math.min(...heads.map((one) => one.incarnation));
  }
  return (
    sequence > head.highestSequence ||
    missing.some((range) => range.incarnation === incarnation && range.from <= sequence && sequence <= range.to)
  );
}

/** Body of a `verdict` message. */
export interface RefusedFrame {
  readonly incarnation: number;
  readonly sequence: number;
  readonly code: string;
  readonly detail: string;
  /**
   * Dictionary entries of refused series. A birth that names some is taken up but for these; any other frame is refused
   * because of them, and what it says of other series may be sent again. Empty: the frame is refused for itself.
   */
  readonly entries: readonly number[];
}
