import type { PlannedReading, Setting } from '../plan/plan.ts';
import type { Machine } from '../platform/machine.ts';
import { PlainFile } from '../platform/plain-file.ts';
import { decimalText } from './decimal-text.ts';

/** Where a device beside an agent writes what it measures. */
export const FILE_PATH = '/measured.csv';
const HEADING = 'time;metric;device;region;value\n';
/** How long the second piece of a line takes that is written in two. */
const PIECE_MS = 400;
const RETRY_MS = 500;

/**
 * A device that writes what it measures to a file on its agent's machine, line by line and now and then half a line, each
 * synced. While the machine has no power, it waits.
 */
export class LoggerFile {
  readonly #machine: Machine;
  readonly #setting: Setting;
  #text = '';
  #isWriting = false;

  constructor(machine: Machine, setting: Setting) {
    this.#machine = machine;
    this.#setting = setting;
    machine.disk.put(FILE_PATH, new PlainFile(machine.clockMs, new TextEncoder().encode(HEADING)), 'open');
    machine.disk.syncName(FILE_PATH);
  }

  /** Whether all that was to be written is. */
  get isWritten(): boolean {
    return this.#text === '' && !this.#isWriting;
  }

  write(readings: readonly PlannedReading[]): void {
    for (const { series, timeMs, value } of readings) {
      const { metric, device, tags } = this.#setting.series[series]!;
      const { decimals } = this.#setting.metrics[metric]!;
      this.#text += `${timeMs};${metric};${device};${tags['region']!};${decimalText(value, decimals)}\n`;
    }
    if (!this.#isWriting) this.#writeNext();
  }

  #writeNext(): void {
    const { scheduler, disk } = this.#machine;
    this.#isWriting = this.#text !== '';
    if (!this.#isWriting) return;
    const again = (ms: number): void => void scheduler.after(ms, undefined, () => this.#writeNext());
    const file = disk.node(FILE_PATH);
    if (!this.#machine.isOn || !(file instanceof PlainFile)) {
      again(RETRY_MS);
      return;
    }
    const bytes = new TextEncoder().encode(this.#text);
    const length = disk.draws.chance(0.3) ? 1 + disk.draws.below(bytes.length) : bytes.length;
    file.write(bytes.subarray(0, length), file.size, this.#machine.clockMs);
    file.sync();
    this.#text = new TextDecoder().decode(bytes.subarray(length));
    again(PIECE_MS);
  }
}
