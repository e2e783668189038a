import { useState } from 'preact/hooks';
import type { AgentInfo } from '../api/inventory.ts';
import { formatCount, NOTHING, type Viewer } from '../format/numbers.ts';
import { formatAgo, formatMoment } from '../format/times.ts';
import { type TableColumn, TablePanel } from './table.tsx';

/** Agents that are listed before one asks for all. */
const AGENTS_SHOWN = 12;

const COLUMNS: readonly TableColumn[] = [
  { name: 'Agent' },
  { name: 'Presence' },
  { name: 'Watermark', class: 'number' },
  { name: 'Missing', note: 'frames', class: 'number' },
  { name: 'Refused', class: 'number' },
];

interface AgentsProps {
  readonly agents: readonly AgentInfo[];
  readonly nowMs: number;
}

/** Who sends: whether they are there, how far they have told, what is missing and what was refused. */
export function Agents({ agents, nowMs }: AgentsProps) {
  const [showsAll, setShowsAll] = useState(false);
  const sorted = agentsByNeed(agents);
  const more =
    sorted.length > AGENTS_SHOWN ? (
      <button type="button" class="more" onClick={() => setShowsAll(!showsAll)}>
        {showsAll ? 'Show fewer' : `Show all ${formatCount(sorted.length)}`}
      </button>
    ) : null;
  return (
    <TablePanel id="agents" title="Agents" note={onlineText(agents)} columns={COLUMNS} class="agents" after={more}>
      {(showsAll ? sorted : sorted.slice(0, AGENTS_SHOWN)).map((agent) => (
        <AgentRow key={agent.agent} agent={agent} nowMs={nowMs} />
      ))}
    </TablePanel>
  );
}

function AgentRow({
  agent: { agent, presence, ledger, refusedRows, refusedFrames, isGone },
  nowMs,
}: {
  readonly agent: AgentInfo;
  readonly nowMs: number;
}) {
  const state = presence?.online === true ? 'online' : isGone ? 'gone' : presence === undefined ? 'unknown' : 'offline';
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
      <td class={refusedRows + refusedFrames > 0 ? 'number warns' : 'number'}>
        {refusedText(refusedRows, refusedFrames)}
      </td>
    </tr>
  );
}

/** How many frames an agent is missing; `some` where only that is known. */
export function missingText(ledger: AgentInfo['ledger'], viewer?: Viewer): string {
  if (ledger === undefined) return NOTHING;
  return ledger.missing === 0 && ledger.hasHoles ? 'some' : formatCount(ledger.missing, viewer);
}

/** How much was refused: `2 rows, 1 frame`. */
export function refusedText(rows: number, frames: number, viewer?: Viewer): string {
  const counted = (count: number, word: string): string[] =>
    count === 0 ? [] : [`${formatCount(count, viewer)} ${count === 1 ? word : `${word}s`}`];
  return [...counted(rows, 'row'), ...counted(frames, 'frame')].join(', ') || '0';
}

/** How many of the agents are there, of those of which something is to come. */
export function onlineText(all: readonly AgentInfo[], viewer?: Viewer): string {
  const agents = all.filter(isExpected);
  const online = agents.filter(({ presence }) => presence?.online === true).length;
  if (agents.length === 1) return online === 1 ? '1 agent online' : '1 agent, offline';
  return `${formatCount(online, viewer)} of ${formatCount(agents.length, viewer)} agents online`;
}

/** Whether an agent should be there: one that is gone for good is missed only by who wants it back. */
export function isExpected({ presence, isGone }: AgentInfo): boolean {
  return !isGone || presence?.online === true;
}

/** Names are told apart by their numbers: agent-2 before agent-10. */
const collator = new Intl.Collator('en', { numeric: true });

/** Agents in the order in which someone should look at them: offline first, then those that miss something, by name. */
export function agentsByNeed(agents: readonly AgentInfo[]): readonly AgentInfo[] {
  return agents.toSorted((a, b) => need(b) - need(a) || collator.compare(a.agent, b.agent));
}

function need({ presence, ledger, refusedRows, refusedFrames, isGone }: AgentInfo): number {
  const isOffline = presence?.online !== true && !isGone;
  return (isOffline ? 4 : 0) + (ledger?.hasHoles === true ? 2 : 0) + (refusedRows + refusedFrames > 0 ? 1 : 0);
}
