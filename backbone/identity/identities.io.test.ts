import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import type { IdentityChange } from '#core/identity/identities.ts';
import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import { NewerFormat } from '../storage-errors.ts';
import { changeIdentities, NOTHING_READ, readChanges } from './identity-file.ts';
import { KnownIdentities } from './known-identities.ts';

const WHO = { at: '2026-05-01T00:00:00Z', by: 'somebody' };
const enrolled = (agent: string): IdentityChange => ({ kind: 'agent-enrolled', agent, id: null, hash: null });

let dir: string;
beforeEach(async () => {
  const place = await makeTemporaryDirectory('identities');
  onTestFinished(() => place[Symbol.asyncDispose]());
  dir = join(place.dir, 'identity');
});

const agentsIn = async (): Promise<readonly string[]> =>
  (await readChanges(dir, NOTHING_READ)).changes.map(({ change }) => (change as { agent: string }).agent);

async function open() {
  const logged: string[] = [];
  const logger = pino({ level: 'warn' }, { write: (line: string) => void logged.push(line) });
  const known = await KnownIdentities.open({ dir, clock: () => 0, logger });
  onTestFinished(() => known[Symbol.asyncDispose]());
  return { known, logged };
}

describe('the file of identities', () => {
  it('keeps what was changed, when and by whom, chained, in one file', async () => {
    await changeIdentities(dir, WHO, () => [enrolled('a'), enrolled('b')]);
    await changeIdentities(dir, { ...WHO, by: 'another' }, (known) => [
      { kind: 'agent-revoked', agent: [...known.agents.keys()][0]! },
    ]);
    const { changes, read } = await readChanges(dir, NOTHING_READ);
    expect(changes).toMatchObject([
      { n: 1, ...WHO, change: { agent: 'a' } },
      { n: 2, ...WHO, change: { agent: 'b' } },
      { n: 3, by: 'another', change: { kind: 'agent-revoked', agent: 'a' } },
    ]);
    expect(read.head.count).toBe(3);
    expect(await readdir(dir)).toEqual(['identities-000000002.ndjson', 'weir.json']);
  });

  it('is not touched where nothing is to be changed, or deciding fails', async () => {
    await changeIdentities(dir, WHO, () => [enrolled('a')]);
    await changeIdentities(dir, WHO, () => []);
    const fails = changeIdentities(dir, WHO, () => {
      throw new TypeError('no');
    });
    await expect(fails).rejects.toThrow('no');
    expect(await readdir(dir)).toEqual(['identities-000000001.ndjson', 'weir.json']);
  });

  it('loses nothing where many change it at once, and each decides by what is known then', async () => {
    const names = Array.from({ length: 12 }, (_, i) => `agent-${i}`);
    const sizes: number[] = [];
    await Promise.all(
      names.map((name) =>
        changeIdentities(dir, WHO, (known) => {
          const { size } = known.agents;
          queueMicrotask(() => sizes.push(size));
          return [enrolled(name)];
        }),
      ),
    );
    expect([...(await agentsIn())].sort()).toEqual(names.toSorted());
    expect((await readdir(dir)).filter((name) => name.startsWith('identities'))).toHaveLength(1);
  });

  it('is refused by the line that was edited, cut or put in', async () => {
    await changeIdentities(dir, WHO, () => [enrolled('a'), enrolled('b'), enrolled('c')]);
    const path = join(dir, 'identities-000000001.ndjson');
    const text = await readFile(path, 'utf8');
    const lines = text.split('\n').slice(0, -1);
    const refused = async (changed: string): Promise<string> => {
      await writeFile(path, changed);
      return readChanges(dir, NOTHING_READ).then(
        () => 'taken',
        (error: Error) => error.message,
      );
    };
    expect(await refused(text.replace('"agent":"b"', '"agent":"x"'))).toContain('line 3 is not what followed line 2');
    expect(await refused(`${lines[0]}\n${lines[2]}\n`)).toContain('line 2 is not what followed line 1');
    expect(await refused(text.slice(0, -1))).toContain('its last line is cut off');
    expect(await refused(text)).toBe('taken');
  });
});

describe('identities of a later format', () => {
  it('are refused by its name', async () => {
    await changeIdentities(dir, WHO, () => [enrolled('a')]);
    await writeFile(join(dir, 'weir.json'), '{"kind":"identities","format":2}\n');
    await expect(readChanges(dir, NOTHING_READ)).rejects.toThrow(NewerFormat);
    await expect(changeIdentities(dir, WHO, () => [enrolled('b')])).rejects.toThrow(NewerFormat);
  });
});

describe('a server that knows identities', () => {
  it('hears of a change within two seconds, and tells it once', async () => {
    await changeIdentities(dir, WHO, () => [enrolled('a')]);
    const { known } = await open();
    expect(known.enrolmentOf('a')).toBeDefined();
    const told: (readonly IdentityChange[])[] = [];
    known.listen((changes) => told.push(changes));
    await changeIdentities(dir, WHO, () => [{ kind: 'agent-revoked', agent: 'a' }, enrolled('b')]);
    await expect.poll(() => known.enrolmentOf('a'), { timeout: 2_000 }).toBeUndefined();
    expect(told).toEqual([[{ kind: 'agent-revoked', agent: 'a' }, enrolled('b')]]);
    expect(known.head.count).toBe(3);
  });

  it('begins with nobody where there is no file, and learns of the first', async () => {
    const { known } = await open();
    expect(known.counts).toEqual({ agents: 0, tokens: 0 });
    await changeIdentities(dir, WHO, () => [enrolled('a')]);
    await expect.poll(() => known.enrolmentOf('a'), { timeout: 2_000 }).toBeDefined();
  });

  it('keeps to what it knew where an older file takes the place of a newer one, by whatever number', async () => {
    await changeIdentities(dir, WHO, () => [enrolled('a')]);
    const older = await readFile(join(dir, 'identities-000000001.ndjson'));
    await changeIdentities(dir, WHO, () => [enrolled('b')]);
    const { known, logged } = await open();
    await writeFile(join(dir, 'identities-000000003.ndjson'), older);
    await expect.poll(() => logged.length, { timeout: 2_000 }).toBe(1);
    expect(logged[0]).toContain('generation 3 has lost changes that were there');
    expect(known.enrolmentOf('b')).toBeDefined();
  });

  it('keeps to what it knew where the file is taken away, and says so once', async () => {
    await changeIdentities(dir, WHO, () => [enrolled('a')]);
    const { known, logged } = await open();
    await rm(dir, { recursive: true });
    await expect.poll(() => logged.length, { timeout: 2_000 }).toBe(1);
    expect(known.enrolmentOf('a')).toBeDefined();
    expect(logged[0]).toContain('who was known before still is');
  });
});
