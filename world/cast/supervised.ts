import type { Fullness } from '#backbone/flow/fullness.ts';
import type { EndOfLife, Life } from '../platform/life.ts';
import type { Machine } from '../platform/machine.ts';

/** A process that runs: what a supervisor sees of it. */
export interface RunningProcess {
  /** Rejects when it can't go on by itself; never resolves. */
  readonly failed: Promise<never>;
  /** How full all is that is bounded in its memory. */
  fullness(): readonly Fullness[];
  /** Ends it in order. */
  stop(): Promise<void>;
}

export interface SupervisedEvents {
  readonly started: () => void;
  /** It ended although nobody told it to. */
  readonly gaveUp: (reason: unknown) => void;
  /** It was told to end, and said that something could not be done any more. */
  readonly endedBadly: (reason: unknown) => void;
}

/** How long a supervisor waits before it starts again what ended by itself. */
const RESTART_MS = 1_500;
/** Every part ends within some seconds of being told to, whatever the others do; this is the sum of all of it. */
const STOP_MS_MAX = 60_000;

/**
 * What systemd is to a service: starts a process on its machine, and starts it again after it was killed, lost its power
 * or gave up. `process` is what runs there, undefined while it starts or is down.
 */
export class Supervised<P extends RunningProcess> {
  readonly machine: Machine;
  process: P | undefined;
  starts = 0;
  /** The one that was told to end. */
  #ending: Life | undefined;
  #isRemoved = false;
  readonly #start: () => Promise<P>;
  readonly #events: SupervisedEvents;

  constructor(machine: Machine, start: () => Promise<P>, events: SupervisedEvents) {
    this.machine = machine;
    this.#start = start;
    this.#events = events;
  }

  start(): void {
    const life = this.machine.start();
    this.starts++;
    void life.run(async () => {
      try {
        const process = await this.#start();
        if (this.machine.life !== life) return;
        this.process = process;
        this.#events.started();
        await process.failed;
      } catch (reason) {
        if (life.ended) return;
        if (this.#ending === life) {
          this.#events.endedBadly(reason);
          this.end('left', 0);
          return;
        }
        this.#events.gaveUp(reason);
        this.end('left', RESTART_MS);
      }
    });
  }

  /** Ends the process now, and starts it again after `downMs`. */
  end(how: EndOfLife, downMs: number): void {
    this.machine.end(how);
    this.process = undefined;
    const { scheduler } = this.machine;
    scheduler.after(downMs, undefined, () => {
      if (this.machine.life === undefined && !this.#isRemoved) this.start();
    });
  }

  /** Ends the process, and starts it no more. */
  remove(): void {
    this.#isRemoved = true;
    this.machine.end('power-lost');
    this.process = undefined;
  }

  get isRemoved(): boolean {
    return this.#isRemoved;
  }

  /** Stops the process in order and starts it again at once, if it runs. */
  restart(): void {
    const { process } = this;
    const { life } = this.machine;
    if (process === undefined || life === undefined) return;
    this.#ending = life;
    void life.run(async () => {
      try {
        await process.stop();
      } catch (reason) {
        if (!life.ended) this.#events.endedBadly(reason);
      }
      if (this.machine.life === life) this.end('left', 0);
    });
    this.machine.scheduler.after(STOP_MS_MAX, life, () => {
      this.#events.gaveUp(new Error(`it has not stopped within ${STOP_MS_MAX / 1000} s`));
      this.end('killed', RESTART_MS);
    });
  }

  get isUp(): boolean {
    return this.process !== undefined && this.machine.life !== undefined;
  }
}
