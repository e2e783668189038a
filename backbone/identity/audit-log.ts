import { type FileHandle, open, readdir, readFile, truncate, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { reasonOf } from '#core/errors.ts';
import { chained, type ChainHead, EMPTY_CHAIN, headOf, parseLine } from '#core/identity/chain.ts';
import { syncDirectory } from '../disk/durable-file.ts';
import { claimDirectory } from '../disk/marker.ts';
import type { Audit, AuditEntry } from './audit.ts';

/**
 * `audit-SEGMENT.ndjson`: a line of JSON for each entry, chained also from one segment to the next; the oldest segments make room for new
 * ones. `head.json` says how far they go, so that lines that are gone from the end are seen to be.
 */
const KIND = 'audit';
const FORMAT = 1;
const NAME = /^audit-(\d{6})\.ndjson$/;
const HEAD_FILE = 'head.json';

const SEGMENT_BYTES = 8 * 1024 * 1024;
/** Half a gigabyte: some two million lines. */
const SEGMENTS_MAX = 64;

/** The same refusal is told once in this time, and then how often it came. */
const REFUSAL_MS = 1_000;
/** Different refusals in that time; what comes beyond is counted together. So few that strangers need hours to push out what was noted before. */
const REFUSALS_MAX = 32;
/** Why somebody was refused may quote what they sent. */
const WHY_CHARS_MAX = 256;

/** Entries that wait for the disk; beyond it they are counted, and the number is noted. */
const WAITING_MAX = 10_000;

type Refusal = Extract<AuditEntry, { readonly kind: 'refused' }>;

/** The record of a running server, of which it is the only writer. */
export class AuditLog implements Audit, AsyncDisposable {
  readonly #dir: string;
  readonly #clock: () => number;
  readonly #logger: Logger;
  #file: FileHandle;
  #segment: number;
  #bytes: number;
  #head: ChainHead;
  #waiting: object[] = [];
  #dropped = 0;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  /** Refusals of the last moment, and how often each came again. */
  readonly #refusals = new Map<string, { readonly entry: Refusal; times: number }>();
  readonly #beat: NodeJS.Timeout;

  private constructor(dir: string, clock: () => number, logger: Logger, at: Place) {
    this.#dir = dir;
    this.#clock = clock;
    this.#logger = logger;
    this.#file = at.file;
    this.#segment = at.segment;
    this.#bytes = at.bytes;
    this.#head = at.head;
    this.#beat = setInterval(() => this.#tellRepeats(), REFUSAL_MS);
    this.#beat.unref();
  }

  /** Goes on where it ended; a line that a crash cut off is taken away. Throws what the disk throws. */
  static async open(options: {
    readonly dir: string;
    /** ms since 1970. */
    readonly clock: () => number;
    readonly logger: Logger;
  }): Promise<AuditLog> {
    const { dir, clock, logger } = options;
    await claimDirectory(dir, { kind: KIND, format: FORMAT, facts: {} });
    const at = await lastPlace(dir);
    const noted = await readHead(dir);
    const log = new AuditLog(dir, clock, logger, at);
    if (noted !== undefined && noted.count > at.head.count) {
      logger.error({ was: noted, is: at.head }, 'the end of the audit log is gone');
      log.#append({ kind: 'cut', was: noted.count });
    }
    return log;
  }

  /** How far it goes. */
  get head(): ChainHead {
    return this.#head;
  }

  note(entry: AuditEntry): void {
    if (entry.kind !== 'refused') {
      this.#append(entry);
      return;
    }
    const { door, address, who } = entry;
    const why = entry.why.slice(0, WHY_CHARS_MAX).toWellFormed();
    const key = JSON.stringify([door, address, who, why]);
    const again = this.#refusals.get(key) ?? this.#othersBeyond(door);
    if (again !== undefined) {
      again.times++;
      return;
    }
    const told = { ...entry, why };
    this.#refusals.set(key, { entry: told, times: 0 });
    this.#append(told);
  }

  /** Resolves when all that was noted is on the disk, or can't be. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#beat);
    this.#tellRepeats();
    await this.flush();
    await this.#file.close();
  }

  /** Where refusals are counted that are too many to be told apart. */
  #othersBeyond(door: Refusal['door']): { times: number } | undefined {
    if (this.#refusals.size < REFUSALS_MAX) return undefined;
    const entry: Refusal = { kind: 'refused', door, address: 'others', who: null, why: 'several' };
    const others = this.#refusals.get(door) ?? { entry, times: 0 };
    this.#refusals.set(door, others);
    return others;
  }

  #tellRepeats(): void {
    for (const { entry, times } of this.#refusals.values()) if (times > 0) this.#append({ ...entry, times });
    this.#refusals.clear();
  }

  #append(entry: object): void {
    if (this.#waiting.length >= WAITING_MAX) {
      this.#dropped++;
      return;
    }
    this.#waiting.push({ at: new Date(this.#clock()).toISOString(), ...entry });
    if (this.#isWriting) return;
    this.#isWriting = true;
    this.#writing = this.#write();
  }

  /** Writes what waits, and what comes meanwhile; a disk that fails is told, and what it lost is noted when it works again. */
  async #write(): Promise<void> {
    try {
      while (this.#waiting.length > 0) {
        const entries = this.#waiting;
        this.#waiting = [];
        if (this.#dropped > 0)
          entries.push({ at: new Date(this.#clock()).toISOString(), kind: 'lost', times: this.#dropped });
        this.#dropped = 0;
        await this.#store(entries);
      }
    } finally {
      this.#isWriting = false;
    }
  }

  async #store(entries: readonly object[]): Promise<void> {
    let head = this.#head;
    let text = '';
    for (const entry of entries) {
      const next = chained(entry, head);
      ({ head } = next);
      text += `${next.line}\n`;
    }
    try {
      if (this.#bytes >= SEGMENT_BYTES) await this.#nextSegment();
      const bytes = Buffer.from(text);
      await this.#file.write(bytes, 0, bytes.length, this.#bytes);
      await this.#file.datasync();
      this.#bytes += bytes.length;
      this.#head = head;
      await writeFile(join(this.#dir, HEAD_FILE), `${JSON.stringify(head)}\n`);
    } catch (error) {
      this.#dropped += entries.length;
      this.#logger.error({ reason: reasonOf(error), entries }, 'the audit log can not be written');
    }
  }

  async #nextSegment(): Promise<void> {
    const file = await open(join(this.#dir, fileName(this.#segment + 1)), 'wx');
    await syncDirectory(this.#dir);
    await this.#file.close();
    this.#file = file;
    this.#segment++;
    this.#bytes = 0;
    for (const old of (await segmentsIn(this.#dir)).slice(0, -SEGMENTS_MAX))
      await unlink(join(this.#dir, fileName(old)));
  }
}

interface Place {
  readonly file: FileHandle;
  readonly segment: number;
  readonly bytes: number;
  readonly head: ChainHead;
}

/** Where to go on. */
async function lastPlace(dir: string): Promise<Place> {
  const segments = await segmentsIn(dir);
  const segment = segments.at(-1) ?? 1;
  const path = join(dir, fileName(segment));
  const file = await open(path, segments.length === 0 ? 'wx+' : 'r+');
  const text = await file.readFile('utf8');
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const bytes = Buffer.byteLength(whole);
  if (whole.length < text.length) await truncate(path, bytes);
  await syncDirectory(dir);
  const last = whole.trimEnd().split('\n').at(-1) ?? '';
  if (last !== '') return { file, segment, bytes, head: headOf(last, Number(parseLine(last)?.['n'] ?? 0)) };
  // A segment that was begun, and not written to yet.
  const before = segments.at(-2);
  if (before === undefined) return { file, segment, bytes, head: EMPTY_CHAIN };
  const earlier = (await readFile(join(dir, fileName(before)), 'utf8')).trimEnd().split('\n').at(-1)!;
  return { file, segment, bytes, head: headOf(earlier, Number(parseLine(earlier)?.['n'] ?? 0)) };
}

/** Their numbers, from the oldest on; none where there is no directory. */
export async function segmentsIn(dir: string): Promise<readonly number[]> {
  return (await readdir(dir))
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}

export function fileName(segment: number): string {
  return `audit-${String(segment).padStart(6, '0')}.ndjson`;
}

/** The head that was noted last; undefined where there is none that can be read. */
export async function readHead(dir: string): Promise<ChainHead | undefined> {
  const text = await readFile(join(dir, HEAD_FILE), 'utf8').catch(() => '');
  const { count, hash } = parseLine(text) ?? {};
  return typeof count === 'number' && typeof hash === 'string' ? { count, hash } : undefined;
}
