import type { AgentInfo } from '../api/answers.ts';
import { formatAgo, formatLong } from '../format/times.ts';
import type { Connection } from '../stream/stream-client.ts';
import { onlineText } from './online-text.ts';

interface HeaderProps {
  readonly connection: Connection;
  readonly freshnessMs: number | null;
  /** Undefined while it is not known. */
  readonly agents: readonly AgentInfo[] | undefined;
  readonly nowMs: number;
}

/** The name, how the connection stands, and how fresh the answers are. */
export function Header({ connection, freshnessMs, agents, nowMs }: HeaderProps) {
  return (
    <header class="header">
      <h1 class="brand">
        <svg class="brand-mark" viewBox="0 0 24 16" aria-hidden="true">
          <path d="M1 5c3.7 0 3.7 3 7.3 3s3.7-3 7.4-3 3.7 3 7.3 3" />
          <path class="brand-under" d="M1 11c3.7 0 3.7 3 7.3 3s3.7-3 7.4-3 3.7 3 7.3 3" />
        </svg>
        Weir
      </h1>
      <p class="connection">
        <span class={`dot dot-${connection.kind}`} aria-hidden="true" />
        <span role="status">{WORDS[connection.kind]}</span>
        <span class="quiet">{details(connection, freshnessMs, agents, nowMs)}</span>
      </p>
    </header>
  );
}

const WORDS: Readonly<Record<Connection['kind'], string>> = {
  connecting: 'Connecting',
  live: 'Live',
  away: 'Server away',
};

function details(
  connection: Connection,
  freshnessMs: number | null,
  agents: HeaderProps['agents'],
  nowMs: number,
): string {
  if (connection.kind === 'away') return `for ${formatLong(nowMs - connection.sinceMs)}, tries again by itself`;
  if (connection.kind === 'connecting') return '';
  const freshness = freshnessMs === null ? [] : [`data up to ${formatAgo(freshnessMs, nowMs)}`];
  return [...freshness, ...(agents === undefined || agents.length === 0 ? [] : [onlineText(agents)])].join(' · ');
}
