import { WeirError } from '#core/errors.ts';
import { permits } from '#core/identity/permits.ts';
import { AGENT_ID, agentTopic, parseAgentTopic, type UpTopic } from '#core/wire/topics.ts';

/** Return codes of CONNACK (MQTT 3.1.1, section 3.2.2.3) that the broker gives. */
export const IDENTIFIER_REJECTED = 2;
export const BAD_USER_NAME_OR_PASSWORD = 4;
export const NOT_AUTHORIZED = 5;

/** A client did what agents may not do; its connection is ended, with this return code where it only began. */
export class ClientRefused extends WeirError {
  readonly kind = 'client-refused';
  readonly returnCode: number;

  constructor(message: string, returnCode = NOT_AUTHORIZED) {
    super(message, { fault: 'asked' });
    this.returnCode = returnCode;
  }
}

/** What a CONNECT says, as far as it is judged. */
export interface ConnectFacts {
  readonly clientId: string;
  readonly clean: boolean;
  readonly will: { readonly topic: string; readonly retain: boolean } | undefined;
}

export type ConnectJudgement =
  | { readonly kind: 'welcome' }
  | { readonly kind: 'turned-away'; readonly returnCode: number; readonly message: string };

/**
 * Whether a client may connect: under an agent id, with a clean session (what an agent must not forget is in its spool,
 * and sessions of agents that never return would stay for ever), and with no will but its own `gone`.
 */
export function judgeConnect({ clientId, clean, will }: ConnectFacts): ConnectJudgement {
  if (!AGENT_ID.test(clientId)) {
    return turnedAway(IDENTIFIER_REJECTED, `client identifier ${JSON.stringify(clientId.slice(0, 80))} is no agent id`);
  }
  if (!clean) return turnedAway(NOT_AUTHORIZED, `agent ${clientId} asks for a kept session: connect with a clean one`);
  if (will !== undefined && (will.topic !== agentTopic(clientId, 'gone') || will.retain)) {
    return turnedAway(NOT_AUTHORIZED, `agent ${clientId} has a will that is not its own, unretained 'gone'`);
  }
  return { kind: 'welcome' };
}

export type PublishJudgement =
  | { readonly kind: 'take'; readonly topic: UpTopic }
  | { readonly kind: 'foreign'; readonly message: string };

/** Whether a client may publish to a topic: only to its own up topics. */
export function judgePublish(agent: string, full: string): PublishJudgement {
  if (permits({ kind: 'agent', agent }, { kind: 'publish', topic: full }))
    return { kind: 'take', topic: parseAgentTopic(full)!.topic as UpTopic };
  return { kind: 'foreign', message: `agent ${agent} may not publish to ${JSON.stringify(full.slice(0, 120))}` };
}

/** Whether a client may subscribe: to its own down topics, without wildcards. */
export function maySubscribe(agent: string, filter: string): boolean {
  return permits({ kind: 'agent', agent }, { kind: 'subscribe', filter });
}

function turnedAway(returnCode: number, message: string): ConnectJudgement {
  return { kind: 'turned-away', returnCode, message };
}
