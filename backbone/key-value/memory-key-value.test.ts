import { MemoryTable } from '../table/memory-table.fixtures.ts';
import { TableKeyValue } from './embedded-key-value.ts';
import { runKeyValueCases } from './key-value.cases.ts';

runKeyValueCases('a table in memory', async () => {
  let table = new MemoryTable();
  return {
    open: () => TableKeyValue.open('memory', (table = table.crash())),
    [Symbol.asyncDispose]: () => table[Symbol.asyncDispose](),
  };
});
