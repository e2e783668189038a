import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runCommand } from '#tooling/servers/command.ts';
import { goInstall, InstallFailed, lastLines, type ServerRecipe } from '#tooling/servers/server-recipes.ts';

/** How the peers are had that no test needs; they are got when they are first compared with. */

const INSTALL_TIMEOUT_MS = 10 * 60_000;

async function mustRun(tool: string, command: string, args: readonly string[], cwd: string): Promise<void> {
  const { status, output } = await runCommand(command, args, { timeoutMs: INSTALL_TIMEOUT_MS, cwd });
  if (status !== 0) throw new InstallFailed(tool, lastLines(output));
}

/** A recipe of something that is taken in one version only, since figures are of that one. */
function peerRecipe(recipe: Omit<ServerRecipe, 'leavesUntested' | 'isOptional' | 'accepts'>): ServerRecipe {
  const { name, version } = recipe;
  return {
    ...recipe,
    leavesUntested: `nothing is compared with ${name}`,
    isOptional: true,
    accepts: (found) => found === version,
  };
}

const VICTORIA_METRICS_VERSION = '1.151.0';

/** VictoriaMetrics, built from the Go module proxy (20 s to 3 min). What is built so tells no version. */
export const victoriaMetricsRecipe = peerRecipe({
  name: 'victoria-metrics',
  version: VICTORIA_METRICS_VERSION,
  commands: [],
  binary: 'victoria-metrics',
  versionIn: () => VICTORIA_METRICS_VERSION,
  remedy: 'Install Go 1.25 or newer (https://go.dev/dl/) and run again.',
  install: (draft) =>
    goInstall(
      'victoria-metrics',
      [`github.com/VictoriaMetrics/VictoriaMetrics/app/victoria-metrics@v${VICTORIA_METRICS_VERSION}`],
      draft,
    ),
});

const QUESTDB_VERSION = '9.1.0';

/** QuestDB, a jar of Maven Central (28 MB) that a Java of 17 or newer runs. */
export const questDbRecipe = peerRecipe({
  name: 'questdb',
  version: QUESTDB_VERSION,
  commands: [],
  binary: 'questdb',
  versionIn: (output) => /^questdb (\S+)/m.exec(output)?.[1],
  remedy: 'Install a JDK 17 or newer and Maven (Debian: apt install openjdk-17-jdk maven) and run again.',
  install: async (draft) => {
    await mustRun(
      'questdb',
      'mvn',
      ['-q', 'dependency:copy', `-Dartifact=org.questdb:questdb:${QUESTDB_VERSION}`, `-DoutputDirectory=${draft}`],
      draft,
    );
    await mustRun('questdb', 'java', ['-version'], draft);
    const script = `#!/bin/sh
if [ "$1" = --version ]; then echo questdb ${QUESTDB_VERSION}; exit; fi
exec java "$@" -p "$(dirname "$0")/questdb-${QUESTDB_VERSION}.jar" -m io.questdb/io.questdb.ServerMain -d "$PWD"
`;
    await writeFile(join(draft, 'questdb'), script, { mode: 0o755 });
  },
});

const KAFKA_VERSION = '4.1.0';

const KAFKA_PROJECT = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>weir</groupId><artifactId>kafka-peer</artifactId><version>1</version>
  <dependencies>
    ${[
      ['org.apache.kafka', 'kafka_2.13', KAFKA_VERSION],
      ['org.apache.kafka', 'kafka-streams', KAFKA_VERSION],
      ['org.slf4j', 'slf4j-nop', '2.0.17'],
    ]
      .map(([group, artifact, version]) => {
        return `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${version}</version></dependency>`;
      })
      .join('\n    ')}
  </dependencies>
</project>
`;

/** A broker of Kafka and Kafka Streams, jars of Maven Central (112 MB) that a Java of 17 or newer runs. */
export const kafkaStreamsRecipe = peerRecipe({
  name: 'kafka-streams',
  version: KAFKA_VERSION,
  commands: [],
  binary: 'kafka',
  versionIn: (output) => /^kafka (\S+)/m.exec(output)?.[1],
  remedy: 'Install a JDK 17 or newer and Maven (Debian: apt install openjdk-17-jdk maven) and run again.',
  install: async (draft) => {
    await writeFile(join(draft, 'pom.xml'), KAFKA_PROJECT);
    const copy = ['-q', '-B', 'dependency:copy-dependencies', '-DincludeScope=runtime', '-DoutputDirectory=jars'];
    await mustRun('kafka-streams', 'mvn', copy, draft);
    await mustRun('kafka-streams', 'javac', ['-version'], draft);
    await writeFile(join(draft, 'kafka'), `#!/bin/sh\necho kafka ${KAFKA_VERSION}\n`, { mode: 0o755 });
  },
});

const CHDB_VERSION = '26.9.0';

/** ClickHouse as the engine chdb, a wheel of PyPI (150 MB) in a virtual environment of Python of its own. */
export const clickHouseRecipe = peerRecipe({
  name: 'chdb',
  version: CHDB_VERSION,
  commands: [],
  binary: 'python',
  versionArgs: ['-c', 'import importlib.metadata as m; print("chdb-core", m.version("chdb-core"))'],
  versionIn: (output) => /^chdb-core (\S+)/m.exec(output)?.[1],
  remedy: 'Install Python 3.9 or newer with venv (Debian: apt install python3-venv) and run again.',
  install: async (draft) => {
    const packages = join(draft, 'packages');
    await mkdir(packages);
    await mustRun(
      'chdb',
      'python3',
      ['-m', 'pip', 'install', '-q', '--target', packages, `chdb-core==${CHDB_VERSION}`],
      draft,
    );
    // A virtual environment names the folder that it was made in, and this one is moved.
    const script = `#!/bin/sh\nPYTHONPATH="$(dirname "$0")/packages" exec python3 "$@"\n`;
    await writeFile(join(draft, 'python'), script, { mode: 0o755 });
  },
});
