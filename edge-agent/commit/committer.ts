import { type StoringOptions, untilStored } from '#backbone/disk/until-stored.ts';
import type { Fullness } from '#backbone/flow/fullness.ts';
import type { Table, TableOperation } from '#backbone/table/table.ts';
import { decodeFrame } from '#core/frames/frame.ts';
import { contentOf, countOf, entriesOf, type FrameContent, pickEntries } from '#core/frames/pick-entries.ts';
import type { Metric } from '#core/metrics/metric.ts';
import type { Heartbeat } from '#core/records/record.ts';
import { acceptBatch, type AcceptedBatch } from '../accept/accept.ts';
import { BatchSorter } from '../accept/sort-batch.ts';
import { chunksOf } from '../journal/chunk-codec.ts';
import { Journal } from '../journal/journal.ts';
import { SEALS_PER_RECORD } from '../journal/stored-seals.ts';
import type { SealExtent } from '../seal/frame-pace.ts';
import { FrameWriter } from '../seal/frame-writer.ts';
import { PanesBuilder } from '../seal/panes-builder.ts';
import { RunsBuilder } from '../seal/runs-builder.ts';
import { openPaneStart, type SealRule, sealRulesOf, sealTail } from '../seal/seal-tails.ts';
import type { ReadingBatch } from '../sources/source.ts';
import type { SpoolItem } from '../spool/entry.ts';
import type { Spool } from '../spool/spool.ts';
import {
  addTotals,
  AGENT_STATE_FORMAT,
  type AgentHead,
  type AgentTotals,
  BREAKS_FORMAT,
  checkpointOperation,
  entryOperations,
  headOperation,
  loadCheckpoint,
  loadEntries,
  loadHead,
  nextStart,
  type Shown,
  shownBy,
} from './agent-state.ts';
import { Dictionary } from './dictionary.ts';
import { EndedSeries, type FrameProgress } from './ended-series.ts';
import { HeldFrames, Outstanding } from './held-frames.ts';
import { reportItems } from './report-items.ts';
import { SourceWatermarks } from './source-watermarks.ts';
import { Speakers } from './speakers.ts';

/** An uplink that has more than this before it doesn't keep up: what it has in flight at the most is as much. */
const UPLINK_LAG_BYTES = 4 * 1024 * 1024;

export interface CommitterOptions {
  readonly id: string;
  readonly table: Table;
  readonly spool: Spool;
  readonly metrics: ReadonlyMap<string, Metric>;
  /** What the journal may take of the disk; as much as its readings do when left out. */
  readonly journalBytesMax?: number;
  /** How long a write that fails is tried again, and who is told; left out, it fails at once. */
  readonly storing?: StoringOptions;
  /** ms since 1970. */
  readonly nowMs: () => number;
}

/** What a start finds on the disk. */
interface Found {
  readonly dictionary: Dictionary;
  readonly journal: Journal;
  readonly ended: EndedSeries;
  readonly sources: SourceWatermarks;
  readonly head: AgentHead;
}

/**
 * Accepts readings, journals them, derives frames from the journal and spools them. A commit is one atomic, synced
 * write of everything that a batch changes: journal, frames, numbers, the source's checkpoint
 * (docs/design.md#journal-before-acknowledgement).
 *
 * Deciding is synchronous and in the order of the calls; writes follow each other, so that a crash loses a tail. A write
 * that fails is tried again as `storing` says; once one has failed for good all that follow fail too, since memory is
 * ahead of the disk from then on.
 */
export class Committer {
  readonly id: string;
  readonly dictionary: Dictionary;
  readonly #table: Table;
  readonly #spool: Spool;
  readonly #journal: Journal;
  readonly #writer: FrameWriter;
  readonly #sorter = new BatchSorter();
  readonly #runs = new RunsBuilder();
  readonly #panes = new PanesBuilder();
  readonly #sealRules = new WeakMap<Metric, readonly [asReadings: SealRule, asPanes: SealRule]>();
  /** The series that the server says are ended. */
  readonly ended: EndedSeries;
  readonly sources: SourceWatermarks;
  readonly #outstanding = new Outstanding();
  readonly #storing: StoringOptions;
  /** The head that this start began with, and what was sent since lets be told. */
  #first: AgentHead;
  #entriesWritten: number;
  #format: number;
  #reports: number;
  #totals: AgentTotals;
  #closed = false;
  #writesInFlight = 0;
  /** What the last write that has reached the disk lets be told; numbers that may still be lost are not. */
  #kept: Heartbeat;
  #acquainting: Promise<void> = Promise.resolve();
  #writing: Promise<void> = Promise.resolve();
  #held = new HeldFrames();

