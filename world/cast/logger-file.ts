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
const ROTATION_PAUSE_MS = 15_000;
const LINE_END = 0x0a;

/**
 * A device that writes what it measures to a file on its agent's machine, line by line and now and then half a line, each
 * synced. While the machine has no power, it waits.
 */
export class LoggerFile {
  readonly #machine: Machine;
  readonly #setting: Setting;
  #text = '';
  #isWriting = false;
  #rotations = 0;
  #rotatedAtMs = Number.NEGATIVE_INFINITY;
  #rotated: (() => void) | undefined;

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

  /**
   * Right after the next lines are written, the file gets another name. Not while its agent is away, nor soon after another
   * rotation: of several names that a file has had since it was read, the agent knows none but the last.
   */
  rotate(rotated: () => void): void {
    this.#rotated = rotated;
  }

  #isToRotate({ bytes }: PlainFile): boolean {
    const isCalm = this.#machine.scheduler.nowMs >= this.#rotatedAtMs + ROTATION_PAUSE_MS;
    return this.#rotated !== undefined && isCalm && this.#machine.life !== undefined && bytes.at(-1) === LINE_END;
  }

  #begin(before: PlainFile): void {
    const { disk, scheduler, clockMs } = this.#machine;
    const name = `${FILE_PATH}.${++this.#rotations}`;
    disk.put(name, before, 'rename');
    const file = new PlainFile(clockMs, new TextEncoder().encode(HEADING));
    disk.put(FILE_PATH, file, 'open');
    for (const path of [name, FILE_PATH]) disk.syncName(path);
    this.#rotatedAtMs = scheduler.nowMs;
    this.#rotated?.();
    this.#rotated = undefined;
  }

  #writeNext(): void {
    const { scheduler, disk } = this.#machine;
    this.#isWriting = this.#text !== '';
    if (!this.#isWriting) return;
    const again = (ms: number): void => void scheduler.after(ms, undefined, () => this.#writeNext());
    const present = disk.node(FILE_PATH);
    if (!this.#machine.isOn || !(present instanceof PlainFile)) {
      again(RETRY_MS);
      return;
    }
    const isToRotate = this.#isToRotate(present);
    const bytes = new TextEncoder().encode(this.#text);
    const length = !isToRotate && disk.draws.chance(0.3) ? 1 + disk.draws.below(bytes.length) : bytes.length;
    present.write(bytes.subarray(0, length), present.size, this.#machine.clockMs);
    present.sync();
    if (isToRotate) this.#begin(present);
    this.#text = new TextDecoder().decode(bytes.subarray(length));
    again(PIECE_MS);
  }
}
