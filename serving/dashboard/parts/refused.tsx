import { useState } from 'preact/hooks';
import { useAsked } from '../api/ask.ts';
import { readRefused } from '../api/inventory.ts';
import { formatCount } from '../format/numbers.ts';
import { formatMoment } from '../format/times.ts';

const REFRESH_MS = 10_000;
const PATH = 'api/v1/quarantine?limit=10';

/** What was refused lately and why, asked for only when it is opened. */
export function Refused({ nowMs }: { readonly nowMs: number }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details class="panel" onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>
        <h2>Refused</h2>
      </summary>
      {isOpen ? <RefusedList nowMs={nowMs} /> : null}
    </details>
  );
}

function RefusedList({ nowMs }: { readonly nowMs: number }) {
  const { answer, problem } = useAsked(PATH, readRefused, REFRESH_MS);
  if (answer === undefined) return <p class="quiet">{problem ?? 'Asking …'}</p>;
  if (answer.refused.length === 0) return <p class="quiet">Nothing was refused.</p>;
  return (
    <>
      {answer.total > answer.refused.length ? (
        <p class="quiet">
          The newest {answer.refused.length} of {formatCount(answer.total)}.
        </p>
      ) : null}
      <ul class="refused">
        {answer.refused.map(({ agent, atMs, code, detail }, i) => (
          <li key={i}>
            <span class="quiet">{formatMoment(atMs, nowMs)}</span> <strong>{agent}</strong> {code}: {detail}
          </li>
        ))}
      </ul>
    </>
  );
}
