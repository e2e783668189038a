import { completenessLevel, formatCompleteness } from '../format/numbers.ts';

/** How complete something is: a bar beside its percentage, which says the same. */
export function CompletenessText({ completeness }: { readonly completeness: number }) {
  return (
    <span class="completeness">
      <progress
        class={`bar bar-${completenessLevel(completeness)}`}
        max={1}
        value={Math.min(1, completeness)}
        aria-hidden="true"
      />
      <span class="percent">{formatCompleteness(completeness)}</span>
    </span>
  );
}
