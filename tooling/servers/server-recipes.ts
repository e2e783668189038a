import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, runCommand } from './command.ts';

/** How one real server or tool is found or made. */
export interface ServerRecipe {
  readonly name: string;
  /** The version that is installed when none is found. */
  readonly version: string;
  /** Names under which it may stand on the PATH. */
  readonly commands: readonly string[];
  /** Its place inside its folder of the cache. */
  readonly binary: string;
  /** What is not tested without it: the rest of a sentence that begins with *without it*. */
  readonly leavesUntested: string;
  /** True of a tool that no registry has, so that a new machine may lack it: a run may go on without it, also with `CI=true`. */
  readonly isOptional?: boolean;
  /** How a person gets it, as a sentence. */
  readonly remedy: string;
  /** What it is asked its version by, where that is not `--version`. */
  readonly versionArgs?: readonly string[];
  /** The version that was printed then, or undefined where that text is not this tool's. */
  readonly versionIn: (output: string) => string | undefined;
  /** Whether a version found on the PATH will do. */
  readonly accepts: (version: string) => boolean;
  /** Puts it into the empty folder `draft`, from which it is later moved. Throws InstallFailed. */
  readonly install: (draft: string) => Promise<void>;
}

/** A tool could not be built or fetched; `message` ends with what the compiler or package manager said last. */
export class InstallFailed extends Error {
  readonly kind = 'install-failed';

  constructor(tool: string, reason: string) {
    super(`${tool} could not be installed: ${reason}`);
    this.name = 'InstallFailed';
  }
}

/** The last lines of a command's output: where compilers and package managers say what went wrong. */
export function lastLines(output: string, count = 8): string {
  return output.trim().split('\n').slice(-count).join('\n');
}

const NATS_SERVER_VERSION = '2.15.2';
const BUILD_TIMEOUT_MS = 10 * 60_000;

/** Builds a program of the Go module proxy into `draft`. */
export async function goInstall(tool: string, args: readonly string[], draft: string): Promise<void> {
  const env = { ...process.env, GOBIN: draft, GOFLAGS: '', CGO_ENABLED: '0' };
  const options = { timeoutMs: BUILD_TIMEOUT_MS, cwd: draft, env };
  const { status, output } = await runCommand('go', ['install', '-trimpath', ...args], options);
  if (status !== 0) throw new InstallFailed(tool, lastLines(output));
}

/** Whether a version is of one major version, from one of its minor ones on. */
function isMinorOrLater(version: string, major: number, minorMin: number): boolean {
  const [ofMajor, minor] = version.split('.').map(Number);
  return ofMajor === major && minor !== undefined && minor >= minorMin;
}

/** nats-server, built from the Go module proxy (20 to 40 s). Any 2.x from 2.12 on will do where one is installed. */
const natsServerRecipe: ServerRecipe = {
  name: 'nats-server',
  version: NATS_SERVER_VERSION,
  commands: ['nats-server'],
  binary: 'nats-server',
  leavesUntested: 'the log, objects and key-value state on NATS JetStream are not tested',
  remedy: `Install Go 1.25 or newer (https://go.dev/dl/) and run again, or put nats-server ${NATS_SERVER_VERSION} on the PATH.`,
  versionIn: (output) => /nats-server: v(\d+\.\d+\.\d+)/.exec(output)?.[1],
  accepts: (version) => isMinorOrLater(version, 2, 12),
  install: (draft) => goInstall('nats-server', [`github.com/nats-io/nats-server/v2@v${NATS_SERVER_VERSION}`], draft),
};

const TELEGRAF_VERSION = '1.37.2';

