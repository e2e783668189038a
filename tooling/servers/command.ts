import { spawn } from 'node:child_process';

/** What a finished command left: its exit status (undefined when it was killed or never ran) and all that it printed. */
export interface CommandResult {
  readonly status: number | undefined;
  readonly output: string;
}

/** Output kept per command: enough for a compiler's complaint, and never a whole log. */
export const COMMAND_OUTPUT_CHARS_MAX = 64 * 1024;

/**
 * Runs a command to its end, without input, and gives its status with the last part of its output (both streams). A
 * command that can't be started, or is not done after `timeoutMs`, has status undefined and says why in `output`.
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: { readonly timeoutMs: number; readonly env?: NodeJS.ProcessEnv; readonly cwd?: string },
): Promise<CommandResult> {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: options.env ?? process.env,
    cwd: options.cwd,
    timeout: options.timeoutMs,
    killSignal: 'SIGKILL',
  });
  let output = '';
  const keep = (chunk: string): void => {
    output = (output + chunk).slice(-COMMAND_OUTPUT_CHARS_MAX);
  };
  child.stdout.setEncoding('utf8').on('data', keep);
  child.stderr.setEncoding('utf8').on('data', keep);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      resolve({ status: undefined, output: error.message });
    });
    child.once('close', (status, signal) => {
      if (signal !== null) keep(`\n${command} was ended by ${signal} (it may take ${options.timeoutMs / 1_000} s)`);
      resolve({ status: status ?? undefined, output });
    });
  });
}
