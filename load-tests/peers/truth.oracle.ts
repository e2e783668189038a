import { strict as assert } from 'node:assert';
import { answerKey, type Question, type TrueAnswer } from './question.ts';
import { deviceName, type Readings, regionName } from './shape-readings.ts';

/** The true answer, reading by reading, in the order of time. */
export function trueAnswer(readings: Readings, question: Question): TrueAnswer {
  const { by, windowMs, fromMs, toMs, kind } = question;
  const { count, device, timeMs, value } = readings;
  const order = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => timeMs[a]! - timeMs[b]!);
  const answer = new Map<string, number[]>();
  const before = new Map<number, number>();
  for (const i of order) {
    const of = device[i]!;
    const now = value[i]!;
    const last = before.get(of);
    before.set(of, now);
    if (timeMs[i]! < fromMs || timeMs[i]! >= toMs) continue;
    const group = by === 'device' ? deviceName(of) : regionName(of);
    const key = answerKey(group, Math.floor(timeMs[i]! / windowMs) * windowMs);
    const found = answer.get(key);
    if (kind === 'gauge') {
      if (found === undefined) answer.set(key, [1, now, now, now]);
      else addGauge(found, now);
    } else {
      // A counter that has fallen was reset to 0 in between.
      const increase = last === undefined ? 0 : now >= last ? now - last : now;
      if (found === undefined) answer.set(key, [1, increase]);
      else {
        found[0]!++;
        found[1]! += increase;
      }
    }
  }
  for (const values of answer.values()) assert(values.every(Number.isSafeInteger), 'sums of a shape are exact');
  return answer;
}

function addGauge(sums: number[], value: number): void {
  sums[0]!++;
  sums[1]! += value;
  sums[2] = Math.min(sums[2]!, value);
  sums[3] = Math.max(sums[3]!, value);
}
