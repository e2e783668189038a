import { useState } from 'preact/hooks';
import type { AgentInfo } from '../api/answers.ts';
import { formatCount, NOTHING } from '../format/figures.ts';
import { formatAgo, formatMoment } from '../format/times.ts';
import { agentsByNeed } from './agents-by-need.ts';
import { onlineText } from './online-text.ts';

/** Agents that are listed before one asks for all. */
const AGENTS_SHOWN = 12;

interface AgentsProps {
  readonly agents: readonly AgentInfo[];
  readonly nowMs: number;
}

/** Who sends: whether they are there, how far they have told, what is missing and what was refused. */
export function Agents({ agents, nowMs }: AgentsProps) {
  const [showsAll, setShowsAll] = useState(false);
  const sorted = agentsByNeed(agents);
  const shown = showsAll ? sorted : sorted.slice(0, AGENTS_SHOWN);
  return (
    <section class="panel" aria-labelledby="agents-heading">
      <h2 id="agents-heading">
        Agents <span class="quiet">{onlineText(agents)}</span>
      </h2>
      <div class="scroll agents" tabIndex={0} role="region" aria-labelledby="agents-heading">
        <table>
          <thead>
            <tr>
              <th scope="col">Agent</th>
              <th scope="col">Presence</th>
              <th scope="col" class="number">
                Watermark
              </th>
              <th scope="col" class="number">
                Missing
              </th>
              <th scope="col" class="number">
                Refused
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map((agent) => (
              <AgentRow key={agent.agent} agent={agent} nowMs={nowMs} />
            ))}
          </tbody>
        </table>
      </div>
      {sorted.length > AGENTS_SHOWN ? (
        <button type="button" class="more" onClick={() => setShowsAll(!showsAll)}>
          {showsAll ? 'Show fewer' : `Show all ${formatCount(sorted.length)}`}
        </button>
      ) : null}
    </section>
  );
}

function AgentRow({
  agent: { agent, presence, ledger },
  nowMs,
}: {
  readonly agent: AgentInfo;
  readonly nowMs: number;
}) {
  const state = presence === undefined ? 'unknown' : presence.online ? 'online' : 'offline';
  return (
    <tr>
      <th scope="row">{agent}</th>
      <td>
        <span class={`dot dot-${state}`} aria-hidden="true" /> {state}
        {presence === undefined ? null : (
          <span class="quiet since"> since {formatMoment(presence.sinceMs, nowMs)}</span>
        )}
      </td>
      <td class="number">{ledger?.watermarkMs === undefined ? NOTHING : formatAgo(ledger.watermarkMs, nowMs)}</td>
      <td class={ledger?.hasHoles === true ? 'number warns' : 'number'}>{missingText(ledger)}</td>
      <td class={ledger !== undefined && ledger.quarantined > 0 ? 'number warns' : 'number'}>
        {ledger === undefined ? NOTHING : formatCount(ledger.quarantined)}
      </td>
    </tr>
  );
}

function missingText(ledger: AgentInfo['ledger']): string {
  if (ledger === undefined) return NOTHING;
  return ledger.missing === 0 && ledger.hasHoles ? 'some' : formatCount(ledger.missing);
}
