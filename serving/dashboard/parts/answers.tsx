import { useMemo } from 'preact/hooks';
import type { AgentInfo, ViewInfo } from '../api/inventory.ts';
import { Chart } from '../chart/chart.tsx';
import { assignColours, GROUPS_DRAWN_MAX } from '../chart/colours.ts';
import { type Choice, type FittingChoice, offsetOf } from '../choice/choice.ts';
import { measureNamed } from '../choice/measure.ts';
import { inShownOrder } from '../choice/shown-groups.ts';
import { type Length, type Period, sliceLengthMs } from '../choice/spans.ts';
import type { ShownGroups } from '../choice/use-shown-groups.ts';
import type { WindowsState } from '../stream/windows-state.ts';
import { Figures } from './figures.tsx';
import { GroupSearch } from './group-search.tsx';
import { NewestWindows } from './newest-windows.tsx';
import { caveats, NoReadings, NoReadingsThen, Refusal } from './notices.tsx';

/** A group that misses more intervals in a row is called silent. */
const SILENT_INTERVALS_MAX = 3;

interface AnswersProps {
  readonly view: ViewInfo;
  readonly windows: WindowsState;
  /** Undefined where they are not for the viewer to see. */
  readonly agents: readonly AgentInfo[] | undefined;
  readonly choice: FittingChoice;
  /** The window that is asked for, which is the chosen one where that fits the span. */
  readonly length: Length;
  /** The zone whose clock and days windows follow. */
  readonly zone: string | undefined;
  readonly shown: ShownGroups;
  /** The server is away: what is shown is from before. */
  readonly isOld: boolean;
  readonly nowMs: number;
  readonly choose: (change: Partial<Choice>) => void;
}

/** What a view answers: current values, chart, newest windows; or why there is nothing to see. */
export function Answers({ view, windows, agents, choice, length, zone, shown, isOld, nowMs, choose }: AnswersProps) {
  const { hidden, picked, period } = choice;
  const groups = useMemo(() => inShownOrder(windows.groups, picked, shown.keys), [windows.groups, picked, shown.keys]);
  const colours = useMemo(
    () =>
      assignColours(
        groups.map(({ key }) => key),
        new Set(hidden),
      ),
    [groups, hidden],
  );
  const drawn = useMemo(() => groups.filter(({ key }) => colours.has(key)), [groups, colours]);
  const toggle = (key: string): void => {
    if (hidden.includes(key)) choose({ hidden: hidden.filter((one) => one !== key) });
    else if (colours.has(key)) choose({ hidden: [...hidden, key] });
    else choose({ picked: [key, ...picked.filter((one) => one !== key)] });
  };
  const { decimals } = view;
  const measure = measureNamed(choice.measure, view);
  const unit = measure.name === 'amount' ? view.amountUnit : view.unit;
  const { freshnessMs } = windows;
  const offset = offsetOf(choice, length);
  const terms = { measure, unit, decimals, length, zone, offset, nowMs, freshnessMs };
  const untilMs = freshnessMs === null ? null : Math.min(freshnessMs, period?.toMs ?? freshnessMs);
  const silentMs = Math.max(length.ms, SILENT_INTERVALS_MAX * sliceLengthMs(view.interval ?? ''));
  const total = shown.groups?.total ?? groups.length;
  const isEmpty = windows.position !== undefined && groups.length === 0 && windows.problem === undefined;
  return (
    <>
      {windows.problem === undefined ? null : <Refusal problem={windows.problem} />}
      {isEmpty ? <Empty view={view} shown={shown} agents={agents} period={period} nowMs={nowMs} /> : null}
      {caveats(windows).map((caveat) => (
        <p key={caveat} class="warns note">
          {caveat}
        </p>
      ))}
      {total > GROUPS_DRAWN_MAX ? (
        <GroupSearch view={view.name} total={total} shown={groups.length} choice={choice} choose={choose} />
      ) : null}
      {groups.length === 0 ? null : (
        <div class={isOld ? 'answers answers-old' : 'answers'}>
          <Figures
            groups={groups}
            colours={colours}
            silentMs={silentMs}
            untilMs={untilMs}
            onToggle={toggle}
            {...terms}
          />
          <Chart groups={drawn} colours={colours} choice={choice} {...terms} />
          <NewestWindows groups={groups} view={view} {...terms} />
        </div>
      )}
    </>
  );
}

interface EmptyProps {
  readonly view: ViewInfo;
  readonly shown: ShownGroups;
  readonly agents: readonly AgentInfo[] | undefined;
  readonly period: Period | undefined;
  readonly nowMs: number;
}

/** Why there is no window: the view has no readings at all, or none in the period that was chosen. */
function Empty({ view, shown, agents, period, nowMs }: EmptyProps) {
  const data = shown.groups?.data;
  if (period !== undefined && data !== undefined) return <NoReadingsThen data={data} nowMs={nowMs} />;
  return <NoReadings view={view.name} metric={view.metric} agents={agents} />;
}
