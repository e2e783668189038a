import { useState } from 'preact/hooks';
import type { ViewInfo } from '../api/inventory.ts';
import { type Choice, type FittingChoice, OFFSETS, stretchOf } from '../choice/choice.ts';
import { measureNamed, measuresOf } from '../choice/measure.ts';
import {
  DAY_MS,
  fits,
  fittingSpan,
  fittingWindow,
  type Length,
  localText,
  type Period,
  periodBefore,
  readPeriod,
  sliceLengthMs,
  SPANS,
  WINDOWS,
} from '../choice/spans.ts';
import { formatPeriod } from '../format/times.ts';

interface ControlsProps {
  readonly views: readonly ViewInfo[];
  readonly view: ViewInfo;
  /** The window that is asked for. */
  readonly length: Length;
  /** Where the view has data, as far as that is known. */
  readonly data: Period | undefined;
  readonly nowMs: number;
  readonly choice: FittingChoice;
  readonly choose: (change: Partial<Choice>) => void;
}

/** What to look at: view, span, window, statistic. */
export function Controls({ views, view, length, data, nowMs, choice, choose }: ControlsProps) {
  const { span, period } = choice;
  const stretch = stretchOf(choice);
  const sliceMs = sliceLengthMs(view.slice);
  const chooseSpan = (text: string): void => {
    if (text === PERIOD) return choose({ period: periodBefore(data?.toMs ?? nowMs, span.ms) });
    const next = SPANS.find((one) => one.text === text) ?? span;
    choose({ span: next, period: undefined, window: fittingWindow(length, next, sliceMs) });
  };
  return (
    <section class="controls" aria-label="What is shown">
      <label class="select">
        <span class="legend">View</span>
        <select
          value={view.name}
          onChange={(event) => choose({ view: event.currentTarget.value, hidden: [], picked: [] })}
        >
          {views.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Options
        name="span"
        legend="Span"
        options={[
          ...SPANS.map((one) => ({ ...asOption(one), disabled: fittingSpan(one, sliceMs) !== one })),
          { value: PERIOD, label: 'Period' },
        ]}
        value={period === undefined ? span.text : PERIOD}
        onChoose={chooseSpan}
      />
      <Options
        name="window"
        legend="Window"
        options={WINDOWS.map((one) => ({ ...asOption(one), disabled: !fits(one, stretch, sliceMs) }))}
        value={length.text}
        onChoose={(text) => choose({ window: WINDOWS.find((one) => one.text === text) ?? length })}
      />
      <Options
        name="measure"
        legend="Statistic"
        options={measuresOf(view).map(({ name, words }) => ({ value: name, label: words }))}
        value={measureNamed(choice.measure, view).name}
        onChoose={(name) => choose({ measure: name })}
      />
      {length.ms < DAY_MS ? null : <DayBegin choice={choice} choose={choose} />}
      {period === undefined ? null : (
        <PeriodInputs period={period} data={data} nowMs={nowMs} onChoose={(next) => choose({ period: next })} />
      )}
    </section>
  );
}

/** Stands for a period among the spans. */
const PERIOD = 'period';

/** When days begin: gas is told in days from 06:00. */
function DayBegin({ choice: { offset }, choose }: Pick<ControlsProps, 'choice' | 'choose'>) {
  return (
    <label class="select">
      <span class="legend">Days from</span>
      <select value={offset ?? ''} onChange={({ currentTarget: { value } }) => choose({ offset: value || undefined })}>
        <option value="">00:00</option>
        {OFFSETS.map((one) => (
          <option key={one} value={one}>
            {`${one.replace('h', '').padStart(2, '0')}:00`}
          </option>
        ))}
      </select>
    </label>
  );
}

function asOption({ text, words }: Length): { value: string; label: string; words: string } {
  return { value: text, label: text, words };
}

interface Option {
  readonly value: string;
  readonly label: string;
  /** The label in full, where it is short. */
  readonly words?: string;
  readonly disabled?: boolean;
}

interface OptionsProps {
  readonly name: string;
  readonly legend: string;
  readonly options: readonly Option[];
  readonly value: string;
  readonly onChoose: (value: string) => void;
}

/** One of a few, all in sight: radio buttons that look like one control. */
function Options({ name, legend, options, value, onChoose }: OptionsProps) {
  return (
    <fieldset class="options">
      <legend>{legend}</legend>
      <div class="options-row">
        {options.map((option) => (
          <label key={option.value} class="option" title={option.words}>
            <input
              type="radio"
              name={name}
              value={option.value}
              checked={option.value === value}
              disabled={option.disabled === true && option.value !== value}
              aria-label={option.words}
              onChange={() => onChoose(option.value)}
            />
            <span aria-hidden={option.words !== undefined}>{option.label}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

interface PeriodInputsProps {
  readonly period: Period;
  /** Where the view has data, as far as that is known. */
  readonly data: Period | undefined;
  readonly nowMs: number;
  readonly onChoose: (period: Period) => void;
}

/** From when to when is looked: any time, by the viewer's clock. */
function PeriodInputs({ period, data, nowMs, onChoose }: PeriodInputsProps) {
  const [isWrong, setIsWrong] = useState(false);
  const choose = (from: string, to: string): void => {
    // A date and a time without an offset are read by the viewer's clock (ECMA-262, 21.4.1.32).
    const chosen = readPeriod(from, to);
    setIsWrong(chosen === undefined);
    if (chosen !== undefined) onChoose(chosen);
  };
  const [from, to] = [localText(period.fromMs), localText(period.toMs)];
  return (
    <div class="period">
      <Moment legend="From" value={from} onChoose={(text) => choose(text, to)} />
      <Moment legend="To" value={to} onChoose={(text) => choose(from, text)} />
      <p class={isWrong ? 'warns note' : 'quiet note'} role="status">
        {isWrong ? 'A period begins before it ends.' : dataText(data, nowMs)}
      </p>
    </div>
  );
}

interface MomentProps {
  readonly legend: string;
  readonly value: string;
  readonly onChoose: (text: string) => void;
}

function Moment({ legend, value, onChoose }: MomentProps) {
  return (
    <label class="select">
      <span class="legend">{legend}</span>
      <input type="datetime-local" value={value} onChange={(event) => onChoose(event.currentTarget.value)} />
    </label>
  );
}

function dataText(data: Period | undefined, nowMs: number): string {
  return data === undefined ? '' : `There is data: ${formatPeriod(data, nowMs)}.`;
}
