import type { Fullness } from '#backbone/flow/fullness.ts';
import type { Log } from '#backbone/log/log.ts';
import { heldForm, type SlicedView } from '#core/fold/held-slices.ts';
import type { Birth } from '#core/frames/birth.ts';
import { FrameOpener } from '#core/frames/frame.ts';
import { readHeader } from '#core/frames/header.ts';
import type { Metric } from '#core/metrics/metric.ts';
import { partitionOf } from '#core/records/partition.ts';
import { encodeRecord } from '#core/records/record-codec.ts';
import { ACCEPTED, type Heartbeat, type LogRecord } from '#core/records/record.ts';
import { claimKey, type SeriesEntry } from '#core/series/series.ts';
import { parseHeartbeat } from '#core/wire/heartbeat.ts';
import { isMessageFault } from '#core/wire/message-fault.ts';
import { parseRefusalReport } from '#core/wire/refusal-report.ts';
import type { RefusedFrame, UpTopic } from '#core/wire/topics.ts';
import type { SeriesClaims } from './claims.ts';
import type { Tally } from './counters.ts';
import { AgentDictionary, Dictionaries } from './dictionaries.ts';
import {
  type FrameVerdict,
  futureDetail,
  isFuture,
  judgeBody,
  judgeHeader,
  judgeSeries,
  mayBeFormer,
  type KnownEntry,
  refused,
  type RefusedVerdict,
} from './frame-verdict.ts';
import { PANE_FORMS_MAX, PRESENCE_AGENTS_MAX } from './limits.ts';

/** What was decided about a message, before it is stored. */
export interface Decision {
  /** What goes into the log; undefined where there is nothing to keep. */
  readonly record: Exclude<LogRecord, { readonly kind: 'cut' } | { readonly kind: 'order' }> | undefined;
  /** What the agent is told, once that is stored. */
  readonly answer?: RefusedFrame;
  /** Why a message that is no frame was put aside. */
  readonly complaint?: string;
}

