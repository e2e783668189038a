import { FileUnusable } from '#backbone/doors/secret-file.ts';
import { type Fault, WeirError } from '#core/errors.ts';

/** What is wrong with a source: it can't be read, is no such file, or is not what it was when it was last read. */
export type SourceFault =
  | 'unreadable'
  | 'empty'
  | 'not-text'
  | 'heading'
  | 'columns'
  | 'changed'
  | 'checkpoint'
  | 'listen'
  | 'refused';

const FAULTS: Readonly<Record<SourceFault, Fault>> = {
  unreadable: 'world',
  listen: 'world',
  refused: 'asked',
  heading: 'asked',
  columns: 'asked',
  empty: 'data',
  'not-text': 'data',
  changed: 'data',
  checkpoint: 'data',
};

/**
 * A source that can't be opened or go on. Found before anything is produced, except where a file changes under way.
 * The message reads subject, value, remedy, and needs nothing around it.
 */
export class SourceError extends WeirError {
  readonly kind = 'source';
  readonly sourceFault: SourceFault;
  readonly subject: string;
  readonly value: string;
  readonly remedy: string;

  constructor(sourceFault: SourceFault, subject: string, value: string, remedy: string, cause?: unknown) {
    super(`${subject} ${value}; ${remedy}`, { fault: FAULTS[sourceFault], cause });
    this.sourceFault = sourceFault;
    this.subject = subject;
    this.value = value;
    this.remedy = remedy;
  }
}

/** How messages call the file of a source, `-` being standard input. */
export function subjectOf(file: string): string {
  return file === '-' ? 'standard input' : `file ${file}`;
}

/** What is read from files beside a source, its faults told as the source's own. */
export async function readBeside<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof FileUnusable)) throw error;
    throw new SourceError('unreadable', error.subject, error.value, error.remedy, error.cause);
  }
}
