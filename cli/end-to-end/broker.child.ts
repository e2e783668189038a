/**
 * A broker with an embedded log, in a process of its own so that a test can kill it: `broker.child.ts DIR PORT`.
 * Writes its port to standard output; ends tidily on SIGTERM.
 */
import { once } from 'node:events';
import { join } from 'node:path';
import { pino } from 'pino';
import { openEmbeddedKeyValue } from '#backbone/key-value/embedded-key-value.ts';
import { openEmbeddedLog } from '#backbone/log/embedded-log.ts';
import { startBroker } from '#broker/broker.ts';

const [dir = '', port = '0'] = process.argv.slice(2);
await using log = await openEmbeddedLog({ dir: join(dir, 'log'), partitions: 2 });
await using claims = await openEmbeddedKeyValue({ dir: join(dir, 'claims') });
await using broker = await startBroker({
  listen: { host: '127.0.0.1', port: Number(port) },
  log,
  claims,
  metrics: null,
  views: [],
  clock: Date.now,
  logger: pino({ level: 'silent' }),
  ledgerHead: () => Promise.resolve({ incarnation: 0, highestSequence: 0 }),
  wantedOf: () => new Promise(() => undefined),
  endedOf: () => Promise.resolve([]),
  dictionaryOf: () => [],
});
process.stdout.write(`${broker.port}\n`);
await once(process, 'SIGTERM');
