/** Processes that tests start, so that they can kill them. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface ProcessOptions {
  readonly cwd?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** For Node itself. */
  readonly nodeFlags?: readonly string[];
}

/** A process under way, and what it has written so far. */
export interface RunningProcess extends AsyncDisposable {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  stdout(): string;
  stderr(): string;
  /** Its status; null where a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Ends it at once, as a crash would; resolves when it is gone. */
  kill(): Promise<void>;
}

/** Runs a script with this process's Node. Whoever starts it disposes of it, which kills it where it still runs. */
export function startNode(
  script: URL,
  args: readonly string[],
  { cwd, env = {}, nodeFlags = [] }: ProcessOptions = {},
): RunningProcess {
  const child = spawn(process.execPath, [...nodeFlags, fileURLToPath(script), ...args], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const ended = once(child, 'close').then(([status]) => status as number | null);
  const kill = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    await ended;
  };
  return { process: child, stdout: () => stdout, stderr: () => stderr, ended, kill, [Symbol.asyncDispose]: kill };
}

/**
 * Runs a script until it has written a line that is enough, then kills it (`kill -9`). Gives all lines that it came to
 * write, of which the last may be torn. Throws where it ends by itself.
 */
export async function linesUntilKilled(
  script: URL,
  args: readonly string[],
  isEnough: (line: string) => boolean,
): Promise<readonly string[]> {
  await using running = startNode(script, args);
  const lines: string[] = [];
  for await (const line of createInterface({ input: running.process.stdout })) {
    lines.push(line);
    if (isEnough(line)) running.process.kill('SIGKILL');
  }
  const status = await running.ended;
  if (running.process.signalCode !== 'SIGKILL') {
    throw new Error(`${fileURLToPath(script)} ended with status ${status} before it was killed: ${running.stderr()}`);
  }
  return lines;
}

/** The most memory that a process has had resident, in bytes; undefined where the system doesn't tell (proc(5), VmHWM). */
export async function peakMemoryBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
