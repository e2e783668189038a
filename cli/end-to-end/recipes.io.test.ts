/** Every recipe is followed as it is written, block by block. */

import { strict as assert } from 'node:assert';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { freePort } from '#edge-agent/sources/mqtt/brokers.fixtures.ts';
import { serverForTests } from '#tooling/servers/server-for-tests.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A block of a recipe: what is typed, or what it is said to show. */
interface Block {
  /** `sh` ends, `sh running` is left running, `sh install` fetches what is here already; `text` is shown by the block before. */
  readonly kind: string;
  readonly text: string;
}

/** The blocks of a document, in their order. */
function blocksOf(markdown: string): readonly Block[] {
  return [...markdown.matchAll(/^```(.*)\n([^]*?)^```$/gm)].map(([, kind, text]) => ({ kind: kind!, text: text! }));
}

/** The ports that recipes name. */
const PORTS = [8080, 1883, 1884, 1885, 8086, 8090, 9000];

/** Somebody who follows a recipe in a folder of their own. What was left running is gone with them. */
class Cook implements AsyncDisposable {
  readonly #dir: string;
  readonly #ports: ReadonlyMap<number, number>;
  readonly #env: NodeJS.ProcessEnv;
  readonly #running: { readonly child: ChildProcess; readonly output: () => string }[] = [];

  private constructor(dir: string, ports: ReadonlyMap<number, number>, env: NodeJS.ProcessEnv) {
    this.#dir = dir;
    this.#ports = ports;
    this.#env = env;
  }

  /** `programs`: paths of those that a recipe needs beside weir. */
  static async begin(dir: string, programs: readonly string[]): Promise<Cook> {
    const ports = new Map<number, number>();
    for (const port of PORTS) ports.set(port, await freePort());
    const bin = join(dir, 'bin');
    await mkdir(bin);
    const at = (port: number): string => `127.0.0.1:${ports.get(port)}`;
    const weir = join(ROOT, 'cli/weir.sh');
    const command = `#!/bin/sh
command=$1
shift
case $command in
  up) exec '${weir}' up --http ${at(8080)} --mqtt ${at(1883)} "$@" ;;
  query) exec '${weir}' query "$@" --url http://${at(8080)} ;;
  *) exec '${weir}' "$command" "$@" ;;
esac
`;
    await writeFile(join(bin, 'weir'), command, { mode: 0o755 });
    // In a checkout npx calls what is in it.
    await writeFile(join(bin, 'npx'), `#!/bin/sh\nPATH='${bin}:${ROOT}node_modules/.bin':$PATH exec "$@"\n`, {
      mode: 0o755,
    });
    await symlink(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    // By the clock of the machine, which is that of `date` too.
    const mine = Object.entries(process.env).filter(
      ([name]) => name !== 'NODE_OPTIONS' && !name.startsWith('WEIR_TEST_'),
    );
    const path = [bin, ...programs.map((program) => dirname(program)), process.env['PATH']].join(delimiter);
    return new Cook(dir, ports, { ...Object.fromEntries(mine), PATH: path });
  }

  /** As the text would be with these addresses. */
  moved(text: string): string {
    const elsewhere = text.replaceAll(/\b\d{4}\b/g, (digits) => String(this.#ports.get(Number(digits)) ?? digits));
    return elsewhere.replace('agent: { ', `agent: { broker: 'mqtt://127.0.0.1:${this.#ports.get(1883)}', `);
  }

  /** Does what blocks say, in their order. The last is what is to be seen in the end. */
  async follow(blocks: readonly Block[], untilMs: number): Promise<void> {
    assert.equal(blocks.at(-1)?.kind, 'text');
    for (const [i, { kind, text }] of blocks.entries()) {
      const next = blocks[i + 1];
      switch (kind) {
        case 'sh':
          await this.#runUntil(text, next?.kind === 'text' ? next.text : undefined, untilMs);
          break;
        case 'sh running':
          this.#start(text);
          break;
        case 'sh install':
        case 'text':
          break;
        default:
          assert.fail(`a block of ${kind} is none that can be followed`);
      }
    }
  }

  /** Leaves a command running. */
  #start(block: string): void {
    const { child, output } = this.#spawn(this.moved(block));
    this.#running.push({ child, output });
  }

  /** Runs a command to its end. Gives what it printed, and whether it succeeded. */
  async #run(block: string): Promise<{ readonly isDone: boolean; readonly output: string }> {
    const { child, output } = this.#spawn(this.moved(block));
    const [status] = (await once(child, 'close')) as [number | null];
    return { isDone: status === 0, output: output() };
  }

  /** Runs a command, as often as somebody does who is too quick, until it succeeds and shows what it should. */
  async #runUntil(block: string, shown: string | undefined, untilMs: number): Promise<void> {
    const lines = (shown === undefined ? [] : this.moved(shown).trimEnd().split('\n')).map(patternOf);
    for (;;) {
      const { isDone, output } = await this.#run(block);
      if (isDone && lines.every((line) => line.test(output))) return;
      if (performance.now() > untilMs) {
        const beside = this.#running.map((one) => one.output()).join('\n');
        throw new Error(`${block}\nshows\n${output}\nin place of\n${shown ?? 'success'}\nbeside\n${beside}`);
      }
      await sleep(AGAIN_MS);
    }
  }

