import { useEffect, useMemo } from 'preact/hooks';
import { useAsked } from './api/ask.ts';
import { type AgentInfo, readAgents, readViews, type ViewInfo } from './api/inventory.ts';
import { useServerNow } from './api/server-clock.ts';
import { useChoice } from './choice/choice.ts';
import { measureNamed, statsOf } from './choice/measure.ts';
import { fittingWindow, type Length, sliceLengthMs, zoneOf } from './choice/spans.ts';
import { Agents } from './parts/agents.tsx';
import { Answers } from './parts/answers.tsx';
import { Controls } from './parts/controls.tsx';
import { Header } from './parts/header.tsx';
import { NoViews, ServerAway, UnknownView } from './parts/notices.tsx';
import { Refused } from './parts/refused.tsx';
import type { Subscription } from './stream/message.ts';
import { useWindows } from './stream/use-windows.ts';

const VIEWS_EVERY_MS = 10_000;
const AGENTS_EVERY_MS = 5_000;
const SECOND_MS = 1_000;

const NO_AGENTS: readonly AgentInfo[] = [];

/** The dashboard: live windows of a view, how complete they are, and who sends them. */
export function App() {
  const [choice, choose] = useChoice();
  const nowMs = useServerNow(SECOND_MS);
  const { answer: views, problem } = useAsked('api/v1/views', readViews, VIEWS_EVERY_MS);
  const { answer: knownAgents, problem: agentsProblem } = useAsked('api/v1/agents', readAgents, AGENTS_EVERY_MS);
  const agents = knownAgents ?? NO_AGENTS;
  const view = views?.find(({ name }) => choice.view === undefined || name === choice.view);
  const length = fittingWindow(choice.window, choice.span, sliceLengthMs(view?.slice ?? ''));
  const subscription = useSubscription(view, choice.measure, length, choice.span.text);
  const { connection, windows } = useWindows(subscription, choice.span.ms, agentsProblem === undefined);
  useEffect(() => {
    document.title = view === undefined ? 'Weir' : `${view.name} · Weir`;
  }, [view?.name]);

  return (
    <>
      <Header
        connection={connection}
        freshnessMs={windows.freshnessMs}
        agents={agentsProblem === undefined ? knownAgents : undefined}
        intervalMs={sliceLengthMs(view?.interval ?? '')}
        nowMs={nowMs}
      />
      <main>
        {views === undefined || view === undefined ? (
          <NoView views={views} name={choice.view} problem={problem} />
        ) : (
          <>
            <Controls views={views} view={view} length={length} choice={choice} choose={choose} />
            <Answers
              view={view}
              windows={windows}
              agents={agents}
              choice={choice}
              length={length}
              isOld={connection.kind === 'away'}
              nowMs={nowMs}
              choose={choose}
            />
          </>
        )}
        {agents.length === 0 ? null : (
          <>
            <Agents agents={agents} nowMs={nowMs} />
            <Refused agents={agents} nowMs={nowMs} />
          </>
        )}
      </main>
    </>
  );
}

interface NoViewProps {
  readonly views: readonly ViewInfo[] | undefined;
  readonly name: string | undefined;
  readonly problem: string | undefined;
}

/** Why there is no view to show; nothing as long as the server has not had time to answer. */
function NoView({ views, name, problem }: NoViewProps) {
  if (views === undefined) return problem === undefined ? null : <ServerAway problem={problem} />;
  if (views.length === 0) return <NoViews />;
  return <UnknownView name={name ?? ''} known={views.map((view) => view.name)} />;
}

/** What to subscribe to; the same object as long as nothing of it changes, because another one is another question. */
function useSubscription(
  view: ViewInfo | undefined,
  measure: string | undefined,
  window: Length,
  last: string,
): Subscription | undefined {
  const { name, slice = '', kind = null, amountUnit = null } = view ?? {};
  const stats = statsOf({ kind, amountUnit }, measureNamed(measure, { kind, amountUnit })).join(',');
  return useMemo(() => {
    if (name === undefined) return undefined;
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const place = { zone: timeZone, offsetMs: -new Date().getTimezoneOffset() * 60_000 };
    const zone = zoneOf(window, sliceLengthMs(slice), place);
    return { view: name, window: window.text, zone, stats: stats.split(','), last };
  }, [name, slice, stats, window, last]);
}
