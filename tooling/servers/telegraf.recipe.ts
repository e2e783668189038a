import { runCommand } from './command.ts';
import { InstallFailed, lastLines, type ServerRecipe } from './recipe.ts';

const VERSION = '1.37.2';
const BUILD_TIMEOUT_MS = 10 * 60_000;

/** What of Telegraf is built: all of it takes half an hour. */
const PLUGINS = [
  'inputs.mock',
  'inputs.file',
  'outputs.influxdb',
  'outputs.influxdb_v2',
  'outputs.mqtt',
  'parsers.influx',
  'serializers.influx',
  'serializers.json',
];

/** Telegraf, built from the Go module proxy with the plugins that are tested (some minutes). Any 1.x from 1.30 on will do. */
export const telegrafRecipe: ServerRecipe = {
  name: 'telegraf',
  version: VERSION,
  commands: ['telegraf'],
  binary: 'telegraf',
  leavesUntested: 'no real Telegraf writes to the doors of sources',
  remedy: `Install Go 1.25 or newer (https://go.dev/dl/) and run again, or put telegraf ${VERSION} on the PATH.`,
  versionIn: (output) => /^Telegraf v?(\d+\.\d+\.\d+)/m.exec(output)?.[1],
  accepts: (version) => {
    const [major, minor] = version.split('.').map(Number);
    return major === 1 && minor !== undefined && minor >= 30;
  },
  install: async (draft) => {
    const { status, output } = await runCommand(
      'go',
      [
        'install',
        '-trimpath',
        '-tags',
        ['custom', ...PLUGINS].join(','),
        `-ldflags=-s -w -X github.com/influxdata/telegraf/internal.Version=${VERSION}`,
        `github.com/influxdata/telegraf/cmd/telegraf@v${VERSION}`,
      ],
      { timeoutMs: BUILD_TIMEOUT_MS, cwd: draft, env: { ...process.env, GOBIN: draft, GOFLAGS: '', CGO_ENABLED: '0' } },
    );
    if (status !== 0) throw new InstallFailed('telegraf', lastLines(output));
  },
};
