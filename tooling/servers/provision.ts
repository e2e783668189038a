/**
 * `node tooling/servers/provision.ts`: gets every real server that the tests use, before they run, so that no test
 * waits for a compiler. Says what it installed and what it could not; with `CI=true` a missing one is a failure, unless
 * the machine alone can have it.
 */
import { locateServer } from './locate-server.ts';
import { mustRunAll } from './server-for-tests.ts';
import { SERVER_RECIPES, type ServerName } from './server-recipes.ts';

for (const name of Object.keys(SERVER_RECIPES) as ServerName[]) {
  const location = await locateServer(name);
  if (location.kind === 'missing') {
    console.error(location.message);
    if (mustRunAll() && !location.isOptional) process.exitCode = 1;
  } else if (location.origin === 'installed') {
    console.error(`${name} ${location.version} installed: ${location.path}`);
  }
}
