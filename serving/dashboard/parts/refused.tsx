import { useState } from 'preact/hooks';
import { useAsked } from '../api/ask.ts';
import { type AgentInfo, readRefused, type RefusedInfo } from '../api/inventory.ts';
import { formatCount } from '../format/numbers.ts';
import { formatMoment } from '../format/times.ts';
import { refusedText } from './agents.tsx';

const REFRESH_MS = 10_000;
/** Rows and frames that are listed: what one looks at. `weir quarantine` tells more. */
const REFUSED_SHOWN = 20;
/** As many as the command lists at once. */
const LISTED_MAX = 10_000;
/** A report holds at least one row, so as many reports hold all that is listed. */
const PATH = `api/v1/quarantine?limit=${REFUSED_SHOWN}`;

interface RefusedProps {
  readonly agents: readonly AgentInfo[];
  readonly nowMs: number;
}

/** How much was refused, and lately what and why, which is asked for only when it is opened. */
export function Refused({ agents, nowMs }: RefusedProps) {
  const [isOpen, setIsOpen] = useState(false);
  const rows = agents.reduce((sum, { refusedRows }) => sum + refusedRows, 0);
  const frames = agents.reduce((sum, { refusedFrames }) => sum + refusedFrames, 0);
  return (
    <details class="panel" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>
        <h2>
          Refused <span class="quiet">{rows + frames === 0 ? 'nothing' : refusedText(rows, frames)}</span>
        </h2>
      </summary>
      {isOpen ? <RefusedList count={rows + frames} nowMs={nowMs} /> : null}
    </details>
  );
}

function RefusedList({ count, nowMs }: { readonly count: number; readonly nowMs: number }) {
  const { answer, problem } = useAsked(PATH, readRefused, REFRESH_MS);
  if (answer === undefined) return <p class="quiet">{problem ?? 'Asking …'}</p>;
  if (answer.length === 0) return <p class="quiet">Nothing was refused.</p>;
  const shown = answer.slice(0, REFUSED_SHOWN);
  return (
    <>
      {count > shown.length ? (
        <p class="quiet note">
          The newest {shown.length} of {formatCount(count)}. More of them:{' '}
          <code>npx weir quarantine --limit {Math.min(count, LISTED_MAX)}</code>
        </p>
      ) : null}
      <ul class="refused">
        {shown.map((one, i) => (
          <RefusedItem key={i} refused={one} nowMs={nowMs} />
        ))}
      </ul>
    </>
  );
}

function RefusedItem({ refused, nowMs }: { readonly refused: RefusedInfo; readonly nowMs: number }) {
  const { agent, atMs, where, reason, text } = refused;
  return (
    <li>
      <p>
        <strong>{agent}</strong> {where}
        <span class="quiet"> · {formatMoment(atMs, nowMs)}</span>
      </p>
      <p>{reason}</p>
      {text === '' ? null : <code class="refused-text">{text}</code>}
    </li>
  );
}
