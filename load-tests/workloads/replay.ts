import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesIn } from '#backbone/disk/directory.ts';
import { startUp, weir } from '#tooling/processes/weir-process.ts';

/** What a replay ended with. */
export interface Replayed {
  /** Of the line that `weir edge --once` prints. */
  readonly summary: { readonly counted: number; readonly bytes: number; readonly seconds: number };
  readonly archiveBytes: number;
}

/**
 * Replays the file sources of a configuration with `weir edge --once` into a `weir up` of its own, both processes, with
 * all that they store below `dir`. `write` gives the configuration's text for the port of the broker.
 */
export async function replay(dir: string, write: (mqttPort: number) => string | Promise<string>): Promise<Replayed> {
  const file = join(dir, 'weir.yaml');
  await writeFile(file, await write(1));
  await using server = await startUp(['--config', file, '--data', join(dir, 'data')], { cwd: dir });
  await writeFile(file, await write(server.mqttPort));
  const edge = await weir(['edge', '--config', file, '--once', '--log-level', 'warn'], { cwd: dir });
  if (edge.status !== 0) throw new Error(`weir edge ended with status ${edge.status}: ${edge.stderr}`);
  // A batch waits until the archive has everything.
  const batch = await weir(['batch', '--url', server.url], { cwd: dir });
  if (batch.status !== 0) throw new Error(`weir batch ended with status ${batch.status}: ${batch.stderr}`);
  server.process.kill('SIGTERM');
  await server.ended;
  return {
    summary: JSON.parse(edge.stdout) as Replayed['summary'],
    archiveBytes: await bytesIn(join(dir, 'data', 'archive')),
  };
}

/** A configuration of the examples whose agent sends to `mqttPort`, and whose files are found from anywhere. */
export async function exampleConfig(name: string, mqttPort: number): Promise<string> {
  const examples = new URL('../../examples/', import.meta.url);
  const text = await readFile(new URL(`${name}.yaml`, examples), 'utf8');
  return text
    .replace(/^agent: \{ id: ([\w-]+) \}$/m, `agent: { id: $1, broker: 'mqtt://127.0.0.1:${mqttPort}' }`)
    .replaceAll('file: data/', `file: ${new URL('data/', examples).pathname}`);
}
