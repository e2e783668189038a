import type { PlannedReading, Setting } from '../plan/plan.ts';
import type { Machine } from '../platform/machine.ts';
import { PlainFile } from '../platform/plain-file.ts';
import { decimalText } from './decimal-text.ts';

/** Where a device beside an agent writes what it measures. */
export const FILE_PATH = '/measured.csv';
export const HEADING = 'time;metric;device;region;value\n';
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
  /** What the present file holds or is to hold, line by line. */
  #lines: PlannedReading[] = [];
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
      this.#text += this.#lineOf({ series, timeMs, value });
      this.#lines.push({ series, timeMs, value });
    }
    if (!this.#isWriting) this.#writeNext();
  }

  #lineOf(reading: PlannedReading): string {
    return lineOf(this.#setting, reading);
  }

  /**
   * Corrects a row, where it lies or in a new file that takes the place of the old one. Gives all that the file then holds, and
   * what is still to be written to it, in its order; undefined where it holds no row yet.
   */
  rewrite(inPlace: boolean): readonly PlannedReading[] | undefined {
    const { disk, clockMs } = this.#machine;
    const present = disk.node(FILE_PATH);
    if (!(present instanceof PlainFile)) return undefined;
    const rows = new TextDecoder().decode(present.bytes).split('\n').slice(1, -1).length;
    if (rows === 0) return undefined;
    const row = disk.draws.below(rows);
    const before = this.#lines[row]!;
    this.#lines[row] = { ...before, value: before.value - Math.sign(before.value) * CORRECTION };
    const whole = new TextEncoder().encode(HEADING + this.#lines.map((one) => this.#lineOf(one)).join(''));
    const pending = new TextEncoder().encode(this.#text).length;
    const bytes = whole.subarray(0, whole.length - pending);
    if (inPlace) {
      present.truncate(0, clockMs);
      present.write(bytes, 0, clockMs);
      present.sync();
    } else {
      disk.put(FILE_PATH, new PlainFile(clockMs, bytes), 'rename');
      disk.syncName(FILE_PATH);
    }
    return this.#lines;
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
    // All that there was to be written has been.
    this.#lines = [];
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

/** A reading as a device writes it. */
export function lineOf(setting: Setting, { series, timeMs, value }: PlannedReading): string {
  const { metric, device, tags } = setting.series[series]!;
  return `${timeMs};${metric};${device};${tags['region']!};${decimalText(value, setting.metrics[metric]!.decimals)}\n`;
}

/** By how much a corrected value is another. */
const CORRECTION = 7;
