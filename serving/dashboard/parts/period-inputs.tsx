import { useState } from 'preact/hooks';
import { localText, type Period, readPeriod } from '../choice/period.ts';
import { formatPeriod } from '../format/times.ts';

interface PeriodInputsProps {
  readonly period: Period;
  /** Where the view has data, as far as that is known. */
  readonly data: Period | undefined;
  readonly nowMs: number;
  readonly onChoose: (period: Period) => void;
}

/** From when to when is looked: any time, by the viewer's clock. */
export function PeriodInputs({ period, data, nowMs, onChoose }: PeriodInputsProps) {
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
