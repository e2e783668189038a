/** Steps of event time that are remembered; when full, each two that follow each other become one. */
export const STEPS_REMEMBERED_MAX = 4_096;

/**
 * How far back in event time the changes of a view reached, for far more of them than are remembered whole: a question
 * about last week needs no look at what comes for today. Only the steps are kept at which a later change reaches less far
 * back than all before it.
 */
export class EarliestChanges {
  /** Both ascending: after `sequence` of the step before, nothing earlier than `earliestMs` was changed. */
  #steps: { readonly sequence: number; readonly earliestMs: number }[] = [];

  /** Notes the earliest event time that the change of a number, higher than all before, reaches. */
  push(sequence: number, earliestMs: number): void {
    while (this.#steps.length > 0 && this.#steps.at(-1)!.earliestMs >= earliestMs) this.#steps.pop();
    if (this.#steps.length === STEPS_REMEMBERED_MAX) this.#thin();
    this.#steps.push({ sequence, earliestMs });
  }

  /** The earliest event time that the changes after a number reach, or an earlier one; +Infinity where there are none. */
  since(sequence: number): number {
    let low = 0;
    let high = this.#steps.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#steps[middle]!.sequence <= sequence) low = middle + 1;
      else high = middle;
    }
    return this.#steps[low]?.earliestMs ?? Number.POSITIVE_INFINITY;
  }

  #thin(): void {
    const steps = this.#steps;
    this.#steps = [];
    for (let i = 0; i < steps.length; i += 2)
      this.#steps.push({ sequence: (steps[i + 1] ?? steps[i]!).sequence, earliestMs: steps[i]!.earliestMs });
  }
}
