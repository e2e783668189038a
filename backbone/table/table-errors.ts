import { WeirError, reasonOf } from '#core/errors.ts';

/** The table was disposed of; this call came after. */
export class TableClosed extends WeirError {
  readonly kind = 'table-closed';
  constructor(dir: string) {
    super(`The table in ${dir} is closed. Open it again to use it.`, { fault: 'world' });
  }
}

/** The disk under the table refused to read or write. */
export class TableUnavailable extends WeirError {
  readonly kind = 'table-unavailable';
  constructor(dir: string, cause: unknown) {
    super(`The table in ${dir} can't be used: ${reasonOf(cause)}. Check the disk and its free space, then restart.`, {
      fault: 'world',
      cause,
    });
  }
}

/** A batch is larger than the table writes in one step. */
export class TableWriteTooLarge extends WeirError {
  readonly kind = 'table-write-too-large';
  constructor(bytes: number, bytesMax: number) {
    super(`A write of ${bytes} bytes exceeds the ${bytesMax} bytes that a table writes in one step. Split it.`, {
      fault: 'asked',
    });
  }
}