/** What of Telegraf is built: all of it takes half an hour. */
const TELEGRAF_PLUGINS = [
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
const telegrafRecipe: ServerRecipe = {
  name: 'telegraf',
  version: TELEGRAF_VERSION,
  commands: ['telegraf'],
  binary: 'telegraf',
  leavesUntested: 'no real Telegraf writes to the doors of sources',
  remedy: `Install Go 1.25 or newer (https://go.dev/dl/) and run again, or put telegraf ${TELEGRAF_VERSION} on the PATH.`,
  versionIn: (output) => /^Telegraf v?(\d+\.\d+\.\d+)/m.exec(output)?.[1],
  accepts: (version) => isMinorOrLater(version, 1, 30),
  install: (draft) =>
    goInstall(
      'telegraf',
      [
        '-tags',
        ['custom', ...TELEGRAF_PLUGINS].join(','),
        `-ldflags=-s -w -X github.com/influxdata/telegraf/internal.Version=${TELEGRAF_VERSION}`,
        `github.com/influxdata/telegraf/cmd/telegraf@v${TELEGRAF_VERSION}`,
      ],
      draft,
    ),
};

const CHROMIUM_VERSION = '153.0.0';
const CHROMIUM_PACKAGE = '@sparticuz/chromium';

/**
 * Unpacks the packed browser with the package's own function. It writes to the folder for temporary files, which is
 * why it runs in a process with another TMPDIR.
 */
const CHROMIUM_UNPACK = `
import { inflate } from '${CHROMIUM_PACKAGE}';
for (const part of ['chromium', 'fonts.tar', 'swiftshader.tar', 'al2023.tar']) {
  await inflate('node_modules/${CHROMIUM_PACKAGE}/bin/' + part + '.br');
}
`;

/** Starts the browser with the libraries and, if need be, the font it came with: a machine without a desktop has none. */
const CHROMIUM_LAUNCHER = `#!/bin/sh
here=$(dirname "$0")
[ -e /etc/fonts/fonts.conf ] || export FONTCONFIG_FILE="$here/fonts.conf"
LD_LIBRARY_PATH="$here/al2023/lib" exec "$here/chromium" "$@"
`;

const CHROMIUM_FONTS = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir prefix="relative">fonts</dir><cachedir prefix="xdg">fontconfig</cachedir></fontconfig>
`;

async function mustInChromium(command: string, args: readonly string[], cwd: string, env = process.env): Promise<void> {
  const { status, output } = await runCommand(command, args, { timeoutMs: BUILD_TIMEOUT_MS, cwd, env });
  if (status !== 0) throw new InstallFailed('chromium', lastLines(output));
}

/** Chromium for tests of the dashboard: any on the PATH, else the headless build of an npm package (Linux on x64). */
const chromiumRecipe: ServerRecipe = {
  name: 'chromium',
  version: CHROMIUM_VERSION,
  commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  binary: 'launch',
  leavesUntested: 'the dashboard is not looked at in a browser',
  remedy: 'Put Chromium or Chrome on the PATH (Debian: apt install chromium) and run again.',
  versionIn: (output) => /Chrom(?:e|ium) (\d+(?:\.\d+)+)/.exec(output)?.[1],
  accepts: (version) => Number.parseInt(version, 10) >= 130,
  install: async (draft) => {
    if (process.platform !== 'linux' || process.arch !== 'x64') {
      throw new InstallFailed('chromium', `the package has no browser for ${process.platform} on ${process.arch}`);
    }
    await writeFile(join(draft, 'package.json'), '{ "private": true, "type": "module" }\n');
    await mustInChromium(
      'npm',
      ['install', '--prefix', draft, '--ignore-scripts', `${CHROMIUM_PACKAGE}@${CHROMIUM_VERSION}`],
      draft,
    );
    await writeFile(join(draft, 'unpack.js'), CHROMIUM_UNPACK);
    await mustInChromium(process.execPath, ['unpack.js'], draft, { ...process.env, TMPDIR: draft });
    await rm(join(draft, 'node_modules'), { recursive: true });
    await writeFile(join(draft, 'fonts.conf'), CHROMIUM_FONTS);
    await writeFile(join(draft, 'launch'), CHROMIUM_LAUNCHER);
    await chmod(join(draft, 'launch'), 0o755);
  },
};

/** What comes with the operating system alone: no package registry has it. */
function systemProgram(
  recipe: Pick<ServerRecipe, 'name' | 'version' | 'leavesUntested' | 'remedy' | 'versionIn'>,
): ServerRecipe {
  const { name } = recipe;
  return {
    ...recipe,
    // Debian puts what serves where only root's PATH leads.
    commands: [name, `../sbin/${name}`],
    binary: name,
    isOptional: true,
    accepts: (version) => Number.parseInt(version, 10) >= 2,
    install: () =>
      Promise.reject(new InstallFailed(name, 'it comes with the operating system, not from a package registry')),
  };
}

/** The tests that use a program of Mosquitto also run against what npm has. */
function mosquittoProgram(name: string, leavesUntested: string, debianPackage: string): ServerRecipe {
  return systemProgram({
    name,
    version: '2.0',
    leavesUntested,
    remedy: `Install Eclipse Mosquitto (Debian: apt install ${debianPackage}) and run again.`,
    versionIn: (output) => new RegExp(`${name} version (\\d+\\.\\d+\\.\\d+)`).exec(output)?.[1],
  });
}

/** Eclipse Mosquitto, the broker that most homes have. */
const mosquittoRecipe = mosquittoProgram(
  'mosquitto',
  'sources of MQTT are tested against the broker aedes alone',
  'mosquitto',
);

/** Its client that publishes, as scripts of many a device do. */
const mosquittoPubRecipe = mosquittoProgram(
  'mosquitto_pub',
  'what devices publish is tested with the client of the package mqtt alone',
  'mosquitto-clients',
);

const INFLUXD_VERSION = '2.7.12';
const INFLUXD_MODULE = 'github.com/influxdata/influxdb/v2';

/**
 * InfluxDB 2, built from the Go module proxy (some five minutes: its query engine is Rust). `go install` refuses a module
 * that replaces others, so a module of our own repeats its requirements and replacements and imports its command. Any 2.x
 * from 2.7 on will do where one is installed.
 */
const influxdRecipe: ServerRecipe = {
  name: 'influxd',
  version: INFLUXD_VERSION,
  commands: ['influxd'],
  binary: 'influxd',
  versionArgs: ['version'],
  leavesUntested: 'the view store is tested against a stand-in of InfluxDB alone, and dashboards against nothing',
  // The tests that use it also run against a stand-in of what is written to.
  isOptional: true,
  remedy: `Install Go 1.25 or newer (https://go.dev/dl/), Rust (https://rustup.rs) and a C compiler and run again, or put influxd ${INFLUXD_VERSION} on the PATH.`,
  versionIn: (output) => /InfluxDB v?(\d+\.\d+\.\d+)/.exec(output)?.[1],
  accepts: (version) => isMinorOrLater(version, 2, 7),
  install: async (draft) => {
    const build = join(draft, 'build');
    await mkdir(build);
    const env = { ...process.env, GOBIN: build, GOFLAGS: '-mod=mod' };
    const go = async (args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<CommandResult> => {
      const result = await runCommand('go', args, {
        timeoutMs: BUILD_TIMEOUT_MS,
        cwd: build,
        env: { ...env, ...more },
      });
      if (result.status !== 0) throw new InstallFailed('influxd', lastLines(result.output));
      return result;
    };
    await go(['install', '-trimpath', 'github.com/influxdata/pkg-config@v0.2.7'], { GOFLAGS: '' });
    const { output } = await go(['mod', 'download', '-json', `${INFLUXD_MODULE}@v${INFLUXD_VERSION}`]);
    await writeModule(build, /"Dir": "([^"]+)"/.exec(output)?.[1] ?? '');
    await go(
      [
        'build',
        '-trimpath',
        `-ldflags=-s -w -X main.version=v${INFLUXD_VERSION}`,
        '-o',
        'influxd',
        `${INFLUXD_MODULE}/cmd/influxd`,
      ],
      {
        PKG_CONFIG: join(build, 'pkg-config'),
        // Its own toolchain file asks for one that is no longer to be had.
        RUSTUP_TOOLCHAIN: 'stable',
        RUSTC_WRAPPER: join(build, 'rustc.sh'),
      },
    );
    await rename(join(build, 'influxd'), join(draft, 'influxd'));
    await rm(build, { recursive: true, force: true });
  },
};

/** A module that requires InfluxDB as InfluxDB requires everything else, with a rustc that takes today's lints for warnings. */
async function writeModule(build: string, source: string): Promise<void> {
  const requirements = (await readFile(join(source, 'go.mod'), 'utf8'))
    .replace(/^module .*$/m, 'module influxd')
    .replace(/^toolchain .*$/m, '');
  await writeFile(join(build, 'go.mod'), `${requirements}\nrequire ${INFLUXD_MODULE} v${INFLUXD_VERSION}\n`);
  await copyFile(join(source, 'go.sum'), join(build, 'go.sum'));
  await chmod(join(build, 'go.sum'), 0o644);
  await writeFile(
    join(build, 'influxd.go'),
    `//go:build influxd\n\npackage influxd\n\nimport _ "${INFLUXD_MODULE}/cmd/influxd"\n`,
  );
  await writeFile(join(build, 'rustc.sh'), '#!/bin/sh\nexec "$@" --cap-lints warn\n', { mode: 0o755 });
}

/** Prometheus' own tool that reads its files, and tries rules. */
const promtoolRecipe = systemProgram({
  name: 'promtool',
  version: '2.42',
  leavesUntested: 'rules of alerts are parsed, and not tried',
  remedy: 'Install Prometheus (Debian: apt install prometheus) and run again.',
  versionIn: (output) => /^promtool, version (\d+\.\d+)/m.exec(output)?.[1],
});

const K6_VERSION = '1.8.1';

/** k6, which simulates clients; built from the Go module proxy (65 s). */
const k6Recipe: ServerRecipe = {
  name: 'k6',
  version: K6_VERSION,
  commands: ['k6'],
  binary: 'k6',
  leavesUntested: 'the system is not tried under load',
  remedy: `Install Go 1.25 or newer (https://go.dev/dl/) and run again, or put k6 ${K6_VERSION} on the PATH.`,
  versionIn: (output) => /^k6(?:\.exe)? v(\d+\.\d+\.\d+)/m.exec(output)?.[1],
  accepts: (version) => isMinorOrLater(version, 1, 2),
  install: (draft) => goInstall('k6', [`go.k6.io/k6@v${K6_VERSION}`], draft),
};

const HELM_VERSION = '3.16.4';

/** Helm, built from the Go module proxy (20 s). What is built so says a version of two numbers. */
const helmRecipe: ServerRecipe = {
  name: 'helm',
  version: HELM_VERSION,
  commands: ['helm'],
  binary: 'helm',
  leavesUntested: 'the chart for Kubernetes is not rendered',
  remedy: `Install Go 1.25 or newer (https://go.dev/dl/) and run again, or put helm ${HELM_VERSION} on the PATH.`,
  versionArgs: ['version', '--short'],
  versionIn: (output) => /^v(\d+\.\d+(?:\.\d+)?)/m.exec(output)?.[1],
  accepts: (version) => isMinorOrLater(version, 3, 8),
  install: (draft) => goInstall('helm', [`helm.sh/helm/v3/cmd/helm@v${HELM_VERSION}`], draft),
};

const KUBERNETES_VALIDATE_VERSION = '1.37.0';

/** Runs the package from where it lies, wherever that is moved to. */
const KUBERNETES_VALIDATE_LAUNCHER = `#!/bin/sh
PYTHONPATH="$(dirname "$0")" exec python3 -m kubernetes_validate "$@"
`;

/** kubernetes-validate of PyPI, which carries the schemas of every version of Kubernetes (110 MB). */
const kubernetesValidateRecipe: ServerRecipe = {
  name: 'kubernetes-validate',
  version: KUBERNETES_VALIDATE_VERSION,
  commands: ['kubernetes-validate'],
  binary: 'launch',
  leavesUntested: 'what the chart renders is not held against the schemas of Kubernetes',
  remedy: 'Install Python 3 with pip (Debian: apt install python3-pip) and run again.',
  isOptional: true,
  versionIn: (output) => /(\d+\.\d+\.\d+)/.exec(output)?.[1],
  accepts: (version) => isMinorOrLater(version, 1, 31),
  install: async (draft) => {
    const args = [
      '-m',
      'pip',
      'install',
      '--quiet',
      '--target',
      draft,
      `kubernetes-validate==${KUBERNETES_VALIDATE_VERSION}`,
    ];
    const { status, output } = await runCommand('python3', args, { timeoutMs: BUILD_TIMEOUT_MS, cwd: draft });
    if (status !== 0) throw new InstallFailed('kubernetes-validate', lastLines(output));
    const launch = join(draft, 'launch');
    await writeFile(launch, KUBERNETES_VALIDATE_LAUNCHER);
    await chmod(launch, 0o755);
  },
};

/** The real servers and tools that tests use. */
export const SERVER_RECIPES = {
  'nats-server': natsServerRecipe,
  chromium: chromiumRecipe,
  helm: helmRecipe,
  k6: k6Recipe,
  'kubernetes-validate': kubernetesValidateRecipe,
  mosquitto: mosquittoRecipe,
  mosquitto_pub: mosquittoPubRecipe,
  telegraf: telegrafRecipe,
  influxd: influxdRecipe,
  promtool: promtoolRecipe,
} as const;

export type ServerName = keyof typeof SERVER_RECIPES;
