import { useMemo } from 'preact/hooks';
import type { AgentInfo, ViewInfo } from '../api/inventory.ts';
import { Chart } from '../chart/chart.tsx';
import { assignColours } from '../chart/colours.ts';
import type { Choice } from '../choice/choice.ts';
import { measureNamed } from '../choice/measure.ts';
import type { Length } from '../choice/spans.ts';
import type { WindowsState } from '../stream/windows-state.ts';
import { Figures } from './figures.tsx';
import { NewestWindows } from './newest-windows.tsx';
import { NoReadings, Refusal } from './notices.tsx';

interface AnswersProps {
  readonly view: ViewInfo;
  readonly windows: WindowsState;
  readonly agents: readonly AgentInfo[];
  readonly choice: Choice;
  /** The window that is asked for, which is the chosen one where that fits the span. */
  readonly length: Length;
  /** The server is away: what is shown is from before. */
  readonly isOld: boolean;
  readonly nowMs: number;
  readonly choose: (change: Partial<Choice>) => void;
}

/** What a view answers: current values, chart, newest windows; or why there is nothing to see. */
export function Answers({ view, windows, agents, choice, length, isOld, nowMs, choose }: AnswersProps) {
  const { hidden, span } = choice;
  const groups = useMemo(() => [...windows.groups.values()], [windows.groups]);
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
    choose({ hidden: hidden.includes(key) ? hidden.filter((one) => one !== key) : [...hidden, key] });
  };
  const { decimals } = view;
  const measure = measureNamed(choice.measure, view);
  const unit = measure.name === 'amount' ? view.amountUnit : view.unit;
  const terms = { measure, unit, decimals, length, nowMs, freshnessMs: windows.freshnessMs };
  const isEmpty = windows.position !== undefined && groups.length === 0 && windows.problem === undefined;
  return (
    <>
      {windows.problem === undefined ? null : <Refusal problem={windows.problem} />}
      {isEmpty ? <NoReadings view={view.name} metric={view.metric} agents={agents} /> : null}
      {groups.length === 0 ? null : (
        <div class={isOld ? 'answers answers-old' : 'answers'}>
          <Figures groups={groups} colours={colours} onToggle={toggle} {...terms} />
          <Chart groups={drawn} colours={colours} span={span} {...terms} />
          <NewestWindows groups={groups} view={view} {...terms} />
        </div>
      )}
    </>
  );
}
