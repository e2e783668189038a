import type { AccessInfo } from '../api/access.ts';
import type { AgentInfo } from '../api/inventory.ts';
import type { Viewer } from '../format/numbers.ts';
import { formatAgo, formatLong } from '../format/times.ts';
import type { Connection } from '../stream/stream-client.ts';
import { isExpected, onlineText } from './agents.tsx';

/** Data that is older than this, and than two intervals of its metric, is not what happens now. */
const LIVE_AGE_MS_MIN = 60_000;
const LIVE_AGE_INTERVALS = 2;
/** However seldom a metric is told, what is older than this is called by its age. */
const LIVE_AGE_MS_MAX = 3_600_000;

/** How it stands with what is shown. */
export interface HeaderState {
  readonly connection: Connection;
  /** Up to when there is data in what is shown; null where that is not known. */
  readonly dataUpToMs: number | null;
  /** Undefined as long as it is not known who there is. */
  readonly agents: readonly AgentInfo[] | undefined;
  /** Whether it is for the viewer to know who there is. */
  readonly seesAgents: boolean;
  /** How often the metric that is shown tells a reading; 0 where that is not known. */
  readonly intervalMs: number;
  /** A period is shown that was chosen, instead of the newest data. */
  readonly isPast: boolean;
  readonly nowMs: number;
}

interface HeaderProps {
  readonly access?: AccessInfo;
  /** Undefined where nothing is asked. */
  readonly state?: HeaderState | undefined;
}

/** The name, how the connection stands and how fresh the answers are, and who is signed in. */
export function Header({ access, state }: HeaderProps) {
  return (
    <header class="header">
      <h1 class="brand">
        <svg class="brand-mark" viewBox="0 0 24 16" aria-hidden="true">
          <path d="M1 5c3.7 0 3.7 3 7.3 3s3.7-3 7.4-3 3.7 3 7.3 3" />
          <path class="brand-under" d="M1 11c3.7 0 3.7 3 7.3 3s3.7-3 7.4-3 3.7 3 7.3 3" />
        </svg>
        Weir
      </h1>
      {state === undefined ? null : <ConnectionLine state={state} />}
      {access?.session === true ? <SignedIn name={access.name ?? ''} /> : null}
    </header>
  );
}

function ConnectionLine({ state }: { readonly state: HeaderState }) {
  const kind = connectionKind(state);
  return (
    <p class="connection">
      <span class={`dot dot-${kind}`} aria-hidden="true" />
      <span role="status">{WORDS[kind]}</span>
      <span class="quiet">{connectionText(state)}</span>
    </p>
  );
}

/** A form, since signing out changes something: no link of another page does it. */
function SignedIn({ name }: { readonly name: string }) {
  return (
    <form class="signed-in" method="post" action="logout">
      <span class="quiet">{name}</span>
      <button type="submit">Sign out</button>
    </form>
  );
}

type ConnectionKind = Connection['kind'] | 'connected';

const WORDS: Readonly<Record<ConnectionKind, string>> = {
  connecting: 'Connecting',
  connected: 'Connected',
  live: 'Live',
  away: 'Server away',
};

/**
 * What the connection is called: `live` only where the newest data is shown, that is of now, and every agent of which something is to come is
 * there, as far as the viewer may know; else `connected`.
 */
export function connectionKind({
  connection,
  dataUpToMs,
  agents,
  seesAgents,
  intervalMs,
  isPast,
  nowMs,
}: HeaderState): ConnectionKind {
  if (connection.kind !== 'live') return connection.kind;
  const ageMsMax = Math.min(LIVE_AGE_MS_MAX, Math.max(LIVE_AGE_MS_MIN, LIVE_AGE_INTERVALS * intervalMs));
  const isFresh = dataUpToMs !== null && nowMs - dataUpToMs <= ageMsMax;
  const isWhole = !seesAgents || agents?.filter(isExpected).every(({ presence }) => presence?.online === true) === true;
  return isFresh && isWhole && !isPast ? 'live' : 'connected';
}

/** What there is to know of the connection: since when it is away, or how fresh the data is and who is there. */
export function connectionText({ connection, dataUpToMs, agents, nowMs }: HeaderState, viewer?: Viewer): string {
  switch (connection.kind) {
    case 'connecting':
      return '';
    case 'away':
      return `for ${formatLong(nowMs - connection.sinceMs, viewer)}, tries again by itself`;
    case 'live': {
      const told = dataUpToMs === null ? [] : [`data up to ${formatAgo(dataUpToMs, nowMs, viewer)}`];
      return [...told, ...(agents === undefined || agents.length === 0 ? [] : [onlineText(agents, viewer)])].join(
        ' · ',
      );
    }
  }
}
