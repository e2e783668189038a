import asyncApiSchema from '@asyncapi/specs/schemas/3.0.0-without-$id.json' with { type: 'json' };
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { serveWorld } from '../serving.fixtures.ts';
import { World } from '../world.fixtures.ts';
import { StreamReader } from './stream-reader.fixtures.ts';

const START = Date.UTC(2026, 0, 1);
const VIEW = 'power-by-region';

interface Described {
  readonly servers: { readonly here: { readonly host: string } };
  readonly channels: { readonly stream: { readonly address: string } };
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

/** Schemas that let nothing pass which they don't name: of what is told nothing may go without a word. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (typeof schema !== 'object' || schema === null) return schema;
  const parts = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, closed(value)]));
  return 'properties' in parts ? { additionalProperties: false, ...parts } : parts;
}

/** What is wrong with a value by one of the described schemas; null where nothing is. */
function checksOf(described: Described): (name: string, value: unknown) => unknown {
  const ajv = new Ajv({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'stream', ...(closed({ components: described.components }) as object) });
  return (name, value) => {
    const check = ajv.getSchema(`stream#/components/schemas/${name}`)!;
    return check(value) ? null : check.errors;
  };
}

const reading = (minute: number) => ({ device: 'm1@IDF', atMs: START + minute * 60_000, value: minute });

describe('the description of the stream', () => {
  it('is AsyncAPI 3, and leads to the stream', async () => {
    await using served = await serveWorld(await World.open());
    const { body, headers } = await served.get('/asyncapi.json');
    const ajv = new Ajv({ strict: false, validateFormats: false });
    const check = ajv.compile(asyncApiSchema);
    expect(check(body) ? null : check.errors).toBeNull();
    const { servers, channels } = body as Described;
    expect(`http://${servers.here.host}`).toBe(served.url);
    expect((await served.get(channels.stream.address)).status).toBe(426);
    const again = await fetch(`${served.url}/asyncapi.json`, { headers: { 'if-none-match': headers.get('etag')! } });
    expect(again.status).toBe(304);
  });

  it('holds for all that a session sends and is told, and says all of it', async () => {
    const world = await World.open();
    await world.deliver('a', [reading(0)], START);
    await using served = await serveWorld(world);
    const wrongWith = checksOf((await served.get('/asyncapi.json')).body as Described);
    await using reader = await StreamReader.open(served.url);
    const told: { readonly type: string }[] = [];
    reader.socket.on('message', (data: Buffer) => told.push(JSON.parse(data.toString()) as { type: string }));
    const subscribe = {
      type: 'subscribe',
      id: 'one',
      view: VIEW,
      window: '1h',
      every: '30m',
      zone: 'Europe/Paris',
      stats: ['count', 'first', 'min', 'integral'],
      last: '7d',
      where: { region: ['IDF'] },
    };
    const unsubscribe = { type: 'unsubscribe', id: 'one' };
    expect([wrongWith('Subscribe', subscribe), wrongWith('Unsubscribe', unsubscribe)]).toStrictEqual([null, null]);
    reader.send(subscribe);
    await expect.poll(() => told.length).toBe(1);
    await world.deliver('a', [reading(1), reading(90)], START + 60_000);
    await expect.poll(() => told.length).toBe(2);
    reader.send({ ...subscribe, window: 'never' });
    reader.send(unsubscribe);
    reader.socket.send('[]');
    await expect.poll(() => told.length).toBe(4);
    expect(told.map(({ type }) => type)).toStrictEqual(['snapshot', 'changes', 'error', 'error']);
    for (const message of told)
      expect(wrongWith(message.type[0]!.toUpperCase() + message.type.slice(1), message)).toBeNull();
  });

  it.each([
    { type: 'subscribe', id: 'x', view: VIEW },
    { type: 'subscribe', id: '' },
    { type: 'unsubscribe', id: 7 },
  ])('does not let %j pass, as the stream does not', async (message) => {
    await using served = await serveWorld(await World.open());
    const wrongWith = checksOf((await served.get('/asyncapi.json')).body as Described);
    expect(wrongWith(message.type === 'subscribe' ? 'Subscribe' : 'Unsubscribe', message)).not.toBeNull();
    await using reader = await StreamReader.open(served.url);
    reader.send(message);
    expect(await reader.until(({ type }) => type === 'error')).toBeDefined();
  });
});