  private constructor(options: CommitterOptions, { dictionary, journal, ended, sources, head }: Found) {
    this.id = options.id;
    this.dictionary = dictionary;
    this.ended = ended;
    this.sources = sources;
    this.#table = options.table;
    this.#storing = options.storing ?? { signal: AbortSignal.abort(), failed: () => undefined };
    this.#spool = options.spool;
    this.#journal = journal;
    this.#first = nextStart(head);
    this.#writer = new FrameWriter(this.#first.incarnation, this.#first.previous, dictionary.entries, head.revision);
    this.#entriesWritten = dictionary.entries.length;
    this.#format = head.format;
    this.#reports = head.reports;
    this.#totals = head.totals;
    this.#kept = this.#told();
  }

  /** The agent as its last commit left it, in a new incarnation, which is durable when this resolves. */
  static async open(options: CommitterOptions): Promise<Committer> {
    const { table, id, metrics, nowMs } = options;
    const head = await loadHead(table, id);
    const entries = await loadEntries(table);
    const entriesByDevice = head.entriesByDevice ?? entries.length;
    const dictionary = new Dictionary(metrics, undefined, entriesByDevice);
    for (const entry of entries) dictionary.restore(entry);
    const journal = await Journal.open({
      table,
      seriesOf: (entry) => dictionary.seriesOf[entry]!,
      seriesCount: dictionary.seriesCount,
      ...(options.journalBytesMax === undefined ? {} : { bytesMax: options.journalBytesMax }),
      repeatHorizonOf: (series) => dictionary.metricOf[series]!.repeatHorizonMs,
    });
    const ended = new EndedSeries(dictionary, journal.series);
    const known = { speakers: await Speakers.open(table), ended, journals: journal.series, nowMs };
    const sources = new SourceWatermarks(known, head.watermarkMs);
    const opened = { ...head, entriesByDevice };
    const committer = new Committer(options, { dictionary, journal, ended, sources, head: opened });
    await table.write([headOperation(committer.#head())], { sync: true });
    await committer.#sendHeld();
    return committer;
  }

  fullness(): readonly Fullness[] {
    return [this.#held.fullness()];
  }

  get totals(): AgentTotals {
    return this.#totals;
  }

  /** What was sent before this start at the most; of this start, once it may send, the incarnation and no number. */
  get shown(): Shown {
    return shownBy(this.#first);
  }

  /** To be awaited before anything is sent to a ledger that has let the agent begin anew so often, where it says so. */
  acquaint(life = this.#first.life): Promise<void> {
    if (this.#first.shownBefore !== undefined || this.#first.life !== life) {
      this.#first = { ...this.#first, shownBefore: undefined, acquainted: true, life };
      this.#acquainting = this.#commit([], []);
    }
    return this.#acquainting;
  }

  get incarnation(): number {
    return this.#writer.incarnation;
  }

  /** What the agent says of itself between frames: of what is on its disk alone. */
  heartbeat(): Heartbeat {
    return this.#writesInFlight === 0 ? this.#told() : this.#kept;
  }

  /** The same of what is in memory. */
  #told(): Heartbeat {
    const { incarnation, sequence } = this.#writer;
    const told = { incarnation, highestSequence: sequence, watermarkMs: this.#safeWatermark(), closed: this.#closed };
    const outstanding = this.#outstanding.told(this.#spool.firstUnreleased(incarnation));
    return outstanding.length === 0 ? told : { ...told, outstanding };
  }

  /** Where the source is to be opened. */
  checkpointOf(source: string) {
    return loadCheckpoint(this.#table, source);
  }

  /** What of this start's frames the server has. */
  get frameProgress(): FrameProgress {
    const { incarnation, sequence } = this.#writer;
    return { sequence, hasArrived: (upTo) => this.#writesInFlight === 0 && this.#spool.isReleased(incarnation, upTo) };
  }

  /** Accepts a batch of a source; resolves when it is durable. Decided at once, in the order of the calls. */
  offer(source: string, batch: ReadingBatch, extent: SealExtent): Promise<void> {
    this.#journal.reach(this.dictionary.seriesCount);
    const accepted = acceptBatch(
      { ...batch, seriesOf: this.dictionary.seriesOf, breaks: this.dictionary.breaksOf(batch.breaks ?? []) },
      this.#journal.series,
      (series) => this.dictionary.metricOf[series]!,
      this.#sorter,
    );
    this.sources.note(source, accepted.series, batch.watermarkMs);
    this.ended.took(accepted.taken);
    this.#count(batch, accepted);
    const operations = [
      ...this.#journal.breaks.record(accepted.breaks),
      ...this.sources.record(),
      checkpointOperation(source, batch.checkpoint),
    ];
    const isNoOther = this.#journal.seals.areAll && accepted.late.runs.length === 0;
    this.#journal.took(accepted.taken);
    if (accepted.breaks.length > 0) this.#format = Math.max(this.#format, BREAKS_FORMAT);
    if (this.#journal.series.length > SEALS_PER_RECORD) this.#format = AGENT_STATE_FORMAT;
    this.#correct(accepted);
    this.#seal(extent);
    const frames = isNoOther ? this.#writer.made : [];
    const chunks = chunksOf(accepted.taken, frames, this.dictionary.entries.length);
    operations.push(...this.#journal.record(chunks, accepted.changed));
    return this.#commit(operations, this.#reportItems(source, batch));
  }

  /**
   * The server has refused a frame, for itself or, where `entries` are named, for what it says of them. What was refused
   * counts as quarantined and is held until the next start; the rest goes in another frame. Resolves when that is durable,
   * with whether it could be held: there is room for HELD_BYTES_MAX. Again for the same frame it does nothing.
   */
  async refuse(bytes: Uint8Array, entries: readonly number[]): Promise<boolean> {
    this.#writer.setApart(entries);
    const frame = decodeFrame(bytes);
    const content = frame.kind === 'fault' ? undefined : contentOf(frame);
    // A birth is taken up but for its refused entries. What can't be read here either was never counted from here.
    if (frame.kind === 'fault' || content === undefined) return true;
    if (this.#held.has(frame.header)) {
      await this.#writing;
      return true;
    }
    const named = new Set(entries);
    const refused = named.size === 0 ? content : pickEntries(content, (entry) => named.has(entry));
    const rest = named.size === 0 ? undefined : pickEntries(content, (entry) => !named.has(entry));
    if (refused === undefined) return true;
    const { operations, isKept } = this.#held.hold(frame.header, refused);
    if (rest !== undefined) this.#writer.again(rest);
    this.#move(refused, 1);
    await this.#commit([...operations], []);
    return isKept;
  }

  /** Sends what the server had refused once more: what was wrong may have been mended. */
  async #sendHeld(): Promise<void> {
    const { held, contents, operations } = await HeldFrames.open(this.#table, this.#spool);
    this.#held = held;
    for (const content of contents) {
      for (const entry of entriesOf(content)) this.dictionary.renew(entry);
      this.#writer.again(content);
      this.#move(content, -1);
    }
    if (operations.length > 0) await this.#commit([...operations], []);
  }

  /** Counts the content among what is quarantined, or with sign −1 no longer. */
  #move(content: FrameContent, sign: 1 | -1): void {
    const count = sign * countOf(content);
    const from = content.kind === 'amend' ? { amended: -count } : { counted: -count };
    this.#totals = addTotals(this.#totals, { ...from, quarantined: count, refused: count });
  }

  /** Resolves when all that was decided so far is durable. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  /** Puts journaled readings into frames; resolves when the frames are durable. */
  seal(extent: SealExtent): Promise<void> {
    this.#seal(extent);
    return this.#commit([], []);
  }

  /** Seals everything and marks the incarnation as ended in order. */
  async close(): Promise<void> {
    await this.seal('everything');
    this.#closed = true;
    await this.#commit([], []);
  }

  #count(batch: ReadingBatch, accepted: AcceptedBatch): void {
    const { counted, repeats, amended } = accepted.tallies;
    const { missing, quarantined } = batch.tallies;
    const readings = counted + repeats + amended + missing + quarantined;
    this.#totals = addTotals(this.#totals, { ...batch.tallies, readings, ...accepted.tallies });
  }

  /** Event time before which all sources are through, and nothing is left in the tails. */
  #safeWatermark(): number | null {
    const lowestMs = this.sources.lowestMs();
    return lowestMs === null ? null : Math.min(lowestMs, this.#journal.seals.earliestMs());
  }

  /**
   * Ships what the batch changed in panes that are in frames already. Amends come before the tails are sealed: what an
   * amend says of a pane covers all frames with lower numbers, and none that follow.
   */
  #correct(accepted: AcceptedBatch): void {
    for (const { entry, times, values, anchor, unchecked } of accepted.late.runs) {
      this.#runs.addRun(entry, times, values, 0, times.length, anchor, unchecked);
    }
    this.#runs.addLinks(accepted.late.links);
    if (accepted.amends.length === 0) return;
    this.#writer.watermarkMs = this.#safeWatermark();
    if (!this.#runs.isEmpty) this.#writer.readings(this.#runs.take());
    this.#writer.amends(accepted.amends);
  }

  #seal(extent: SealExtent): void {
    if (extent !== 'nothing') {
      for (const number of this.#journal.seals.open()) {
        const journal = this.#journal.series[number]!;
        const rule = this.#sealRule(number);
        const untilMs =
          extent === 'complete' && rule.sendsPanes ? openPaneStart(journal, rule.paneMs) : Number.POSITIVE_INFINITY;
        sealTail(journal, rule, untilMs, this.#runs, this.#panes);
        if (this.#runs.isFull) this.#writer.readings(this.#runs.take());
        if (this.#panes.isFull) this.#writer.panes(this.#panes.take());
      }
    }
    this.#runs.addLinks(this.#journal.breaks.settle());
    this.#writer.watermarkMs = this.#safeWatermark();
    if (this.#panes.count > 0) this.#writer.panes(this.#panes.take());
    if (!this.#runs.isEmpty) this.#writer.readings(this.#runs.take());
  }

  /** A metric sent adaptively goes as readings while the uplink keeps up, and as panes while it lags behind. */
  #sealRule(series: number): SealRule {
    const metric = this.dictionary.metricOf[series]!;
    let rules = this.#sealRules.get(metric);
    if (rules === undefined) this.#sealRules.set(metric, (rules = sealRulesOf(metric, this.dictionary.entries)));
    const [asReadings, asPanes] = rules;
    const isLagging = metric.send === 'adaptive' && this.#spool.unreleasedBytes > UPLINK_LAG_BYTES;
    return metric.send === 'panes' || isLagging ? asPanes : asReadings;
  }

  #reportItems(source: string, { refusals }: ReadingBatch): readonly SpoolItem[] {
    const items = reportItems(source, refusals, this.incarnation, this.#reports);
    this.#reports += items.length;
    return items;
  }

  #commit(operations: TableOperation[], reports: readonly SpoolItem[]): Promise<void> {
    const made = this.#writer.take();
    this.#outstanding.made(made);
    const items: SpoolItem[] = [];
    for (const { incarnation, sequence, bytes } of made) {
      items.push({ channel: 'frame', incarnation, sequence, bytes });
      this.#totals = addTotals(this.#totals, { frames: 1, bytes: bytes.length });
    }
    items.push(...reports);
    operations.push(...entryOperations(this.dictionary.entries, this.#entriesWritten));
    this.#format = Math.max(this.#format, this.dictionary.format);
    this.#entriesWritten = this.dictionary.entries.length;
    operations.push(
      ...this.#journal.trim(),
      ...this.#journal.seals.record(),
      headOperation(this.#head()),
      ...this.#spool.stage(items),
    );
    const told = this.#told();
    this.#writesInFlight++;
    return (this.#writing = this.#writing.then(async () => {
      await untilStored(async () => {
        await this.#journal.lookAhead();
        await this.#table.write(operations, { sync: true });
      }, this.#storing);
      this.#writesInFlight--;
      this.#kept = told;
      this.#spool.committed(items);
    }));
  }

  #head(): AgentHead {
    return {
      ...this.#first,
      format: this.#format,
      sequence: this.#writer.sequence,
      reports: this.#reports,
      closed: this.#closed,
      revision: this.#writer.revision,
      totals: this.#totals,
      watermarkMs: this.sources.highestMs,
    };
  }
}
