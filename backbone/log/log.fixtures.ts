import type { Log, LogEntry } from './log.ts';

/** A place for one log, and how it is opened, in this process or another. */
export interface LogHarness extends AsyncDisposable {
  /** The module and the name of its function that opens the log, with the options except `partitions`, as plain data. */
  readonly opening: {
    readonly module: string;
    readonly open: string;
    readonly options: Readonly<Record<string, unknown>>;
  };
}

/** A place whose records are held by a process of its own, which can be killed. */
export interface LogServerHarness extends LogHarness {
  /** Kills it (`kill -9`) and starts it again. */
  restartStorage(): Promise<void>;
}

/** Opens the harness's log in this process. */
export async function openLog(harness: LogHarness, partitions?: number): Promise<Log> {
  const { module, open, options } = harness.opening;
  const opened: { readonly [name: string]: (options: unknown) => Promise<Log> } = await import(module);
  return opened[open]!({ ...options, ...(partitions === undefined ? {} : { partitions }) });
}

export async function readAll(log: Log, partition: number, from = 1): Promise<LogEntry[]> {
  const entries: LogEntry[] = [];
  for (let next = from; ; next = entries.at(-1)!.position + 1) {
    const page = await log.read(partition, next, { bytes: 1_000_000 });
    if (page.length === 0) return entries;
    entries.push(...page);
  }
}

/** A record that carries a number, and varies in length. */
export function recordOf(n: number): Uint8Array {
  const record = new Uint8Array(4 + (n % 7));
  new DataView(record.buffer).setUint32(0, n);
  return record;
}

export function numberOf(entry: LogEntry): number {
  return new DataView(entry.bytes.buffer, entry.bytes.byteOffset).getUint32(0);
}

/** Bytes that differ from place to place, so that a shifted or cut record is seen. */
export function patternOf(bytes: number): Uint8Array {
  return Uint8Array.from({ length: bytes }, (_, index) => (index * 31 + (index >> 8) + bytes) & 0xff);
}

export function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
