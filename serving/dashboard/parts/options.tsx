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
export function Options({ name, legend, options, value, onChoose }: OptionsProps) {
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
