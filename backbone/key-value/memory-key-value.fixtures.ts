import { MemoryTable } from '../table/memory-table.fixtures.ts';
import { TableKeyValue } from './embedded-key-value.ts';

/** An empty key-value store in memory, for tests. */
export class MemoryKeyValue extends TableKeyValue {
  constructor() {
    super('memory', new MemoryTable(), 0);
  }
}
