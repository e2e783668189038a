import { strict as assert } from 'node:assert';
import { parentPort } from 'node:worker_threads';
import { runTask, type ThreadTask } from './fold-pool.ts';

/** A thread that does one task after another. What a task throws reaches the pool as the thread's error. */
assert(parentPort !== null, 'this module is the start of a worker thread');
const port = parentPort;
port.on('message', (task: ThreadTask) => port.postMessage(runTask(task)));
