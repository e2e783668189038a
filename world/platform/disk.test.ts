import { describe, expect, it } from 'vitest';
import { DatabaseFile } from './database-file.ts';
import type { WriteFault } from './disk-fault.ts';
import { Draws } from './draws.ts';
import { simulatedFiles } from './file-system.ts';
import { Level } from './level.ts';
import type { Machine } from './machine.ts';
import { Platform } from './platform.ts';

const SEEDS = 50;
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

/** Does something on a machine, in virtual time; rejects with what it rejects with. */
async function on<T>(machine: Machine, act: () => Promise<T>): Promise<T> {
  const doing = (machine.life ?? machine.start()).run(act);
  let ended = false;
  const end = (): void => void (ended = true);
  doing.then(end, end);
  if (await machine.scheduler.runUntil(() => ended)) return doing;
  throw new Error('it waits for ever');
}

async function write(path: string, what: string, sync: boolean): Promise<void> {
  const file = await simulatedFiles.open(path, 'w');
  await file.writeFile(what);
  if (sync) await file.sync();
  await file.close();
}

async function syncDirectory(path: string): Promise<void> {
  await (await simulatedFiles.open(path, 'r')).sync();
}

/** What `read` gives after `act` and the loss of power, over many worlds, each once and sorted. */
async function afterPowerLoss<T>(act: () => Promise<void>, read: () => Promise<T>): Promise<T[]> {
  const found = new Map<string, T>();
  for (let seed = 1; seed <= SEEDS; seed++) {
    const machine = new Platform(seed, 0).machine('machine');
    await on(machine, act);
    machine.end('power-lost');
    const one = await on(machine, read);
    found.set(JSON.stringify(one), one);
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

const readOrNothing = (path: string): Promise<string | undefined> =>
  simulatedFiles.readFile(path, 'utf8').then(String, () => undefined);

describe('a simulated disk without power', () => {
  it('keeps what was synced with its name', async () => {
    const act = async (): Promise<void> => {
      await write('/file', 'whole', true);
      await syncDirectory('/');
    };
    expect(await afterPowerLoss(act, () => readOrNothing('/file'))).toEqual(['whole']);
  });

  it('may lose the name of a file whose bytes were synced', async () => {
    const act = (): Promise<void> => write('/file', 'whole', true);
    const found = await afterPowerLoss(act, () => readOrNothing('/file').then((one) => one ?? 'gone'));
    expect(found).toEqual(['gone', 'whole']);
  });

  it('keeps some beginning of what was appended since the last sync', async () => {
    const act = async (): Promise<void> => {
      await write('/file', 'ab', true);
      await syncDirectory('/');
      const file = await simulatedFiles.open('/file', 'r+');
      await file.write(bytes('cd'), 0, 2, 2);
    };
    expect(await afterPowerLoss(act, () => readOrNothing('/file'))).toEqual(['ab', 'abc', 'abcd']);
  });

  it('loses a tail of the writes of a database since its last synced one', async () => {
    const act = async (): Promise<void> => {
      const level = new Level('/db');
      await level.open();
      await level.put(bytes('k'), bytes('1'), { sync: false });
      await level.put(bytes('k'), bytes('2'), { sync: true });
      await level.put(bytes('k'), bytes('3'), { sync: false });
      await level.put(bytes('k'), bytes('4'), { sync: false });
    };
    const read = async (): Promise<string | undefined> => {
      const level = new Level('/db');
      await level.open();
      return text(await level.get(bytes('k')));
    };
    expect(await afterPowerLoss(act, read)).toEqual(['2', '3', '4']);
  });
});

describe('a process that is killed', () => {
  it('leaves all that it has written, synced or not', async () => {
    const machine = new Platform(1, 0).machine('machine');
    await on(machine, () => write('/file', 'whole', false));
    machine.end('killed');
    expect(await on(machine, () => readOrNothing('/file'))).toBe('whole');
  });

  it.each(['before', 'after'] as const)('%s a durable write never hears of it', async (when) => {
    const machine = new Platform(1, 0).machine('machine');
    machine.disk.arm(({ number }): WriteFault | undefined => (number === 2 ? { kind: 'kills', when } : undefined));
    const level = async (): Promise<Level> => {
      const opened = new Level('/db');
      await opened.open();
      return opened;
    };
    const writing = on(machine, async () => {
      const opened = await level();
      await opened.put(bytes('a'), bytes('1'), { sync: true });
      await opened.put(bytes('b'), bytes('2'), { sync: true });
    });
    await expect(writing).rejects.toThrow('it waits for ever');
    const found = await on(machine, async () => {
      const opened = await level();
      return [text(await opened.get(bytes('a'))), text(await opened.get(bytes('b')))];
    });
    expect(found).toEqual(['1', when === 'after' ? '2' : undefined]);
  });
});

describe('a disk that fails', () => {
  it('refuses writes by the code of the system', async () => {
    const machine = new Platform(1, 0).machine('machine');
    machine.disk.failing = () => ({ kind: 'fails', code: 'ENOSPC', leaves: 'nothing' });
    await expect(on(machine, () => write('/file', 'x', false))).rejects.toMatchObject({ code: 'ENOSPC' });
  });

  it('shows a database what follows a torn write, and loses it at the next opening', () => {
    const file = new DatabaseFile();
    const put = (value: string) => [{ type: 'put' as const, key: bytes('k'), value: bytes(value) }];
    file.write(put('1'), true);
    file.fail(put('2'), 'half');
    file.write(put('3'), true);
    expect(text(file.get(bytes('k')))).toBe('3');
    file.open();
    expect(text(file.get(bytes('k')))).toBe('1');
  });

  it('keeps a write whose sync failed for the next opening, and takes none before', () => {
    const file = new DatabaseFile();
    file.fail([{ type: 'put', key: bytes('k'), value: bytes('1') }], 'all');
    expect(file.refuses).toBe(true);
    expect(file.get(bytes('k'))).toBeUndefined();
    file.open();
    expect(file.refuses).toBe(false);
    expect(text(file.get(bytes('k')))).toBe('1');
  });

  it('is as it was when an image of it is brought back', async () => {
    const machine = new Platform(1, 0).machine('machine');
    await on(machine, async () => {
      await write('/file', 'old', true);
      await syncDirectory('/');
    });
    const image = machine.disk.image();
    await on(machine, () => write('/file', 'new', true));
    machine.disk.restore(image);
    expect(await on(machine, () => readOrNothing('/file'))).toBe('old');
  });
});

describe('draws', () => {
  it('are the same for a seed and a purpose, and others for others', () => {
    const words = (seed: number, purpose: string): number[] => {
      const draws = new Draws(seed, purpose);
      return [draws.word(), draws.word(), draws.word()];
    };
    expect(words(1, 'a')).toEqual(words(1, 'a'));
    const all = [words(1, 'a'), words(2, 'a'), words(1, 'b'), words(1, 'ab'), words(1, 'ba')].flat();
    expect(new Set(all).size).toBe(all.length);
  });
});
