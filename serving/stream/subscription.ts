import { TextWriter } from '#core/packing/text-writer.ts';
import { addCalendar } from '#core/time/calendar.ts';
import type { Duration } from '#core/time/duration.ts';
import { formatInstant, INSTANT_MAX_MS, INSTANT_MIN_MS } from '#core/time/instant.ts';
import {
  answerWindows,
  checkEdges,
  groupsOf,
  headOf,
  openCombiner,
  type WindowsAnswer,
  withSource,
} from '../answers/answer-windows.ts';
import { Judge } from '../answers/answered-window.ts';
import type { GoneWindow } from '../answers/combine-windows.ts';
import {
  parseFilter,
  parseSpan,
  parseStats,
  parseTime,
  parseWindowSpec,
  parseZone,
  QueryError,
  type WindowsQuery,
} from '../answers/query.ts';
import { type Extent, extentOf } from '../answers/window-spans.ts';
import { headText, jsonTagTexts, TZDATA, unitsOf, WindowWriter } from '../answers/write-json.ts';
import type { TagTexts } from '../answers/write-stats.ts';
import type { ViewReader } from '../http/view-reader.ts';
import { readPositionToken } from '../index/position-token.ts';
import type { RecentBatch } from '../index/recent-changes.ts';
import type { ViewSource } from '../index/view-source.ts';
import { changedWindows } from './changed-windows.ts';
import { SNAPSHOT_WINDOWS_MAX } from './limits.ts';
import type { SubscribeMessage } from './messages.ts';
import { SharedMessage, type SharedTellings, type Telling } from './shared-tellings.ts';

/** From the start of a year that every window of the first data fits in, to the last one that can be written. */
const EVER: Extent = { fromMs: INSTANT_MIN_MS, toMs: INSTANT_MAX_MS };

/**
 * A query that stays open: first a snapshot, then the windows that changed, whole and by their newest state. It keeps
 * no windows and no queue, only how far in the source's recent changes it has told.
 */
export class Subscription {
  readonly id: string;
  readonly #asked: SubscribeMessage;
  readonly #reader: ViewReader;
  readonly #shared: SharedTellings;
  readonly #last: Duration | undefined;
  /** When it was asked for: what a time relative to now is counted from, as long as it stays open. */
  readonly #askedAtMs: number;
  /** What it asks of a source, found once: it is looked at with every change. */
  #question: { readonly source: ViewSource; readonly text: string } | undefined;
  #source: ViewSource | undefined;
  /** What was told last, as of which changes, and of which freshness. */
  #sequence = 0;
  #freshnessMs: number | null = null;
  #resume: string | undefined;

  /** Throws QueryError. */
  constructor(asked: SubscribeMessage, reader: ViewReader, shared: SharedTellings) {
    this.id = asked.id;
    this.#asked = asked;
    this.#reader = reader;
    this.#shared = shared;
    this.#askedAtMs = reader.nowMs();
    this.#resume = asked.resume;
    if (asked.last !== undefined && asked.from !== undefined)
      throw new QueryError('last', asked.last, 'stands beside `from`', 'give one of the two');
    this.#last = asked.last === undefined ? undefined : parseSpan('last', asked.last);
  }

