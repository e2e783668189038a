import type { PlannedReading, Setting } from '../plan/plan.ts';
import type { Machine } from '../platform/machine.ts';
import { ask, type Reply, wait } from './ask.ts';
import { decimalText } from './decimal-text.ts';

/** Where an agent's HTTP source listens. */
export const SOURCE_PORT = 8080;

const ANSWER_TIMEOUT_MS = 20_000;
const RETRY_MS = 700;

/** What became of a request in the end. */
export interface Delivered {
  readonly readings: readonly PlannedReading[];
  /** Indices that the agent refused, with its reasons. */
  readonly quarantined: ReadonlyMap<number, string>;
  readonly attempts: number;
}

/**
 * A device that measures and sends: one request after the other, each as often as it takes until the agent says that it
 * has it. So the order in which an agent gets different values for one time is the order in which they are sent.
 */
export class Sensor {
  readonly agent: string;
  readonly #machine: Machine;
  readonly #setting: Setting;
  readonly #told: (delivered: Delivered) => void;
  #sending: Promise<void> = Promise.resolve();
  /** Requests that are not delivered yet. */
  waiting = 0;

  constructor(machine: Machine, agent: string, setting: Setting, told: (delivered: Delivered) => void) {
    this.agent = agent;
    this.#machine = machine;
    this.#setting = setting;
    this.#told = told;
    machine.start();
  }

  send(readings: readonly PlannedReading[]): void {
    this.#queue(async () => {
      const body = JSON.stringify(readings.map((reading) => itemOf(this.#setting, reading)));
      const { reply, attempts } = await this.#insist(body);
      if (reply.status !== 200) throw new Error(`agent ${this.agent} answered ${reply.status}: ${reply.text}`);
      const { quarantined } = JSON.parse(reply.text) as { quarantined: { index: number; reason: string }[] };
      const refused = new Map(quarantined.map(({ index, reason }) => [index, reason]));
      this.#told({ readings, quarantined: refused, attempts });
    });
  }

  /** Sends what no agent can take as a reading. It has to be refused, and nothing else may come of it. */
  sendBroken(item: unknown): void {
    this.#queue(async () => {
      const body = typeof item === 'string' ? item : JSON.stringify([item]);
      const { reply } = await this.#insist(body);
      const refused = reply.status === 400 || reply.status === 413 || reply.status === 422;
      const quarantined =
        reply.status === 200 && (JSON.parse(reply.text) as { quarantined: unknown[] }).quarantined.length === 1;
      if (!refused && !quarantined) throw new Error(`agent ${this.agent} took ${body}: ${reply.status} ${reply.text}`);
    });
  }

  #queue(act: () => Promise<void>): void {
    this.waiting++;
    this.#sending = this.#sending.then(act).then(() => void this.waiting--);
    this.#sending.catch(() => undefined);
  }

  /** Rejects with what an agent should not have answered. */
  get settled(): Promise<void> {
    return this.#sending;
  }

  async #insist(body: string): Promise<{ readonly reply: Reply; readonly attempts: number }> {
    for (let attempts = 1; ; attempts++) {
      try {
        const reply = await ask(this.#machine, {
          host: this.agent,
          port: SOURCE_PORT,
          method: 'POST',
          path: '/readings',
          body,
          headers: { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(body)) },
          timeoutMs: ANSWER_TIMEOUT_MS,
        });
        if (reply.status < 500) return { reply, attempts };
      } catch {
        // Sent again: the agent knows what it has.
      }
      await wait(this.#machine, RETRY_MS);
    }
  }
}

/** A reading as a device sends it. */
export function itemOf(setting: Setting, { series, timeMs, value }: PlannedReading): object {
  const { metric, device, tags } = setting.series[series]!;
  const { decimals } = setting.metrics[metric]!;
  return { time: timeMs, metric, device, value: decimalText(value, decimals), tags };
}
