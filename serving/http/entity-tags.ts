import { hash } from 'node:crypto';
import { formatDuration } from '#core/time/duration.ts';
import { groupsOf, headOf, type WindowsAnswer } from '../answers/answer-windows.ts';
import type { AnsweredWindow, AnswerHead } from '../answers/answered-window.ts';
import type { SessionsQuery, WindowsQuery } from '../answers/query.ts';
import { extentOfSessions, extentOfWindows, isUnchangedSince } from '../answers/unchanged.ts';
import type { Extent } from '../answers/window-spans.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import type { ViewSource } from '../index/view-source.ts';
import type { Format } from './answer-format.ts';

/** What is asked, of which source, and in which format it is told. */
export interface Asked {
  readonly source: ViewSource;
  readonly query: WindowsQuery | SessionsQuery;
  readonly format: Format;
}

/** What a tag says of the answer that it was given with. */
interface Tagged {
  /** The newest batch of changes in it. */
  readonly sequence: number;
  /** The event time that it rests on. */
  readonly extent: Extent;
  /** Whether all that it tells is final. */
  readonly isFinal: boolean;
}

/** An answer is still what it was when its tag was given. */
export interface Match {
  readonly tag: string;
  readonly isFinal: boolean;
}

/**
 * Entity tags of answers (RFC 9110, 8.8.3), which are looked at without making the answer: a tag names the state of the
 * index that an answer is of, and is still good while nothing that the answer rests on has changed since.
 *
 * They are weak: answers of one tag tell the same windows, each as complete and as final, and as fresh as far as that lies
 * within them; the position, and a freshness beyond their end, may have gone on. A time relative to now is part of a
 * tag only by the windows that it leads to.
 *
 * A source has one version and one batch state, and each that takes over, also again after a rollback, is another one. A
 * digest with a secret of this process covers all of it, so what another start has given, or somebody has made up, is
 * no tag.
 */
export class EntityTags {
  readonly #secret: string;
  readonly #index: ServingIndex;
  readonly #sources = new WeakMap<ViewSource, number>();
  #sourceCount = 0;

  /** `secret` is drawn anew at each start. */
  constructor(secret: string, index: ServingIndex) {
    this.#secret = secret;
    this.#index = index;
  }

  /** The tag of an answer in one piece. */
  ofAnswer(asked: Asked, answer: WindowsAnswer): Match {
    const { query } = asked;
    const extent = 'spec' in query ? extentOfWindows(query) : extentOfSessions(query, answer.windows);
    const isFinal =
      answer.asOf === undefined &&
      answer.freshnessMs !== null &&
      answer.freshnessMs >= extent.toMs &&
      areFinal(answer.windows);
    return { tag: this.#tag(asked, { sequence: answer.sequence, extent, isFinal }, answer), isFinal };
  }

  /** The tag of windows whose pieces are yet to be made: where something changes meanwhile it is no longer good. */
  ofRows(asked: Asked & { readonly query: WindowsQuery }): Match {
    const { source, query } = asked;
    const extent = extentOfWindows(query);
    const tagged = { sequence: source.recent.newest, extent, isFinal: false };
    return { tag: this.#tag(asked, tagged, this.#headNow(asked)), isFinal: false };
  }

  /** The first tag of an If-None-Match (RFC 9110, 13.1.2) that is still good, of as many as are looked at; undefined where none is. */
  match(asked: Asked, ifNoneMatch: string | undefined): Match | undefined {
    if (ifNoneMatch === undefined) return undefined;
    const { source, query } = asked;
    let head: AnswerHead | undefined;
    for (const [, opaque] of ifNoneMatch.matchAll(/"([^"]*)"/g).take(TAGS_MAX)) {
      const told = readTag(opaque!);
      if (told === undefined) continue;
      const extent = 'spec' in query ? extentOfWindows(query) : told.extent;
      head ??= this.#headNow(asked);
      const tag = this.#tag(asked, { ...told, extent }, head);
      if (tag === `W/"${opaque}"` && isUnchangedSince(source, query, extent, told.sequence))
        return { tag, isFinal: told.isFinal };
    }
    return undefined;
  }

  #tag(asked: Asked, tagged: Tagged, { freshnessMs, without }: Pick<AnswerHead, 'freshnessMs' | 'without'>): string {
    const { source, query, format } = asked;
    const { sequence, extent, isFinal } = tagged;
    const told = [sequence, extent.fromMs, extent.toMs, isFinal ? 1 : 0].map((one) => one.toString(36)).join('.');
    const facts = [
      this.#secret,
      this.#numberOf(source),
      // As of an earlier cut no change is told, but what is complete goes by what agents miss today.
      source.id.isAsOf ? this.#index.agents.turns : 0,
      told,
      format,
      ...textsOf(query),
      freshnessMs === null ? null : Math.min(freshnessMs, extent.toMs),
      without,
    ];
    return `W/"${told}.${hash('sha256', JSON.stringify(facts), 'base64url').slice(0, DIGEST_CHARACTERS)}"`;
  }

  #headNow({ source, query }: Asked): AnswerHead {
    return headOf(this.#index, source, groupsOf(source, query.where));
  }

  #numberOf(source: ViewSource): number {
    let number = this.#sources.get(source);
    if (number === undefined) this.#sources.set(source, (number = ++this.#sourceCount));
    return number;
  }
}

/** Tags of an If-None-Match that are looked at: a reader has one answer, or a few of them. */
const TAGS_MAX = 16;

/** Whether an If-None-Match is met by any answer at all. */
export function meetsAny(ifNoneMatch: string | undefined): boolean {
  return ifNoneMatch?.trim() === '*';
}

/** 132 bits: nobody finds two of one digest. */
const DIGEST_CHARACTERS = 22;

const TAG = /^([0-9a-z]{1,11})\.(-?[0-9a-z]{1,11})\.(-?[0-9a-z]{1,11})\.([01])\.[\w-]+$/;

/** What the opaque part of a tag says; undefined of one that is none of ours. */
function readTag(opaque: string): Tagged | undefined {
  const [, sequence, fromMs, toMs, final] = TAG.exec(opaque) ?? [];
  if (sequence === undefined || fromMs === undefined || toMs === undefined) return undefined;
  const extent = { fromMs: Number.parseInt(fromMs, 36), toMs: Number.parseInt(toMs, 36) };
  return { sequence: Number.parseInt(sequence, 36), extent, isFinal: final === '1' };
}

/** What tells queries apart, beside the extent of windows. */
function textsOf(query: WindowsQuery | SessionsQuery): readonly unknown[] {
  const told = [query.stats.map(({ name }) => name), [...query.where]];
  if (!('spec' in query)) return [...told, formatDuration(query.gap), query.fromMs, query.toMs];
  const { spec } = query;
  const every = spec.kind === 'hopping' ? formatDuration(spec.every) : null;
  const offset = spec.offset === undefined ? null : formatDuration(spec.offset);
  return [...told, formatDuration(spec.size), every, offset, spec.zone.name];
}

function areFinal(windows: Iterable<AnsweredWindow>): boolean {
  for (const { final } of windows) if (!final) return false;
  return true;
}
