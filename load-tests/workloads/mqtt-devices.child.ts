/**
 * `node mqtt-devices.child.ts PORT MESSAGES`: devices that publish JSON with quality of service 1 over a few connections,
 * and as many at a time as an agent's broker allows. Prints the milliseconds from the first to the last acknowledgement.
 */
import { connect, type Socket } from 'node:net';
import { generate } from 'mqtt-packet';

const CONNECTIONS = 4;
/** Messages of a connection that are not acknowledged yet. */
const WINDOW = 2_000;
const DEVICES = 250;
const ACKNOWLEDGEMENT_BYTES = 4;
const CONNACK_BYTES = 4;

const [port, messages] = process.argv.slice(2).map(Number) as [number, number];

/** A round of messages of every device of a connection, whose packets have the identifiers 1 to WINDOW. */
function packetsOf(connection: number): readonly Buffer[] {
  return Array.from({ length: WINDOW }, (_, i) => {
    const device = `d${connection}-${i % DEVICES}`;
    const payload = `{"temperature":${(20 + (i % 97) / 10).toFixed(1)},"humidity":${40 + (i % 31)},"linkquality":120,"battery":97.5}`;
    return generate({
      cmd: 'publish',
      topic: `zigbee2mqtt/${device}`,
      payload,
      qos: 1,
      messageId: i + 1,
      dup: false,
      retain: false,
    });
  });
}

async function publishAll(connection: number, count: number): Promise<void> {
  const packets = packetsOf(connection);
  const socket: Socket = connect(port, '127.0.0.1');
  socket.setNoDelay(true);
  socket.write(
    generate({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      clientId: `c${connection}`,
      keepalive: 0,
    }),
  );
  const done = Promise.withResolvers<void>();
  let sent = 0;
  let bytes = -CONNACK_BYTES;
  socket.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    const acknowledged = Math.floor(bytes / ACKNOWLEDGEMENT_BYTES);
    if (acknowledged >= count) {
      socket.destroy();
      done.resolve();
      return;
    }
    const to = Math.min(count, acknowledged + WINDOW);
    if (to <= sent) return;
    const next: Buffer[] = [];
    for (; sent < to; sent++) next.push(packets[sent % WINDOW]!);
    socket.write(Buffer.concat(next));
  });
  await done.promise;
}

const startMs = performance.now();
await Promise.all(Array.from({ length: CONNECTIONS }, (_, i) => publishAll(i, messages / CONNECTIONS)));
process.stdout.write(`${performance.now() - startMs}\n`);
