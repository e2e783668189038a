/** What is published to devices that speak only as long as they are asked. */
import { z } from 'zod';
import { DurationError, formatDuration, nominalMs, parseDuration } from '#core/time/duration.ts';
import { checkedBy } from '../section-fields.ts';
import { parseTopicFilter } from './topic-filter.ts';

/** Requests of one source, how long one may be, and how often it is said at most. */
const REQUESTS_MAX = 64;
const PAYLOAD_CHARS_MAX = 4_096;
const EVERY_MS_MIN = 1_000;

const topic = z.string().superRefine((text, context) => {
  const isTopic = text !== '' && text.isWellFormed() && !/[+#\0]/.test(text);
  if (isTopic && parseTopicFilter(text).text === text) return;
  context.addIssue({ code: 'custom', message: `${JSON.stringify(text)} is no topic that something is published to` });
});

const every = z
  .string()
  .superRefine(checkedBy(parseDuration, DurationError))
  .transform((text) => nominalMs(parseDuration(text)))
  .refine((ms) => ms >= EVERY_MS_MIN, `every is ${formatDuration({ kind: 'fixed', ms: EVERY_MS_MIN })} at least`);

export const requestsField = z
  .array(
    z.strictObject({
      topic: topic.meta({ description: 'Where it is published.', examples: ['R/c0619ab12345/keepalive'] }),
      payload: z
        .string()
        .max(PAYLOAD_CHARS_MAX)
        .default('')
        .meta({ description: 'What is published. Nothing, unless given.', examples: ['{"method":"GetStatus"}'] }),
      every: every.meta({
        title: 'length of time',
        description: 'How often, from the connection on.',
        examples: ['30s'],
      }),
    }),
  )
  .max(REQUESTS_MAX)
  .meta({
    description: 'What is published, again and again, to devices that speak only as long as they are asked.',
    examples: [[{ topic: 'R/c0619ab12345/keepalive', every: '30s' }]],
  });

export type DeviceRequest = z.output<typeof requestsField>[number];

/** Publishes requests, each in its time: at once whenever a connection begins, and again and again from then on. */
export class Requests {
  readonly #requests: readonly DeviceRequest[];
  readonly #say: (topic: string, payload: Buffer) => void;
  #timers: NodeJS.Timeout[] = [];

  constructor(requests: readonly DeviceRequest[], say: (topic: string, payload: Buffer) => void) {
    this.#requests = requests;
    this.#say = say;
  }

  begin(): void {
    this.stop();
    this.#timers = this.#requests.map((request) => {
      const say = (): void => this.#say(request.topic, Buffer.from(request.payload));
      say();
      return setInterval(say, request.every);
    });
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }
}
