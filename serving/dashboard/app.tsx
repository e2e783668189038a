import { useEffect, useMemo } from 'preact/hooks';
import { useAsked } from './api/ask.ts';
import { type AgentInfo, readAgents, readViews, type ViewInfo } from './api/inventory.ts';
import { useServerNow } from './api/server-clock.ts';
import { fittingChoice, type FittingChoice, offsetOf, stretchOf, useChoice } from './choice/choice.ts';
import { measureNamed, statsOf } from './choice/measure.ts';
import { type Length, sliceLengthMs, zoneOf } from './choice/spans.ts';
import { type ShownGroups, useShownGroups } from './choice/use-shown-groups.ts';
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
  const [chosen, choose] = useChoice();
  const nowMs = useServerNow(SECOND_MS);
  const { answer: views, problem } = useAsked('api/v1/views', readViews, VIEWS_EVERY_MS);
  const { answer: knownAgents, problem: agentsProblem } = useAsked('api/v1/agents', readAgents, AGENTS_EVERY_MS);
  const agents = knownAgents ?? NO_AGENTS;
  const view = views?.find(({ name }) => chosen.view === undefined || name === chosen.view);
  const intervalMs = sliceLengthMs(view?.interval ?? '');
  const choice = fittingChoice(chosen, { sliceMs: sliceLengthMs(view?.slice ?? ''), intervalMs });
  const { window: length } = choice;
  const stretch = stretchOf(choice);
  const shown = useShownGroups(view?.name, choice.picked, stretch.ms / length.ms);
  const subscription = useSubscription(shown.isKnown ? view : undefined, choice, length, shown.where);
  const { connection, windows } = useWindows(subscription, choice.period, stretch.ms, agentsProblem === undefined);
  useEffect(() => {
    document.title = view === undefined ? 'Weir' : `${view.name} · Weir`;
  }, [view?.name]);

  return (
    <>
      <Header
        connection={connection}
        freshnessMs={windows.freshnessMs}
        agents={agentsProblem === undefined ? knownAgents : undefined}
        intervalMs={intervalMs}
        isPast={choice.period !== undefined}
        nowMs={nowMs}
      />
      <main>
        {views === undefined || view === undefined ? (
          <NoView views={views} name={choice.view} problem={problem} />
        ) : (
          <>
            <Controls
              views={views}
              view={view}
              length={length}
              data={shown.groups?.data}
              nowMs={nowMs}
              choice={choice}
              choose={choose}
            />
            <Answers
              view={view}
              windows={windows}
              agents={agents}
              choice={choice}
              length={length}
              zone={subscription?.zone}
              shown={shown}
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
  choice: FittingChoice,
  window: Length,
  where: ShownGroups['where'],
): Subscription | undefined {
  const { name, slice = '', kind = null, amountUnit = null } = view ?? {};
  const stats = statsOf({ kind, amountUnit }, measureNamed(choice.measure, { kind, amountUnit })).join(',');
  const filter = where === undefined ? undefined : JSON.stringify(where);
  const offset = offsetOf(choice, window);
  const last = choice.span.text;
  return useMemo(() => {
    if (name === undefined) return undefined;
    const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
    const year = new Date().getFullYear();
    const offsetsMs = [0, 6].map((month) => new Date(year, month).getTimezoneOffset() * -60_000);
    return {
      view: name,
      window: window.text,
      zone: zoneOf(sliceLengthMs(slice), { zone: timeZone, offsetsMs }),
      stats: stats.split(','),
      last,
      ...(offset === undefined ? {} : { offset }),
      ...(filter === undefined ? {} : { where: JSON.parse(filter) as NonNullable<typeof where> }),
    };
  }, [name, slice, stats, window, last, offset, filter]);
}
