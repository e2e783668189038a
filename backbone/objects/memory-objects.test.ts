import { MemoryObjects } from './memory-objects.fixtures.ts';
import { runObjectsCases } from './objects.cases.ts';

runObjectsCases('memory', async () => {
  const stored = new Map<string, Uint8Array>();
  return { open: async () => new MemoryObjects(stored), [Symbol.asyncDispose]: () => Promise.resolve() };
});
