import { addCalendar } from '#core/time/calendar.ts';
import { type Duration, formatDuration, nominalMs } from '#core/time/duration.ts';
import { openZone } from '#core/time/zone.ts';
import type { Group } from '../index/group.ts';
import type { ServingIndex } from '../index/serving-index.ts';
import type { ViewSource } from '../index/view-source.ts';
import { groupsOf, headOf, type WindowsAnswer } from './answer-windows.ts';
import { type AnsweredWindow, Judge } from './answered-window.ts';
import { JSON_WINDOWS_MAX, QueryError, type SessionsQuery, tooMany } from './query.ts';
import { type Reach, type Session, SessionWalk } from './session-walk.ts';

const UTC = openZone('UTC');

/**
 * Sessions of each group that overlap [from, to), whole also beyond it. Slices belong to one session where
 * `next.first.t − prev.last.t` is within the gap; that is exact as long as no slice is wider than the gap.
 *
 * A session starts at its first reading and ends at its last, both included (as in Kafka Streams), so one of a single
 * reading starts and ends at once. It is final when the watermarks have passed its end by the gap: nothing can join it.
 */
export async function answerSessions(
  index: ServingIndex,
  source: ViewSource,
  query: SessionsQuery,
  sessionsMax = JSON_WINDOWS_MAX,
): Promise<WindowsAnswer> {
  checkGap(query);
  const reach = reachOf(query.gap);
  const groups = groupsOf(source, query.where);
  const walk = new SessionWalk(source, query, reach);
  for (const group of groups) {
    await walk.add(group);
    if (walk.count > sessionsMax) throw tooMany('sessions', sessionsMax);
  }
  return walk.settle(() => {
    const judge = new Judge(walk.table, query, source.id);
    const told = groupsOf(source, query.where);
    return {
      ...headOf(index, source, told),
      table: walk.table,
      windows: inOrder(walk, told).map(({ group, session }) =>
        judged(judge, group, session, query.view.sliceMs, reach),
      ),
    };
  });
}

function reachOf(gap: Duration): Reach {
  return gap.kind === 'fixed' ? (lastMs) => lastMs + gap.ms : (lastMs) => addCalendar(UTC, lastMs, gap);
}

function checkGap({ gap, view }: SessionsQuery): void {
  if (nominalMs(gap) >= view.sliceMs) return;
  const slice = formatDuration({ kind: 'fixed', ms: view.sliceMs });
  throw new QueryError(
    'gap',
    formatDuration(gap),
    `is shorter than the slice of view ${view.name}, ${slice}, inside which readings are not told apart`,
    `ask for a gap of ${slice} or more, or declare the view with a shorter \`slice\``,
  );
}

function judged(judge: Judge, group: Group, session: Session, sliceMs: number, reach: Reach): AnsweredWindow {
  const { firstMs, lastMs } = session;
  return judge.session({ ...session, group, startMs: firstMs, endMs: lastMs }, sliceMs, reach(lastMs) + 1);
}

function inOrder(
  walk: SessionWalk,
  groups: readonly Group[],
): readonly { readonly group: Group; readonly session: Session }[] {
  return groups
    .flatMap((group, order) => walk.sessionsOf(group).map((session) => ({ group, session, order })))
    .sort((a, b) => a.session.firstMs - b.session.firstMs || a.order - b.order);
}
