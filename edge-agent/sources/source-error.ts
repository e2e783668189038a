/** What is wrong with a source: it can't be read, is no such file, or is not what it was when it was last read. */
export type SourceErrorKind =
  | 'unreadable'
  | 'empty'
  | 'not-text'
  | 'heading'
  | 'columns'
  | 'changed'
  | 'place'
  | 'listen';

/**
 * A source that can't be opened or go on. Found before anything is produced, except where a file changes under way.
 * The message reads subject, value, remedy, and needs nothing around it.
 */
export class SourceError extends Error {
  readonly kind: SourceErrorKind;
  readonly subject: string;
  readonly value: string;
  readonly remedy: string;

  constructor(kind: SourceErrorKind, subject: string, value: string, remedy: string, cause?: unknown) {
    super(`${subject} ${value}; ${remedy}`, cause === undefined ? {} : { cause });
    this.name = 'SourceError';
    this.kind = kind;
    this.subject = subject;
    this.value = value;
    this.remedy = remedy;
  }
}

/** How messages call the file of a source, `-` being standard input. */
export function subjectOf(file: string): string {
  return file === '-' ? 'standard input' : `file ${file}`;
}