  #spawn(script: string): { readonly child: ChildProcess; readonly output: () => string } {
    // A group of its own, so that all that it starts ends with it.
    const child = spawn('sh', ['-ec', script], {
      cwd: this.#dir,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
    return { child, output: () => output };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#running) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      process.kill(-child.pid!, 'SIGKILL');
      await once(child, 'close');
    }
  }
}

/** Between two looks at what a command shows; what ends the waiting is what it shows. */
const AGAIN_MS = 200;

/** A line of what is shown, in which `…` stands for anything. */
function patternOf(line: string): RegExp {
  return new RegExp(
    `^${line
      .split('…')
      .map((part) => RegExp.escape(part))
      .join('.*')}\r?$`,
    'm',
  );
}

const RECIPES = new URL('../../docs/recipes/', import.meta.url);

/** Longer than a recipe takes on a busy machine, and less than a test may. */
const RECIPE_MS_MAX = 50_000;

const mosquitto = await serverForTests('mosquitto');
const publisher = await serverForTests('mosquitto_pub');
const telegraf = await serverForTests('telegraf');

/** What a recipe needs beside weir. */
const NEEDED: Readonly<Record<string, readonly ({ readonly path: string } | undefined)[]>> = {
  'csv-file': [],
  'followed-file': [],
  'ndjson-file': [],
  'smart-meter': [],
  http: [],
  'mqtt-broker': [mosquitto, publisher],
  'mqtt-devices': [publisher],
  telegraf: [telegraf],
  sparkplug: [mosquitto],
  poll: [],
  'simulated-fleet': [],
};

const possible = Object.entries(NEEDED).filter(([, programs]) => programs.every((program) => program !== undefined));

describe('a recipe', () => {
  it('is one of those that are tried', async () => {
    const files = (await readdir(RECIPES)).filter((file) => file !== 'README.md');
    expect(files.toSorted()).toEqual(
      Object.keys(NEEDED)
        .map((name) => `${name}.md`)
        .toSorted(),
    );
    const overview = await readFile(new URL('README.md', RECIPES), 'utf8');
    expect(files.filter((file) => !overview.includes(`(${file})`))).toEqual([]);
  });

  it.each(possible)('%s works as it is written', async (name, programs) => {
    const blocks = blocksOf(await readFile(new URL(`${name}.md`, RECIPES), 'utf8'));
    await using folder = await makeTemporaryDirectory('recipe');
    await using cook = await Cook.begin(
      folder.dir,
      programs.map((program) => program!.path),
    );
    await cook.follow(blocks, performance.now() + RECIPE_MS_MAX);
  });
});

describe('the README', () => {
  it('leads from a device that publishes to its window, as it is written', async () => {
    const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
    const [section] = /^## A device of your own[^]*?(?=^## )/m.exec(readme)!;
    await using folder = await makeTemporaryDirectory('readme');
    await using cook = await Cook.begin(folder.dir, []);
    const devices = await readFile(new URL('../../examples/devices.yaml', import.meta.url), 'utf8');
    await mkdir(join(folder.dir, 'examples'));
    await writeFile(join(folder.dir, 'examples/devices.yaml'), cook.moved(devices));
    await cook.follow(blocksOf(section), performance.now() + RECIPE_MS_MAX);
  });
});
