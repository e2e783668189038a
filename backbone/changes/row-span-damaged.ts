import { WeirError } from '#core/errors.ts';
import type { RowSpan } from './changes.ts';

/** What the rows of a span are read with: its opener, and the part that it is named by. */
export type SpanNames = Pick<RowSpan, 'view' | 'group' | 'opener' | 'part'>;

/** The bytes of a span are none: the disk has lost what was written. */
export class RowSpanDamaged extends WeirError {
  readonly kind = 'changes-damaged';

  constructor({ view, group, opener }: Pick<RowSpan, 'view' | 'group' | 'opener'>, reason: string) {
    super(
      `The table of changes is damaged: rows of view "${view}", group ${group}, from slice ${opener} on, ${reason}. ` +
        'Take the directory "speed" of the data directory away and start again: it is made anew from the log.',
      { fault: 'data' },
    );
  }
}
