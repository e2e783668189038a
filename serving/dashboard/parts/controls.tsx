import type { ViewInfo } from '../api/inventory.ts';
import type { Choice } from '../choice/choice.ts';
import { measureNamed, measuresOf } from '../choice/measure.ts';
import { fits, fittingWindow, type Length, sliceLengthMs, SPANS, WINDOWS } from '../choice/spans.ts';

interface ControlsProps {
  readonly views: readonly ViewInfo[];
  readonly view: ViewInfo;
  /** The window that is asked for. */
  readonly length: Length;
  readonly choice: Choice;
  readonly choose: (change: Partial<Choice>) => void;
}

/** What to look at: view, span, window, statistic. */
export function Controls({ views, view, length, choice, choose }: ControlsProps) {
  const { span } = choice;
  const sliceMs = sliceLengthMs(view.slice);
  const chooseSpan = (text: string): void => {
    const next = SPANS.find((one) => one.text === text) ?? span;
    choose({ span: next, window: fittingWindow(length, next, sliceMs) });
  };
  return (
    <section class="controls" aria-label="What is shown">
      <label class="select">
        <span class="legend">View</span>
        <select value={view.name} onChange={(event) => choose({ view: event.currentTarget.value, hidden: [] })}>
          {views.map(({ name }) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <Options name="span" legend="Span" options={SPANS.map(asOption)} value={span.text} onChoose={chooseSpan} />
      <Options
        name="window"
        legend="Window"
        options={WINDOWS.map((one) => ({ ...asOption(one), disabled: !fits(one, span, sliceMs) }))}
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
    </section>
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
