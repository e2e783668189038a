import { AsyncLocalStorage } from 'node:async_hooks';
import type { Context, Scheduler } from './scheduler.ts';

const CURRENT = new AsyncLocalStorage<Life>();

/** The machine that a process runs on, as far as a process can tell. */
export interface Host {
  readonly name: string;
  readonly seed: number;
  readonly scheduler: Scheduler;
  /** Without power, nothing answers at the machine's address. */
  readonly isOn: boolean;
  /** What its clock shows, in ms since 1970. */
  readonly clockMs: number;
}

/**
 * One run of a process on a machine of the world, from its start to its end. Code that was started in a life stays in it
 * through promises, timers and events, so the platform knows for whom it works, and a life that has been ended meets no
 * one any more: its timers don't fire, its disk and its sockets don't answer, and what it still has in mind is lost.
 */
export class Life implements Context {
  readonly host: Host;
  readonly name: string;
  ended = false;
  /** Calls of the platform that have to hear of the end, sockets above all. */
  readonly #onEnd = new Set<(how: EndOfLife) => void>();

  constructor(host: Host, name: string) {
    this.host = host;
    this.name = name;
  }

  /** The life that the calling code belongs to; undefined for the simulator itself. */
  static get current(): Life | undefined {
    return CURRENT.getStore();
  }

  run<T>(act: () => T): T {
    return CURRENT.run(this, act);
  }

  /** Calls back when the life ends; gives how to take that back. */
  onEnd(callback: (how: EndOfLife) => void): () => void {
    this.#onEnd.add(callback);
    return () => this.#onEnd.delete(callback);
  }

  end(how: EndOfLife): void {
    if (this.ended) return;
    this.ended = true;
    for (const callback of this.#onEnd) callback(how);
    this.#onEnd.clear();
  }
}

/** `killed`: the system closes what the process had open. `power-lost`: nobody is told anything. `left`: it ended by itself. */
export type EndOfLife = 'killed' | 'power-lost' | 'left';

/** What a synchronous call gives a life that has ended: it has to be thrown, and nobody looks at it. */
export class LifeEnded extends Error {
  override readonly name = 'LifeEnded';
}