  /** Whether there may be something to tell. What was committed without a change in its view is passed by. */
  hasNews(): boolean {
    if (this.#source === undefined || this.#source.isReplaced) return true;
    const { newest, newestChange } = this.#source.recent;
    if (newestChange > this.#sequence) return true;
    this.#sequence = newest;
    return false;
  }

  /** What to tell next, as a frame; undefined where nothing changed that it asks for. Throws QueryError. */
  async next(): Promise<Buffer | undefined> {
    const { index } = this.#reader;
    const { view } = this.#asked;
    const sourceOf = (): ViewSource => this.#reader.source(view, undefined);
    const source = sourceOf();
    // Made once, it takes one turn among the queries, however many wait for it.
    const telling = await this.#shared.tell(source, this.#keyOf(source), () =>
      withSource(index, view, sourceOf, (live) => this.#tell(live, this.#query(live))),
    );
    return this.#take(telling);
  }

  /** The same at once, where it was made for another already: `frame` is undefined where nothing changed that it asks for. */
  nextMade(): { readonly frame: Buffer | undefined } | undefined {
    const source = this.#source;
    if (source === undefined || source.isReplaced) return undefined;
    const telling = this.#shared.made(source, this.#keyOf(source));
    return telling === undefined ? undefined : { frame: this.#take(telling) };
  }

  #take(telling: Telling): Buffer | undefined {
    this.#source = telling.source;
    this.#resume = undefined;
    this.#sequence = telling.sequence;
    this.#freshnessMs = telling.freshnessMs;
    return telling.message?.frameFor(this.id);
  }

  /** Subscriptions that ask for the same, and stand at the same place, have the same key. */
  #keyOf(source: ViewSource): string {
    if (this.#question?.source !== source) this.#question = { source, text: this.#questionTo(source) };
    const { text } = this.#question;
    return this.#source === source ? `${text} ${this.#sequence} ${this.#freshnessMs}` : `${text} from ${this.#resume}`;
  }

  /** What is asked of a source. By the filter that it comes to: of two who ask the same each may see another part. */
  #questionTo(source: ViewSource): string {
    const query = this.#query(source);
    const { from, ...asked } = { ...this.#asked, id: undefined, resume: undefined };
    return JSON.stringify([asked, [...query.where], from === undefined ? undefined : query.fromMs]);
  }

  async #tell(source: ViewSource, query: WindowsQuery): Promise<Telling> {
    const data = await extentOf(source, groupsOf(source, query.where));
    const scope = { ...query, ...this.#scope(data, query) };
    const batches = this.#missed(source);
    return batches === undefined ? this.#snapshot(source, scope) : this.#changes(source, scope, data, batches);
  }

  /** The batches since what was told last, or since the position that is resumed; undefined where a snapshot is needed. */
  #missed(source: ViewSource): readonly RecentBatch[] | undefined {
    if (this.#source === source) return source.recent.since(this.#sequence);
    const token = this.#resume === undefined ? undefined : readPositionToken(this.#resume);
    const { run, positions } = this.#reader.index;
    if (token?.run !== run) return undefined;
    const { version, batch } = source.id;
    if (token.version !== version || token.cut.join() !== batch.cut.join()) return undefined;
    return source.recent.beyond(token.positions, positions);
  }

  async #snapshot(source: ViewSource, query: WindowsQuery): Promise<Telling> {
    const answer = await answerWindows(this.#reader.index, source, query, SNAPSHOT_WINDOWS_MAX);
    return tellingOf('snapshot', source, query, answer);
  }

  async #changes(
    source: ViewSource,
    query: WindowsQuery,
    data: Extent | undefined,
    batches: readonly RecentBatch[],
  ): Promise<Telling> {
    checkEdges(query, data);
    const combiner = openCombiner(source, query, true);
    const changed = changedWindows(source, query, batches, data, SNAPSHOT_WINDOWS_MAX);
    if (changed === undefined) return this.#snapshot(source, query);
    for (const [group, spans] of changed) await combiner.add([group], spans);
    return combiner.settle(() => {
      const groups = groupsOf(source, query.where);
      const judge = new Judge(combiner.table, query, source.id);
      const windows = combiner.windows(groups).map((window) => judge.window(window));
      const gone = combiner.gone(groups);
      const isResumed = this.#source !== source;
      const head = headOf(this.#reader.index, source, groups);
      if (windows.length === 0 && gone.length === 0 && head.freshnessMs === this.#freshnessMs && !isResumed)
        return { source, ...head };
      return tellingOf('changes', source, query, { ...head, table: combiner.table, windows }, gone);
    });
  }

  #query(source: ViewSource): WindowsQuery {
    const { view, metric } = this.#reader.about(source);
    const asked = this.#asked;
    const zone = parseZone(asked.zone);
    const given = Object.entries(asked.where ?? {}).map(
      ([tag, value]) => [tag, typeof value === 'string' ? [value] : value] as const,
    );
    const fromMs = asked.from === undefined ? EVER.fromMs : parseTime('from', asked.from, zone, this.#askedAtMs);
    return {
      view,
      metric,
      where: this.#reader.confined(view, parseFilter(given, view, [])),
      stats: parseStats(asked.stats?.join(','), metric),
      spec: parseWindowSpec(asked, zone),
      fromMs,
      toMs: EVER.toMs,
    };
  }

  /** Where the subscription reaches back to: `last` moves along with the newest data. */
  #scope(data: Extent | undefined, { spec, fromMs }: WindowsQuery): Extent {
    if (this.#last === undefined || data === undefined) return { fromMs, toMs: EVER.toMs };
    const last = this.#last;
    const startMs =
      last.kind === 'fixed' ? data.toMs - last.ms : addCalendar(spec.zone, data.toMs, { ...last, count: -last.count });
    return { fromMs: Math.max(EVER.fromMs, startMs), toMs: EVER.toMs };
  }
}

function tellingOf(
  type: 'snapshot' | 'changes',
  source: ViewSource,
  query: WindowsQuery,
  answer: WindowsAnswer,
  gone: readonly GoneWindow[] = [],
): Telling {
  const tagTexts = jsonTagTexts(query);
  const writer = new WindowWriter(answer.table, query, tagTexts);
  // Changes are of the query whose snapshot told its units and its zone.
  const told = type === 'snapshot' ? { zone: query.spec.zone.name, units: unitsOf(query) } : undefined;
  const out = new TextWriter();
  out.text(`${headText(answer, TZDATA, told).slice(1)},"windows":[`);
  let separator = '';
  for (const window of answer.windows) {
    out.ascii(separator);
    writer.write(out, window);
    separator = ',';
  }
  out.ascii(']');
  if (gone.length > 0) writeGone(out, gone, tagTexts);
  out.ascii('}');
  const { sequence, freshnessMs } = answer;
  return { source, sequence, freshnessMs, message: new SharedMessage(type, Buffer.from(out.takeString())) };
}

/** The names of windows that hold nothing any more, as a field behind the windows. */
function writeGone(out: TextWriter, gone: readonly GoneWindow[], tagTexts: TagTexts): void {
  let begin = ',"gone":[';
  for (const { startMs, group } of gone) {
    out.ascii(`${begin}{"start":"${formatInstant(startMs)}","tags":`);
    out.append(tagTexts.of(group.tags));
    out.ascii('}');
    begin = ',';
  }
  out.ascii(']');
}
