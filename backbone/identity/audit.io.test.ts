import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import { auditLines, checkAudit } from './audit-check.ts';
import { AuditLog } from './audit-log.ts';
import type { AuditEntry } from './audit.ts';

const START_MS = Date.UTC(2026, 4, 1);
const refused = (who: string, address = '192.0.2.7') =>
  ({ kind: 'refused', door: 'http', address, who, why: 'unknown token' }) as const satisfies AuditEntry;

let dir: string;
beforeEach(async () => {
  const place = await makeTemporaryDirectory('audit');
  onTestFinished(() => place[Symbol.asyncDispose]());
  dir = join(place.dir, 'audit');
});

const open = (): Promise<AuditLog> => AuditLog.open({ dir, clock: () => START_MS, logger: pino({ level: 'silent' }) });
const linesOf = async () => Array.fromAsync(auditLines(dir));
const path = (): string => join(dir, 'audit-000001.ndjson');

async function written(count: number): Promise<string> {
  await using log = await open();
  for (let i = 0; i < count; i++) log.note({ kind: 'asked', who: 'op', what: `POST ${i}` });
  await log.flush();
  return await readFile(path(), 'utf8');
}

describe('the audit log', () => {
  it('keeps what was noted, over restarts, and its chain is whole', async () => {
    await written(2);
    await written(1);
    expect(await linesOf()).toMatchObject([
      { n: 1, at: '2026-05-01T00:00:00.000Z', kind: 'asked', who: 'op', what: 'POST 0' },
      { n: 2, what: 'POST 1' },
      { n: 3, what: 'POST 0' },
    ]);
    expect(await checkAudit(dir)).toMatchObject({ first: 1, head: { count: 3 }, faults: [] });
  });

  it('tells the first of many refusals at once, and how often the same came again', async () => {
    const log = await open();
    for (let i = 0; i < 10_000; i++) log.note(refused('c0ffee'));
    log.note(refused('roof-1'));
    await log.flush();
    expect(await linesOf()).toMatchObject([{ who: 'c0ffee' }, { who: 'roof-1' }]);
    await log[Symbol.asyncDispose]();
    expect(await linesOf()).toMatchObject([{}, {}, { who: 'c0ffee', times: 9_999 }]);
  });

  it('counts together those that are too many to be told apart, and leaves none out', async () => {
    const log = await open();
    for (let i = 0; i < 5_000; i++) log.note(refused(`name-${i}`));
    await log[Symbol.asyncDispose]();
    const lines = await linesOf();
    expect(lines.length).toBeLessThan(100);
    expect(lines.at(-1)).toMatchObject({ address: 'others', who: null });
    expect(lines.reduce((sum, { times }) => sum + Number(times ?? 1), 0)).toBe(5_000);
  });

  it('quotes no more than a little of what was asked', async () => {
    const log = await open();
    for (const end of ['a', 'b'])
      log.note({ ...refused('reader'), why: `it may not GET /${'x'.repeat(16_000)}${end}` });
    await log[Symbol.asyncDispose]();
    const lines = await linesOf();
    expect(lines).toMatchObject([{ who: 'reader' }, { who: 'reader', times: 1 }]);
    expect(JSON.stringify(lines).length).toBeLessThan(1_000);
  });

  it('goes on behind a line that a crash cut off', async () => {
    await written(2);
    await appendFile(path(), '{"n":3,"at":"2026-05');
    await written(1);
    expect(await linesOf()).toHaveLength(3);
    expect((await checkAudit(dir)).faults).toEqual([]);
  });

  it('shows which line was changed, and that one was taken out', async () => {
    const text = await written(4);
    const lines = text.trimEnd().split('\n');
    await writeFile(path(), text.replace('POST 1', 'GET 1'));
    expect((await checkAudit(dir)).faults).toEqual(['line 3 is not what followed line 2']);
    await writeFile(path(), `${lines.toSpliced(1, 1).join('\n')}\n`);
    expect((await checkAudit(dir)).faults).toEqual(['line 2 is not what followed line 1']);
    await writeFile(path(), 'no line at all\n'.repeat(1_000));
    expect((await checkAudit(dir)).faults.length).toBeLessThan(200);
    await writeFile(path(), text);
    expect((await checkAudit(dir)).faults).toEqual([]);
  });

  it('shows that its end was replaced by more than there was', async () => {
    const text = await written(3);
    const head = await readFile(join(dir, 'head.json'), 'utf8');
    await writeFile(path(), `${text.split('\n')[0]}\n`);
    await writeFile(join(dir, 'head.json'), '');
    await written(4);
    await writeFile(join(dir, 'head.json'), head);
    expect((await checkAudit(dir)).faults).toEqual(['line 3 is not the one that was the last']);
  });

  it('is whole at any moment in which a server writes it', async () => {
    await using log = await open();
    let isOver = false;
    const writing = (async () => {
      for (let i = 0; i < 200; i++) {
        for (let k = 0; k < 50; k++) log.note({ kind: 'asked', who: 'op', what: `POST ${i}/${k}` });
        await log.flush();
      }
      isOver = true;
    })();
    while (!isOver) expect((await checkAudit(dir)).faults).toEqual([]);
    await writing;
    expect((await checkAudit(dir)).head.count).toBe(10_000);
  });

  it('shows that its end was cut off, when it is checked and when the server starts', async () => {
    const text = await written(4);
    await writeFile(path(), `${text.trimEnd().split('\n').slice(0, 2).join('\n')}\n`);
    expect((await checkAudit(dir)).faults).toEqual(['it ends with line 2, and once went to line 4']);
    await written(1);
    expect(await linesOf()).toMatchObject([{}, {}, { n: 3, kind: 'cut', was: 4 }, { n: 4 }]);
  });

  it('shows that its end was replaced by another, beside a head that was noted elsewhere', async () => {
    const text = await written(3);
    const { head } = await checkAudit(dir);
    await writeFile(path(), `${text.split('\n')[0]}\n`);
    await writeFile(join(dir, 'head.json'), '');
    await written(4);
    expect((await checkAudit(dir)).faults).toEqual([]);
    expect((await checkAudit(dir, head)).faults).toEqual(['line 3 is not the one whose hash was noted']);
    await writeFile(path(), text);
    await writeFile(join(dir, 'head.json'), '');
    expect((await checkAudit(dir, head)).faults).toEqual([]);
  });

  it('is nothing where there is none', async () => {
    expect(await linesOf()).toEqual([]);
    expect(await checkAudit(dir)).toMatchObject({ head: { count: 0 }, faults: [] });
  });
});
