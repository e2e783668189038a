import { strict as assert } from 'node:assert';
import { parentPort } from 'node:worker_threads';
import { type FoldJob, runFoldJob } from './fold-job.ts';

/** A thread that folds one job after another. What a job throws reaches the pool as the thread's error. */
assert(parentPort !== null, 'this module is the start of a worker thread');
const port = parentPort;
port.on('message', (job: FoldJob) => port.postMessage(runFoldJob(job)));
