import { cpus, totalmem } from 'node:os';

/** On what something was measured, for people. */
export function describeMachine(): string {
  const [first] = cpus();
  return `${cpus().length} cores (${first?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 1024 ** 3)} GiB`;
}
