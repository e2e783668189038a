import { runKeyValueCases } from './key-value.cases.ts';
import { MemoryKeyValue } from './memory-key-value.fixtures.ts';

runKeyValueCases('memory', async () => {
  let state = new MemoryKeyValue();
  return {
    open: async () => (state = state.reopen()),
    [Symbol.asyncDispose]: () => state[Symbol.asyncDispose](),
  };
});