export interface IngestOptions {
  readonly log: Pick<Log, 'partitions' | 'append'>;
  readonly claims: SeriesClaims;
  readonly metrics: ReadonlyMap<string, Metric> | null;
  readonly views: readonly SlicedView[];
  readonly clockSkewMsMax: number;
  readonly tally: Tally;
  /** The entries that the fold knows of an agent, asked for when the broker knows none. */
  readonly dictionaryOf: (agent: string) => readonly SeriesEntry[];
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
  readonly #opener = new FrameOpener();
  readonly #dictionaries = new Dictionaries();
  readonly #forms = new Map<string, KnownEntry>();

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  fullness(): readonly Fullness[] {
    return [
      this.#dictionaries.fullness(),
      { of: 'heartbeats_remembered', held: this.#logged.size, max: PRESENCE_AGENTS_MAX },
      { of: 'pane_forms', held: this.#forms.size, max: PANE_FORMS_MAX },
    ];
  }

  /** An order has changed what the agent may write, or where its dictionary begins. */
  forget(agent: string): void {
    this.#dictionaries.forget(agent);
    this.#logged.delete(agent);
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
    const { verdict, entries, said } = await this.#judge(agent, frame, header, atMs);
    const record = { kind: 'frame', agent, atMs, verdict, frame } as const;
    const told = verdict.kind === 'refused' ? verdict : said;
    if (told === undefined) return { record };
    // A frame whose header can't be read has no number to answer to.
    const { incarnation, sequence } = header.kind === 'fault' ? { incarnation: 0, sequence: 0 } : header;
    return { record, answer: { incarnation, sequence, code: told.code, detail: told.detail, entries } };
  }

  /** `said`: what the agent is told of a frame that is accepted. */
  async #judge(
    agent: string,
    bytes: Uint8Array,
    header: ReturnType<typeof readHeader>,
    atMs: number,
  ): Promise<FrameVerdict & { readonly said?: RefusedVerdict }> {
    const verdict = judgeHeader(header, { atMs, skewMsMax: this.#options.clockSkewMsMax });
    if (verdict.kind === 'refused' || header.kind === 'fault') return { verdict, entries: [] };
    const opened = this.#opener.open(bytes, header);
    if (opened.kind === 'fault') return { verdict: refused(opened.code, opened.message), entries: [] };
    if (opened.kind === 'birth') return this.#takeBirth(agent, opened.birth);
    const dictionary = this.#dictionaries.of(agent);
    if (dictionary !== undefined) return judgeBody(opened, header, (index) => dictionary.at(index));
    // Asking takes its time, and the opener may be another frame's by then.
    const asked = await this.#dictionaryOf(agent);
    const again = this.#opener.open(bytes, header);
    return again.kind === 'fault' ? { verdict, entries: [] } : judgeBody(again, header, (index) => asked.at(index));
  }

  /** A birth is accepted whole: entries keep their indexes. Series of it that are refused cost only themselves. */
  async #takeBirth(agent: string, { firstIndex, entries }: Birth): Promise<FrameVerdict & { said?: RefusedVerdict }> {
    const dictionary = await this.#dictionaryOf(agent);
    const judged = await this.#learn(agent, dictionary, firstIndex, entries);
    this.#dictionaries.trim();
    const indexes = judged.flatMap((entry, i) => (entry.kind === 'refused' ? [firstIndex + i] : []));
    const said = judged.find((entry) => entry.kind === 'refused');
    return { verdict: ACCEPTED, entries: indexes, ...(said === undefined ? {} : { said }) };
  }

  /** What is known of the agent's dictionary; at first, what the fold knows, judged anew. */
  async #dictionaryOf(agent: string): Promise<AgentDictionary> {
    const known = this.#dictionaries.of(agent);
    if (known !== undefined) return known;
    const entries = this.#options.dictionaryOf(agent);
    const dictionary = new AgentDictionary();
    await this.#learn(agent, dictionary, 0, entries);
    this.#dictionaries.begin(agent, dictionary);
    this.#dictionaries.trim();
    return dictionary;
  }

  /**
   * Takes up entries of an agent, and those that were refused before and are taken now: what a series said of itself before
   * it was said as it is declared. Gives the verdicts on the former.
   */
  async #learn(
    agent: string,
    dictionary: AgentDictionary,
    firstIndex: number,
    entries: readonly SeriesEntry[],
  ): Promise<readonly KnownEntry[]> {
    const judged = await this.#judgeEntries(agent, entries);
    dictionary.learn(firstIndex, judged);
    for (const [i, entry] of entries.entries()) {
      if (judged[i]!.kind === 'taken') {
        for (const [index, former] of dictionary.takeFormer(entry, firstIndex + i))
          dictionary.learn(index, [this.#form(former)]);
      } else if (mayBeFormer(judged[i]!, entry, this.#options.metrics)) dictionary.keepFormer(entry, firstIndex + i);
    }
    return entries.map((_, i) => dictionary.at(firstIndex + i)!);
  }

  async #judgeEntries(agent: string, entries: readonly SeriesEntry[]): Promise<readonly KnownEntry[]> {
    const verdicts = entries.map((entry) => judgeSeries(entry, this.#options.metrics));
    const keys = entries.map(claimKey);
    const wanted = new Set(keys.filter((_, i) => verdicts[i]!.kind === 'accepted'));
    const unclaimed = await this.#claim(agent, wanted);
    return entries.map((entry, i): KnownEntry => {
      const verdict = verdicts[i]!;
      if (verdict.kind === 'refused') return verdict;
      return unclaimed.get(keys[i]!) ?? this.#form(entry);
    });
  }

  /** Claims what can be claimed of `wanted`; gives why the rest can't be. */
  async #claim(agent: string, wanted: Set<string>): Promise<ReadonlyMap<string, RefusedVerdict>> {
    const unclaimed = new Map<string, RefusedVerdict>();
    while (wanted.size > 0) {
      const outcome = await this.#options.claims.claim(agent, [...wanted]);
      if (outcome.kind === 'claimed') break;
      if (outcome.kind === 'full') {
        const detail = `there is no room to claim series ${outcome.series}: too many series have owners`;
        for (const series of wanted) unclaimed.set(series, refused('claims-full', detail));
        break;
      }
      for (const [series, owner] of outcome.owners) {
        const detail = `series ${series} belongs to agent ${owner}; where this agent replaces it: weir agents hand-over ${owner} ${agent}`;
        unclaimed.set(series, refused('series-claimed', detail));
        wanted.delete(series);
      }
    }
    return unclaimed;
  }

  /** One object for all entries of a metric that are alike: a dictionary is a pointer per entry. */
  #form(entry: SeriesEntry): KnownEntry {
    const { metric, kind, paneMs, quantiles, intervalMs, holdMs } = entry;
    const key = JSON.stringify([metric, kind, paneMs, quantiles, intervalMs, holdMs]);
    let form = this.#forms.get(key);
    if (form === undefined) {
      if (this.#forms.size >= PANE_FORMS_MAX) this.#forms.clear();
      form = { kind: 'taken', paneMs, quantiles, held: heldForm(entry, this.#options.views) };
      this.#forms.set(key, form);
    }
    return form;
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
