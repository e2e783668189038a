import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runCommand } from '#tooling/servers/command.ts';
import { locate } from '#tooling/servers/locate-server.ts';
import { freePort, startPeerServer, startStatementProcess } from './peer-process.ts';
import type { OpenPeer, Peer, ShapeFile, Traits } from './peer.ts';
import { answerRows, type Question } from './question.ts';
import { kafkaStreamsRecipe } from './recipes.ts';
import type { Shape } from './shapes.ts';

const TRAITS: Traits = {
  synced: 'no, unless flush.messages is 1; several brokers hold copies instead',
  sums: 'doubles',
  late: 'taken, within a grace that is set (here: all)',
  twice: 'counted twice, and again after a crash unless exactly_once_v2 is set',
  completeness: 'no',
};

const HEAP = '-Xmx1g';
const FORMAT_TIMEOUT_MS = 120_000;
/** Twenty-two characters of base64, as the tool that formats wants it. */
const CLUSTER = 'AAAAAAAAAAAAAAAAAAAAAA';

/** Kafka Streams over one broker of its own: rows are JSON in a topic, windows are kept up to date in its stores, and read from these. */
export const kafkaStreams: Peer = {
  name: 'kafka-streams',
  title: 'Kafka Streams',
  how: 'Maven `org.apache.kafka:kafka_2.13:4.1.0` and `kafka-streams:4.1.0`, run by a Java of 17 or newer.',
  traits: TRAITS,
  leavesOut: { counters: 'its windows of a counter would need a program that puts readings in order first' },
  locate: async () => {
    const found = await locate(kafkaStreamsRecipe);
    if (found.kind === 'missing') return found;
    const jars = join(dirname(found.path), 'jars', '*');
    return { kind: 'found', version: found.version, open: (dir, { shape, csv }) => openKafka(jars, dir, shape, csv) };
  },
};

async function openKafka(jars: string, dir: string, shape: Shape, csv: ShapeFile['csv']): Promise<OpenPeer> {
  await using stack = new AsyncDisposableStack();
  const java = (...args: readonly string[]) => ({ command: 'java', args: [HEAP, '-cp', jars, ...args], cwd: dir });
  const port = await freePort();
  const properties = join(dir, 'broker.properties');
  await mkdir(join(dir, 'kafka'));
  await writeFile(properties, brokerProperties(port, await freePort(), join(dir, 'kafka', 'log')));
  const format = java('kafka.tools.StorageTool', 'format', '-t', CLUSTER, '-c', properties);
  const formatted = await runCommand(format.command, format.args, { timeoutMs: FORMAT_TIMEOUT_MS, cwd: dir });
  if (formatted.status !== 0) throw new Error(`the broker's folder could not be formatted: ${formatted.output}`);
  stack.use(
    await startPeerServer(java('kafka.Kafka', properties), join(dir, 'broker.txt'), async () => await takesCalls(port)),
  );
  const program = fileURLToPath(new URL('./kafka-streams.java', import.meta.url));
  const questions = shape.questions.map(({ name, by, windowMs }) => `${name}:${by}:${windowMs}`);
  const span = String(shape.steps * shape.intervalMs);
  const streams = stack.use(
    startStatementProcess(java(program, `127.0.0.1:${port}`, join(dir, 'kafka', 'state'), span, ...questions)),
  );
  const [question] = shape.questions as readonly [Question];
  // Answers once it is ready, which is not counted.
  await streams.run(askOf(question));
  const owned = stack.move();
  return {
    pid: streams.pid,
    dataDir: join(dir, 'kafka'),
    load: async () => (await streams.run(`load ${csv}`)).ms / 1_000,
    ask: async (one) => {
      const { ms, rows } = await streams.run(askOf(one));
      return { ms, rows: answerRows(rows) };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function askOf({ name, fromMs, toMs }: Question): string {
  return `ask ${name} ${fromMs} ${toMs}`;
}

async function takesCalls(port: number): Promise<boolean> {
  return await new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** One broker that is its own controller. Readings are older than a broker keeps them unless it is told otherwise. */
function brokerProperties(port: number, controllerPort: number, dir: string): string {
  return Object.entries({
    'process.roles': 'broker,controller',
    'node.id': 1,
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'log.dirs': dir,
    'log.retention.ms': -1,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.num.partitions': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'group.initial.rebalance.delay.ms': 0,
  })
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}
