import { locateServer, type ServerFound } from './locate-server.ts';
import type { ServerName } from './server-recipes.ts';

/** A test needs a tool that is not there, where all tests have to run (`CI=true`). */
export class ServerNeeded extends Error {
  readonly kind = 'server-needed';

  constructor(message: string) {
    super(message);
    this.name = 'ServerNeeded';
  }
}

/** Whether this run must leave no test out: `CI` is set to something other than an empty text, `0` or `false`. */
export function mustRunAll(env: NodeJS.ProcessEnv = process.env): boolean {
  return !['', '0', 'false'].includes((env['CI'] ?? '').toLowerCase());
}

/**
 * The tool that a test file needs, or undefined where it can't be had, which is then said on standard error:
 *
 *     const natsServer = await serverForTests('nats-server');
 *     describe.runIf(natsServer)('the log on NATS', () => { … });
 *
 * With `CI=true` a missing tool is an error (ServerNeeded) instead, unless it is optional.
 */
export async function serverForTests(name: ServerName): Promise<ServerFound | undefined> {
  const location = await locateServer(name);
  if (location.kind === 'found') return location;
  if (mustRunAll() && !location.isOptional) throw new ServerNeeded(location.message);
  process.stderr.write(`${location.message}\n`);
  return undefined;
}
