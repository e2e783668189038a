import type { Log } from '#backbone/log/log.ts';
import { decodeBirth } from '#core/frames/birth.ts';
import { type FrameHeader, readHeader } from '#core/frames/header.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { partitionOf } from '#core/records/partition.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import { ACCEPTED, type Heartbeat, type LogRecord, type Verdict } from '#core/records/record.ts';
import { seriesKey } from '#core/series/series.ts';
import { parseHeartbeat } from '#core/wire/heartbeat.ts';
import { isMessageFault } from '#core/wire/message-fault.ts';
import { parseRefusalReport } from '#core/wire/refusal-report.ts';
import type { RefusedFrame, UpTopic } from '#core/wire/topics.ts';
import type { SeriesClaims } from './claims.ts';
import type { Tally } from './counters.ts';
import { futureDetail, isFuture, judgeHeader, judgeSeries, type ReceiveTime, refused } from './frame-verdict.ts';
import { PRESENCE_AGENTS_MAX } from './limits.ts';

/** What was decided about a message, before it is stored. */
export interface Decision {
  /** What goes into the log; undefined where there is nothing to keep. */
  readonly record: Exclude<LogRecord, { readonly kind: 'cut' }> | undefined;
  /** What the agent is told, once that is stored. */
  readonly answer?: RefusedFrame;
  /** Why a message that is no frame was put aside. */
  readonly complaint?: string;
}

export interface IngestOptions {
  readonly log: Pick<Log, 'partitions' | 'append'>;
  readonly claims: SeriesClaims;
  readonly metrics: ReadonlyMap<string, Metric> | null;
  readonly clockSkewMsMax: number;
  readonly tally: Tally;
  readonly onHeartbeat: (agent: string, heartbeat: Heartbeat, atMs: number) => void;
}

/**
 * Turns what agents publish into records of the log: gives the verdict, once, and stores it with the time of receipt.
 * Only what is stored here is ever known to a fold.
 */
export class Ingest {
  readonly #options: IngestOptions;
  /** The last logged heartbeat by agent, for at most PRESENCE_AGENTS_MAX agents; one forgotten is logged once more. */
  readonly #logged = new Map<string, Heartbeat>();

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /** Decides about a message. Only a birth has to wait, for its claims; throws what the store of claims throws. */
  async decide(agent: string, topic: Exclude<UpTopic, 'gone'>, payload: Uint8Array, atMs: number): Promise<Decision> {
    switch (topic) {
      case 'frame':
        return this.#decideFrame(agent, payload, atMs);
      case 'heartbeat':
        return this.#decideHeartbeat(agent, payload, atMs);
      case 'refused': {
        const report = parseRefusalReport(payload);
        if (isMessageFault(report)) return { record: undefined, complaint: report.message };
        return { record: { kind: 'refusals', agent, atMs, report } };
      }
    }
  }

  /** Resolves when the record decided on is durable, and counts it. Records go into the log in the order of the calls. */
  async store({ record, complaint }: Decision): Promise<void> {
    const { log, tally } = this.#options;
    if (record === undefined) {
      if (complaint === undefined) tally.heartbeatsPassed++;
      else tally.messagesUnreadable++;
      return;
    }
    try {
      await log.append(partitionOf(record.agent, log.partitions), encodeRecord(record));
    } catch (error) {
      tally.appendsFailed++;
      throw error;
    }
    switch (record.kind) {
      case 'frame':
        if (record.verdict.kind === 'accepted') tally.framesAccepted++;
        else tally.framesRefused++;
        tally.frameBytes += record.frame.length;
        break;
      case 'heartbeat':
        tally.heartbeatsLogged++;
        this.#remember(record.agent, record.heartbeat);
        break;
      case 'refusals':
        tally.reportsLogged++;
        break;
    }
  }

  async #decideFrame(agent: string, frame: Uint8Array, atMs: number): Promise<Decision> {
    const header = readHeader(frame);
    const verdict = await this.#judge(agent, frame, header, { atMs, skewMsMax: this.#options.clockSkewMsMax });
    const record = { kind: 'frame', agent, atMs, verdict, frame } as const;
    if (verdict.kind === 'accepted') return { record };
    // A frame whose header can't be read has no number to answer to.
    const { incarnation, sequence } = header.kind === 'fault' ? { incarnation: 0, sequence: 0 } : header;
    return { record, answer: { incarnation, sequence, code: verdict.code, detail: verdict.detail } };
  }

  async #judge(
    agent: string,
    frame: Uint8Array,
    header: ReturnType<typeof readHeader>,
    received: ReceiveTime,
  ): Promise<Verdict> {
    const verdict = judgeHeader(header, received);
    if (verdict.kind === 'refused' || header.kind !== 'birth') return verdict;
    return this.#judgeBirth(agent, frame, header);
  }

  async #judgeBirth(agent: string, frame: Uint8Array, header: FrameHeader): Promise<Verdict> {
    const birth = decodeBirth(frame, header);
    if (birth.kind === 'fault') return refused(birth.code, birth.message);
    const { entries } = birth.birth;
    const verdict = judgeSeries(entries, this.#options.metrics);
    if (verdict.kind === 'refused') return verdict;
    const outcome = await this.#options.claims.claim(agent, entries.map(seriesKey));
    switch (outcome.kind) {
      case 'claimed':
        return ACCEPTED;
      case 'taken':
        return refused(
          'series-claimed',
          `series ${outcome.series} belongs to agent ${outcome.owner}: hand it over first`,
        );
      case 'full':
        return refused(
          'claims-full',
          `there is no room to claim series ${outcome.series}: too many series have owners`,
        );
    }
  }

  #decideHeartbeat(agent: string, payload: Uint8Array, atMs: number): Decision {
    const heartbeat = parseHeartbeat(payload);
    if (isMessageFault(heartbeat)) return { record: undefined, complaint: heartbeat.message };
    const { watermarkMs } = heartbeat;
    const received = { atMs, skewMsMax: this.#options.clockSkewMsMax };
    if (watermarkMs !== null && isFuture(watermarkMs, received)) {
      return { record: undefined, complaint: futureDetail('heartbeat: watermark', watermarkMs, received) };
    }
    this.#options.onHeartbeat(agent, heartbeat, atMs);
    if (!saysSomethingNew(this.#logged.get(agent), heartbeat)) return { record: undefined };
    return { record: { kind: 'heartbeat', agent, atMs, heartbeat } };
  }

  #remember(agent: string, heartbeat: Heartbeat): void {
    this.#logged.delete(agent);
    this.#logged.set(agent, heartbeat);
    if (this.#logged.size <= PRESENCE_AGENTS_MAX) return;
    const [oldest] = this.#logged.keys();
    if (oldest !== undefined) this.#logged.delete(oldest);
  }
}

/**
 * Whether a heartbeat says anything that the last logged one of its agent doesn't. Agents say every few seconds that
 * they live; only what changes the fold's state is worth a place in the log.
 */
function saysSomethingNew(logged: Heartbeat | undefined, heartbeat: Heartbeat): boolean {
  return (
    logged === undefined ||
    logged.incarnation !== heartbeat.incarnation ||
    logged.highestSequence !== heartbeat.highestSequence ||
    logged.watermarkMs !== heartbeat.watermarkMs ||
    logged.closed !== heartbeat.closed
  );
}
