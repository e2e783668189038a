import { useEffect, useMemo } from 'preact/hooks';
import { readAgents, readViews, type ViewInfo } from './api/answers.ts';
import { assignColours } from './chart/assign-colours.ts';
import { Chart } from './chart/chart.tsx';
import { measureNamed, statsOf } from './choice/measure.ts';
import { fits, fittingWindow, sliceLengthMs } from './choice/spans.ts';
import { useAsked } from './hooks/use-asked.ts';
import { useChoice } from './hooks/use-choice.ts';
import { useNow } from './hooks/use-now.ts';
import { useWindows } from './hooks/use-windows.ts';
import { Agents } from './parts/agents.tsx';
import { Controls } from './parts/controls.tsx';
import { Figures } from './parts/figures.tsx';
import { Header } from './parts/header.tsx';
import { NewestWindows } from './parts/newest-windows.tsx';
import { NoReadings, NoViews, Refusal, ServerAway, UnknownView } from './parts/notices.tsx';
import { Refused } from './parts/refused.tsx';
import type { Subscription } from './stream/message.ts';

const VIEWS_EVERY_MS = 10_000;
const AGENTS_EVERY_MS = 5_000;
const SECOND_MS = 1_000;

/** The dashboard: live windows of a view, how complete they are, and who sends them. */
export function App() {
  const [choice, choose] = useChoice();
  const nowMs = useNow(SECOND_MS);
  const { answer: views, problem: viewsProblem } = useAsked('api/v1/views', readViews, VIEWS_EVERY_MS);
  const { answer: agents } = useAsked('api/v1/agents', readAgents, AGENTS_EVERY_MS);
  const view = views?.find(({ name }) => choice.view === undefined || name === choice.view);
  const sliceMs = sliceLengthMs(view?.slice ?? '');
  const window = fits(choice.window, choice.span, sliceMs) ? choice.window : fittingWindow(choice.window, choice.span, sliceMs);
  const subscription = useSubscription(view, window.text, choice.span.text);
  const { connection, windows } = useWindows(subscription, choice.span.ms);
  const groups = useMemo(() => [...windows.groups.values()], [windows.groups]);
  const measure = measureNamed(choice.measure, view?.kind ?? null);
  const colours = useMemo(() => assignColours(groups.map(({ key }) => key), new Set(choice.hidden)), [groups, choice.hidden]);
  const drawn = useMemo(() => groups.filter(({ key }) => colours.has(key)), [groups, colours]);
  useEffect(() => {
    document.title = view === undefined ? 'Weir' : `${view.name} · Weir`;
  }, [view?.name]);

  const toggle = (key: string): void => {
    const { hidden } = choice;
    choose({ hidden: hidden.includes(key) ? hidden.filter((one) => one !== key) : [...hidden, key] });
  };
  const how = view && { measure, unit: view.unit, decimals: view.decimals, length: window, nowMs };
  const isEmpty = windows.position !== undefined && groups.length === 0 && windows.problem === undefined;
  return (
    <>
      <Header connection={connection} freshnessMs={windows.freshnessMs} agents={agents} nowMs={nowMs} />
      <main>
        {views === undefined && viewsProblem !== undefined ? <ServerAway /> : null}
        {views?.length === 0 ? <NoViews /> : null}
        {views !== undefined && views.length > 0 && view === undefined ? (
          <UnknownView name={choice.view ?? ''} known={views.map(({ name }) => name)} />
        ) : null}
        {view === undefined || how === undefined ? null : (
          <>
            <Controls views={views ?? []} view={view} window={window} span={choice.span} measure={measure} choose={choose} />
            {windows.problem === undefined ? null : <Refusal problem={windows.problem} />}
            {isEmpty ? <NoReadings view={view.name} metric={view.metric} agents={agents ?? []} /> : null}
            {groups.length === 0 ? null : (
              <div class={connection.kind === 'away' ? 'answers answers-old' : 'answers'}>
                <Figures groups={groups} colours={colours} freshnessMs={windows.freshnessMs} onToggle={toggle} {...how} />
                <Chart groups={drawn} colours={colours} span={choice.span} {...how} />
                <NewestWindows groups={groups} kind={view.kind} {...how} />
              </div>
            )}
          </>
        )}
        {agents === undefined || agents.length === 0 ? null : (
          <>
            <Agents agents={agents} nowMs={nowMs} />
            <Refused nowMs={nowMs} />
          </>
        )}
      </main>
    </>
  );
}

/** What to subscribe to; the same object as long as nothing of it changes, because another one is another question. */
function useSubscription(view: ViewInfo | undefined, window: string, last: string): Subscription | undefined {
  const { name, kind } = view ?? {};
  return useMemo(() => {
    if (name === undefined) return undefined;
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    return { view: name, window, zone, stats: statsOf(kind ?? null), last };
  }, [name, kind, window, last]);
}
