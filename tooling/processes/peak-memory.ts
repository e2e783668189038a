import { readFile } from 'node:fs/promises';

/** The most memory that a process has had resident, in bytes; undefined where the system doesn't tell (proc(5), VmHWM). */
export async function peakMemoryBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}
