import { connectPacket, mqttPacket, publishPacket } from './mqtt-packets.ts';
import type { Attack } from './plan.ts';

const request = (...lines: readonly string[]): Uint8Array => Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');

const upgrade = (path: string, ...more: readonly string[]): Uint8Array =>
  request(
    `GET ${path} HTTP/1.1`,
    'Host: localhost:8484',
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
    ...more,
  );

const as = (client: string, ...packets: readonly Uint8Array[]): Uint8Array =>
  Buffer.concat([connectPacket(client), ...packets]);

/** What comes to the doors of a network that anyone is in. None of it may end a process, or change an answer. */
export const ATTACKS: readonly Attack[] = [
  { what: 'nothing', door: 'http', bytes: new Uint8Array(0) },
  {
    what: 'half a request',
    door: 'http',
    bytes: Buffer.from('POST /api/v1/batch HTTP/1.1\r\nHost: localhost:8484\r\nConte'),
  },
  { what: 'no HTTP', door: 'http', bytes: Buffer.from('\u0000\u0001\u0002 nonsense \r\n\r\n', 'latin1') },
  { what: 'a path of slashes', door: 'http', bytes: request('GET ////// HTTP/1.1', 'Host: localhost:8484') },
  {
    what: 'a path that can not be decoded',
    door: 'http',
    bytes: request('GET /api/v1/views/%E0%A4%A/windows HTTP/1.1', 'Host: localhost:8484'),
  },
  { what: 'a Host that is none', door: 'http', bytes: request('GET /api/v1/views HTTP/1.1', 'Host: [::') },
  { what: 'a Host of somewhere else', door: 'http', bytes: request('GET / HTTP/1.1', 'Host: rebound.example:8484') },
  { what: 'an upgrade of a path of slashes', door: 'http', bytes: upgrade('//') },
  { what: 'an upgrade elsewhere', door: 'http', bytes: upgrade('/api/v1/nothing') },
  {
    what: 'an upgrade and then noise',
    door: 'http',
    bytes: Buffer.concat([upgrade('/api/v1/stream'), Buffer.from('ffffffff', 'hex')]),
  },
  {
    what: 'an upgrade and a message that is no JSON',
    door: 'http',
    bytes: Buffer.concat([upgrade('/api/v1/stream'), Buffer.from('81810000000078', 'hex')]),
  },
  {
    what: 'a body that is no batch',
    door: 'http',
    bytes: Buffer.from('POST /api/v1/batch HTTP/1.1\r\nHost: localhost:8484\r\nContent-Length: 2\r\n\r\n[]'),
  },
  { what: 'no HTTP', door: 'source', bytes: Buffer.from('hello\r\n\r\n') },
  {
    what: 'half a body',
    door: 'source',
    bytes: Buffer.from('POST /readings HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 1000\r\n\r\n[{"time"'),
  },
  {
    what: 'a path of slashes',
    door: 'source',
    bytes: request('POST ////// HTTP/1.1', 'Host: localhost:8080', 'Content-Length: 0'),
  },
  { what: 'noise', door: 'mqtt', bytes: Buffer.from('ffeeddccbbaa99887766554433221100', 'hex') },
  { what: 'a CONNECT that never ends', door: 'mqtt', bytes: Buffer.from('10ff01', 'hex') },
  { what: 'a packet of 256 MB', door: 'mqtt', bytes: Buffer.from('30ffffff7f', 'hex') },
  { what: 'a PUBLISH before a CONNECT', door: 'mqtt', bytes: publishPacket('weir/v1/x/frame', new Uint8Array(8)) },
  {
    what: 'a frame that is none',
    door: 'mqtt',
    bytes: as('intruder', publishPacket('weir/v1/intruder/frame', Buffer.from('not a frame'))),
  },
  {
    what: 'a heartbeat that is none',
    door: 'mqtt',
    bytes: as('intruder', publishPacket('weir/v1/intruder/heartbeat', Buffer.from('{"incarnation":-1}'))),
  },
  {
    what: "another agent's topic",
    door: 'mqtt',
    bytes: as('intruder', publishPacket('weir/v1/agent-1/frame', new Uint8Array(64))),
  },
  { what: 'two CONNECTs', door: 'mqtt', bytes: as('intruder', connectPacket('intruder')) },
  {
    what: 'a subscription to everything',
    door: 'mqtt',
    bytes: as('intruder', mqttPacket(0x82, Uint8Array.of(0, 1), '#', 0)),
  },
  { what: 'a client without a name', door: 'mqtt', bytes: connectPacket('') },
  { what: 'a client named by slashes', door: 'mqtt', bytes: connectPacket('../../#') },
];
