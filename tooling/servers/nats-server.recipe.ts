import { runCommand } from './command.ts';
import { InstallFailed, lastLines, type ServerRecipe } from './recipe.ts';

const VERSION = '2.15.2';
const BUILD_TIMEOUT_MS = 10 * 60_000;

/** nats-server, built from the Go module proxy (20 to 40 s). Any 2.x from 2.12 on will do where one is installed. */
export const natsServerRecipe: ServerRecipe = {
  name: 'nats-server',
  version: VERSION,
  commands: ['nats-server'],
  binary: 'nats-server',
  leavesUntested: 'the log, objects and key-value state on NATS JetStream are not tested',
  remedy: `Install Go 1.25 or newer (https://go.dev/dl/) and run again, or put nats-server ${VERSION} on the PATH.`,
  versionIn: (output) => /nats-server: v(\d+\.\d+\.\d+)/.exec(output)?.[1],
  accepts: (version) => {
    const [major, minor] = version.split('.').map(Number);
    return major === 2 && minor !== undefined && minor >= 12;
  },
  install: async (draft) => {
    const { status, output } = await runCommand(
      'go',
      ['install', '-trimpath', `github.com/nats-io/nats-server/v2@v${VERSION}`],
      { timeoutMs: BUILD_TIMEOUT_MS, cwd: draft, env: { ...process.env, GOBIN: draft, GOFLAGS: '', CGO_ENABLED: '0' } },
    );
    if (status !== 0) throw new InstallFailed('nats-server', lastLines(output));
  },
};
