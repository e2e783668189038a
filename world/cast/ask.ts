import { request, type RequestOptions } from 'node:http';
import type { Machine } from '../platform/machine.ts';

export interface Asked {
  readonly host: string;
  readonly port: number;
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/** One HTTP request from a machine that lives. Rejects where no whole answer comes in time. */
export function ask(machine: Machine, asked: Asked): Promise<Reply> {
  const life = machine.life ?? machine.start();
  const { host, port, method = 'GET', path, body, headers = {}, timeoutMs } = asked;
  return life.run(
    () =>
      new Promise<Reply>((resolve, reject) => {
        const dialled = machine.network.dial(host, port);
        // What happens to the connection once the answer is there is nobody's concern.
        dialled.on('error', () => undefined);
        const options: RequestOptions = { host, port, method, path, agent: false, createConnection: () => dialled };
        const sent = request(
          { ...options, headers: { connection: 'close', host: `localhost:${port}`, ...headers } },
          (response) => {
            const chunks: Buffer[] = [];
            response.on('data', (chunk: Buffer) => chunks.push(chunk));
            response.on('error', fail);
            response.on('close', () => {
              clearTimeout(timer);
              if (response.complete) resolve({ status: response.statusCode!, text: Buffer.concat(chunks).toString() });
              else reject(new Error('the answer broke off'));
            });
          },
        );
        const timer = setTimeout(() => sent.destroy(new Error('no answer in time')), timeoutMs);
        function fail(error: Error): void {
          clearTimeout(timer);
          reject(error);
        }
        sent.on('error', fail);
        sent.end(body);
      }),
  );
}

/** Waits in a machine's own time. */
export function wait(machine: Machine, ms: number): Promise<void> {
  const life = machine.life ?? machine.start();
  return new Promise((resolve) => void machine.scheduler.after(ms, life, resolve));
}
