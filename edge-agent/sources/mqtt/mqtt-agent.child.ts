/**
 * `node mqtt-agent.child.ts DIR PORT`: an agent to whom devices publish at PORT, whose state is in DIR and whose server is
 * never there. Prints `ready`; ended with SIGTERM, prints what it has counted.
 */
import { once } from 'node:events';
import { pino } from 'pino';
import { startEdgeAgent } from '../../edge-agent.ts';
import { SPOOL_BYTES_MIN } from '../../spool/limits.ts';
import { declaredSource } from '../sources.fixtures.ts';
import { METRICS, TEMPERATURE } from './mqtt.fixtures.ts';

const [dir, port] = process.argv.slice(2) as [string, string];
const topics = [{ ...TEMPERATURE, time: { columns: ['at'], format: 'unix' } }];

const agent = await startEdgeAgent({
  id: 'roof-1',
  broker: 'mqtt://127.0.0.1:1',
  spool: { dir, bytes: SPOOL_BYTES_MIN },
  metrics: METRICS,
  sources: Object.entries({ home: declaredSource({ kind: 'mqtt', listen: `127.0.0.1:${port}`, topics }) }),
  folder: dir,
  stdin: () => process.stdin,
  nowMs: Date.now,
  random: Math.random,
  logger: pino({ level: 'silent' }),
});
process.stdout.write('ready\n');
await once(process, 'SIGTERM');
process.stdout.write(`${JSON.stringify(agent.totals())}\n`);
await agent[Symbol.asyncDispose]();
process.exit();
