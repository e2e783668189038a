import { useCallback, useEffect, useMemo, useState } from 'preact/hooks';
import { type AccessInfo, isConfined } from './api/access.ts';
import { isSignedOut, useAsked } from './api/ask.ts';
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
import { History } from './parts/history.tsx';
import { Confinement, NoViews, NoViewsForYou, ServerAway, UnknownView } from './parts/notices.tsx';
import { Refused } from './parts/refused.tsx';
import type { Subscription } from './stream/message.ts';
import { useWindows } from './stream/use-windows.ts';
import { dataUpToMs } from './stream/windows-state.ts';

const VIEWS_EVERY_MS = 10_000;
const AGENTS_EVERY_MS = 5_000;
const SECOND_MS = 1_000;

const NO_AGENTS: readonly AgentInfo[] = [];

interface DashboardProps {
  readonly access: AccessInfo;
  /** Says that it may be over with what `access` allows. */
  readonly doubt: () => void;
}

/** Live windows of a view, how complete they are, and who sends them, as far as one may see it. */
export function Dashboard({ access, doubt }: DashboardProps) {
  const [chosen, choose] = useChoice();
  const nowMs = useServerNow(SECOND_MS);
  const seesAgents = access.allows.includes('inspect');
  const { views, problem, knownAgents, agentsProblem, isRefused, onOrdered } = useInventory(seesAgents);
  const agents = knownAgents ?? NO_AGENTS;
  const view = views?.find(({ name }) => chosen.view === undefined || name === chosen.view);
  const intervalMs = sliceLengthMs(view?.interval ?? '');
  const choice = fittingChoice(chosen, { sliceMs: sliceLengthMs(view?.slice ?? ''), intervalMs });
  const { window: length } = choice;
  const stretch = stretchOf(choice);
  const shown = useShownGroups(view?.name, choice.picked, stretch.ms / length.ms);
  const subscription = useSubscription(shown.isKnown ? view : undefined, choice, length, shown.where);
  const { connection, windows } = useWindows(subscription, choice.period, stretch.ms, agentsProblem === undefined);
  const isCutOff = connection.kind === 'away' || isRefused;
  useEffect(() => {
    if (isCutOff) doubt();
  }, [isCutOff, doubt]);
  useEffect(() => {
    document.title = view === undefined ? 'Weir' : `${view.name} · Weir`;
  }, [view?.name]);

  const state = {
    connection,
    dataUpToMs: choice.period === undefined ? dataUpToMs(windows) : windows.freshnessMs,
    agents: agentsProblem === undefined ? knownAgents : undefined,
    seesAgents,
    intervalMs,
    isPast: choice.period !== undefined,
    nowMs,
  };
  return (
    <>
      <Header access={access} state={view === undefined ? undefined : state} />
      <main>
        <Confinement access={access} />
        {views === undefined || view === undefined ? (
          <NoView views={views} name={choice.view} problem={problem} access={access} />
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
              agents={seesAgents ? agents : undefined}
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
        <Senders agents={agents} nowMs={nowMs} />
        <History access={access} view={view} nowMs={nowMs} onOrdered={onOrdered} doubt={doubt} />
      </main>
    </>
  );
}

/** Which views there are, asked at once after each order, and who sends, where that is for the viewer to know. */
function useInventory(seesAgents: boolean) {
  const [ordered, setOrdered] = useState(0);
  const onOrdered = useCallback(() => setOrdered((count) => count + 1), []);
  const views = useAsked('api/v1/views', readViews, VIEWS_EVERY_MS, ordered);
  const agents = useAsked(seesAgents ? 'api/v1/agents' : undefined, readAgents, AGENTS_EVERY_MS);
  return {
    views: views.answer,
    problem: views.problem,
    knownAgents: agents.answer,
    agentsProblem: seesAgents ? agents.problem : views.problem,
    isRefused: isSignedOut(views) || isSignedOut(agents),
    onOrdered,
  };
}

/** Who sends, and what of it was refused; nothing where nobody does, or is seen. */
function Senders({ agents, nowMs }: { readonly agents: readonly AgentInfo[]; readonly nowMs: number }) {
  if (agents.length === 0) return null;
  return (
    <>
      <Agents agents={agents} nowMs={nowMs} />
      <Refused agents={agents} nowMs={nowMs} />
    </>
  );
}

interface NoViewProps {
  readonly views: readonly ViewInfo[] | undefined;
  readonly name: string | undefined;
  readonly problem: string | undefined;
  readonly access: AccessInfo;
}

/** Why there is no view to show; nothing as long as the server has not had time to answer. */
function NoView({ views, name, problem, access }: NoViewProps) {
  if (views === undefined) return problem === undefined ? null : <ServerAway problem={problem} />;
  if (views.length === 0) return isConfined(access) ? <NoViewsForYou access={access} /> : <NoViews />;
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
