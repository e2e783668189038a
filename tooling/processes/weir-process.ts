/** Real processes of weir, for tests and measurements: a command that ends, a server that runs until it is stopped or killed. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ProcessOptions, type RunningProcess, startNode } from './node-process.ts';

const WEIR = new URL('../../cli/weir.ts', import.meta.url);

/** With what `cli/weir.sh` starts Node for a server: what is measured of one is what its users have. */
export const SERVER_FLAGS = ['--max-semi-space-size=16'];
export const SERVER_ENV = { MALLOC_MMAP_THRESHOLD_: '131072', MALLOC_ARENA_MAX: '2' };

/** Longer than any command of a test takes on a busy machine; one that hangs is ended and fails its test. */
const COMMAND_TIMEOUT_MS = 50_000;

const LOOK_EVERY_MS = 20;

export interface CommandResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `weir ARGS` to its end, or for as long as it may take. */
export async function weir(
  args: readonly string[],
  options: ProcessOptions & { readonly timeoutMs?: number },
): Promise<CommandResult> {
  const child = startWeir(args, options);
  const timer = setTimeout(() => child.process.kill('SIGKILL'), options.timeoutMs ?? COMMAND_TIMEOUT_MS);
  const status = await child.ended;
  clearTimeout(timer);
  return { status, stdout: child.stdout(), stderr: child.stderr() };
}

/** Starts `weir ARGS`. Whoever starts it disposes of it, which kills it where it still runs. */
export function startWeir(args: readonly string[], options: ProcessOptions): RunningProcess {
  if (args[0] !== 'up') return startNode(WEIR, args, options);
  return startNode(WEIR, args, { nodeFlags: SERVER_FLAGS, ...options, env: { ...SERVER_ENV, ...options.env } });
}

/** A server of a test, and where its doors are. */
export interface RunningUp extends RunningProcess {
  readonly url: string;
  readonly httpPort: number;
  readonly mqttPort: number;
}

/** Starts `weir up` and waits until it listens. Without ports it takes any that are free. */
export async function startUp(
  args: readonly string[],
  options: ProcessOptions & { readonly httpPort?: number; readonly mqttPort?: number },
): Promise<RunningUp> {
  const { httpPort = 0, mqttPort = 0 } = options;
  const child = startWeir(
    ['up', '--http', `127.0.0.1:${httpPort}`, '--mqtt', `127.0.0.1:${mqttPort}`, '--log-level', 'warn', ...args],
    options,
  );
  await Promise.race([
    new Promise<void>((resolve) => child.process.stdout.on('data', () => /^views/m.test(child.stdout()) && resolve())),
    child.ended.then((status) => {
      throw new Error(`weir up ended with status ${status} before it listened: ${child.stderr()}`);
    }),
  ]);
  const http = Number(/^dashboard {2}http:\/\/127\.0\.0\.1:(\d+)\/$/m.exec(child.stdout())?.[1]);
  const mqtt = Number(/^MQTT {7}127\.0\.0\.1:(\d+)$/m.exec(child.stdout())?.[1]);
  return { ...child, url: `http://127.0.0.1:${http}`, httpPort: http, mqttPort: mqtt };
}

interface LedgerAnswer {
  readonly arrived: number;
  readonly watermark: string | null;
}

/**
 * Resolves once the server at `url` has folded all `frames` of an agent, and its watermark has reached an instant: an
 * acknowledged frame is durable in the log, and the speed layer is some milliseconds behind the log.
 */
export async function whenFolded(url: string, agent: string, frames: number, watermark: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/api/v1/ledger/${agent}`);
    if (response.ok) {
      const ledger = (await response.json()) as LedgerAnswer;
      if (
        ledger.arrived >= frames &&
        ledger.watermark !== null &&
        Date.parse(ledger.watermark) >= Date.parse(watermark)
      )
        return;
    }
    await sleep(LOOK_EVERY_MS);
  }
}
