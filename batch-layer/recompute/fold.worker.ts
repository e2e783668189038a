import { strict as assert } from 'node:assert';
import { enableCompileCache, flushCompileCache } from 'node:module';
import { setPriority } from 'node:os';
import type { FoldAnswer, FoldTask } from './fold-process.ts';

/**
 * A process that does one task after another, and ends with the one that started it. Nearly all that its start takes is
 * for reading the sources, so what Node makes of them is kept between starts: written down at once, since the process is killed in the end.
 */
enableCompileCache();
const { codeOf } = await import('#backbone/storage-errors.ts');
const { reasonOf } = await import('#core/errors.ts');
const { runTask } = await import('./fold-process.ts');
flushCompileCache();

assert(process.send !== undefined, 'this module is the start of a process of FoldPool');
const send = process.send.bind(process);

/** Where the machine is busy, what has just come in and who waits for an answer come first: a third of their share is left. */
const PRIORITY = 5;

setPriority(PRIORITY);
process.on('disconnect', () => process.exit());
// What a terminal tells all of its processes is for the one that started this.
process.on('SIGINT', () => undefined);
/** With nothing to do for so long, what the last tasks needed is let go of. */
const REST_MS = 1000;
const rest = setTimeout(() => globalThis.gc?.(), REST_MS).unref();

process.on('message', (task: FoldTask) => {
  send(answerTo(task));
  rest.refresh();
});

function answerTo(task: FoldTask): FoldAnswer {
  try {
    const result = runTask(task);
    return { kind: 'done', result, memory: process.memoryUsage.rss() };
  } catch (failure) {
    return { kind: 'failed', reason: reasonOf(failure), code: codeOf(failure), memory: process.memoryUsage.rss() };
  }
}
