import { Counter, Gauge, type Registry } from 'prom-client';
import { isRetired } from '#backbone/changes/judged-agent.ts';
import type { MissingRange } from '#core/ledger/ledger.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import type { AgentPresence } from './options.ts';

/** Agents that are measured one by one, the first by name: more series than that are too many for one target. */
const AGENTS_MEASURED_MAX = 5_000;

/** What is measured of an agent. */
interface Measured {
  readonly agent: string;
  /** Undefined where it was not seen since the start, or nothing more is expected of it. */
  readonly presence: AgentPresence | undefined;
  readonly watermarkMs: number | null;
  readonly missing: readonly MissingRange[];
}

/** Measures every agent, as it is asked for: whether it is there, how far it has got, what is missing, what was refused. */
export function measureAgents(
  registry: Registry,
  index: Pick<ServingIndex, 'agentRows' | 'refused'>,
  presence: () => readonly AgentPresence[],
): void {
  const measured = (): readonly Measured[] => {
    const present = new Map(presence().map((one) => [one.agent, one]));
    return index
      .agentRows()
      .slice(0, AGENTS_MEASURED_MAX)
      .map((row) => ({
        agent: row.agent,
        presence: isRetired(row) ? undefined : present.get(row.agent),
        watermarkMs: isRetired(row) ? null : row.watermarkMs,
        missing: row.missing,
      }));
  };
  const gauge = (name: string, help: string, value: (one: Measured) => number | null): void => {
    const one: Gauge = new Gauge({
      name,
      help,
      labelNames: ['agent'],
      registers: [registry],
      collect: () => {
        // Who is retired meanwhile is measured no longer.
        one.reset();
        for (const agent of measured()) {
          const told = value(agent);
          if (told !== null) one.set({ agent: agent.agent }, told);
        }
      },
    });
  };
  gauge('weir_agent_connected', 'Whether an agent is connected', ({ presence: one }) =>
    one === undefined ? null : Number(one.online),
  );
  gauge('weir_agent_last_seen_timestamp_seconds', 'When an agent was last heard', ({ presence: one }) =>
    one === undefined ? null : one.lastSeenMs / 1_000,
  );
  gauge('weir_agent_watermark_timestamp_seconds', 'Event time before which an agent expects nothing more', (one) =>
    one.watermarkMs === null ? null : one.watermarkMs / 1_000,
  );
  gauge('weir_agent_missing_frames', 'Frames of an agent that are known and have not arrived', ({ missing }) =>
    missing.reduce((sum, { from, to }) => sum + to - from + 1, 0),
  );
  const quarantined: Counter = new Counter({
    name: 'weir_quarantined_total',
    help: 'What was refused of an agent: rows of its sources, and frames',
    labelNames: ['agent', 'kind'],
    registers: [registry],
    collect: () => {
      quarantined.reset();
      for (const { agent } of measured()) {
        const { rows, frames } = index.refused.of(agent);
        quarantined.inc({ agent, kind: 'rows' }, rows);
        quarantined.inc({ agent, kind: 'frames' }, frames);
      }
    },
  });
}
