import { on } from 'node:events';
import { parentPort } from 'node:worker_threads';
import { installPlatform } from './platform/install.ts';
import type { WorldTask } from './report.ts';

// Before anything that keeps a timer, a socket or a file of Node's is loaded.
installPlatform();
const { hearUncaught } = await import('./run/run-world.ts');
const { report } = await import('./report.ts');
hearUncaught();

const port = parentPort!;
for await (const [task] of on(port, 'message') as AsyncIterable<[WorldTask]>) port.postMessage(await report(task));
