import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { deadPointers, doubledAnchors, lostNames, lostTitles } from './documents.ts';
import { forbiddenImports, isProofFile } from './layers.ts';
import { importCycles, importsOf, layerOf, sourceFiles, textFiles, type SourceFile } from './source-tree.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILE_LINES_MAX = 400;

const files = sourceFiles(ROOT);
const texts = textFiles(ROOT).map((path): SourceFile => ({ path, text: readFileSync(join(ROOT, path), 'utf8') }));
const linesOf = (text: string): number => text.split('\n').length - 1;

/** The imports of `tree` that go against the layers, as sentences. */
function layerFaults(tree: readonly SourceFile[]): string[] {
  return tree.flatMap((file) => {
    const layer = layerOf(file.path);
    if (layer === undefined) return [];
    const forbidden: readonly string[] = forbiddenImports(layer, isProofFile(file.path));
    return importsOf(file)
      .filter((target) => forbidden.includes(layerOf(target) ?? ''))
      .map((target) => `${file.path} imports ${target}`);
  });
}

describe('the tree', () => {
  it('is read at all', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.reduce((count, file) => count + importsOf(file).length, 0)).toBeGreaterThan(200);
  });

  it('imports only downwards, and nothing across', () => {
    expect(layerFaults(files)).toStrictEqual([]);
  });

  it('has no import cycles, not even among types', () => {
    expect(importCycles(files)).toStrictEqual([]);
  });

  it('imports only files that exist, by their names', () => {
    const paths = new Set(files.map((file) => file.path));
    const broken = files.flatMap((file) =>
      importsOf(file)
        .filter((target) => SOURCE_NAME.test(target) && !paths.has(target))
        .map((target) => `${file.path} imports ${target}`),
    );
    expect(broken).toStrictEqual([]);
  });

  it('has no file above its limit of lines', () => {
    expect(files.filter((file) => linesOf(file.text) > FILE_LINES_MAX).map((file) => file.path)).toStrictEqual([]);
  });

  it('leaves no test out and singles none out', () => {
    const marked = files.filter((file) => MARKED_TEST.test(file.text)).map((file) => file.path);
    expect(marked).toStrictEqual([]);
  });

  it('tests in suites and not in fixtures, and ships nothing that tests', () => {
    const tests = (file: SourceFile): boolean => /^ *it(?:\.\w+)*[(`]/m.test(file.text);
    const wrong = files.filter((file) => {
      if (/\.(?:fixtures|oracle)\.tsx?$/.test(file.path)) return tests(file);
      if (/\.cases\.tsx?$/.test(file.path)) return !tests(file);
      return (
        layerOf(file.path) !== 'world' &&
        !isProofFile(file.path) &&
        /^import .* from '(?:vitest|fast-check)';$/m.test(file.text)
      );
    });
    expect(wrong.map((file) => file.path)).toStrictEqual([]);
  });

  it('tells of every test what it is about', () => {
    expect(files.filter((file) => BARE_TEST.test(file.text)).map((file) => file.path)).toStrictEqual([]);
  });

  it('calls no thing by a name that it no longer has', () => {
    const others = files.filter((file) => file.path !== 'tooling/tidy.test.ts');
    expect(others.flatMap((file) => retiredNames(file.text).map((name) => `${file.path}: ${name}`))).toStrictEqual([]);
  });

  it('holds no conflict that somebody left unresolved', () => {
    expect(texts.filter(({ text }) => UNRESOLVED.test(text)).map(({ path }) => path)).toStrictEqual([]);
  });

  it('names no folder of a machine', () => {
    expect(texts.filter(({ text }) => MACHINE_PATH.test(text)).map(({ path }) => path)).toStrictEqual([]);
  });

  it('cites and links only places that exist', () => {
    expect(deadPointers(texts, (path) => existsSync(join(ROOT, path)))).toStrictEqual([]);
  });

  it('names in its documents only what stands in the file it links to', () => {
    const sources = new Map(files.map(({ path, text }) => [path, text]));
    const documents = texts.filter(({ path }) => path.endsWith('.md'));
    for (const lost of [lostNames, lostTitles])
      expect(documents.flatMap((document) => lost(document, (path) => sources.get(path)))).toStrictEqual([]);
  });

  it('cites the design by its anchors, in one form', () => {
    expect(texts.filter(({ text }) => LOOSE_CITATION.test(text)).map(({ path }) => path)).toStrictEqual([]);
    const book = texts.find(({ path }) => path === 'docs/design.md');
    expect(doubledAnchors(book!.text)).toStrictEqual([]);
  });

  it('locks versions and checksums, and no addresses', () => {
    const lock = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
    expect(lock).not.toMatch(/"resolved": "http/);
    const { packages } = JSON.parse(lock) as { packages: Record<string, { version?: string; integrity?: string }> };
    const loose = Object.entries(packages).filter(([place, { integrity }]) => place !== '' && integrity === undefined);
    expect(loose).toStrictEqual([]);
  });

  it('pins every dependency to one version', () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Manifest;
    const all = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides });
    expect(all.filter(([, version]) => !/^\d+\.\d+\.\d+(?:-[\w.]+)?$/.test(version))).toStrictEqual([]);
  });
});

interface Manifest {
  readonly dependencies: Record<string, string>;
  readonly devDependencies: Record<string, string>;
  readonly overrides: Record<string, string>;
}

/** What identifiers were once made of, and the word that took its place. */
const RETIRED_WORDS: Readonly<Record<string, string>> = {
  AppendWindow: 'InFlightLimit',
  AgentStanding: 'AgentProgress',
  Doorbell: 'AppendNotifier',
  FrontDoor: 'MqttListener',
  PATIENCE_MS: 'TIMEOUT_MS',
  Registrar: 'Ingest',
  RecordPlace: 'RecordCheckpoint',
  SimulationPlace: 'SimulationCheckpoint',
  Surroundings: 'Options',
  TaskGate: 'InFlightLimit',
  TruthQuestion: 'TruthQuery',
  ViewQuestion: 'ViewQuery',
  untell: 'unsubscribe',
};

/** The retired words in the identifiers of a text, each with its successor. */
function retiredNames(text: string): string[] {
  return Object.entries(RETIRED_WORDS)
    .filter(([word]) => new RegExp(word, 'i').test(text))
    .map(([word, now]) => `${word} is ${now}`);
}

const SOURCE_NAME = /\.(?:ts|tsx|mjs)$/;
// Written so that this file does not hold what it looks for.
const MARKED_TEST = /\b(?:describe|it|test)(?:\.\w+)*\.(?:only|skip|todo)\b/;
/** A test that stands in no `describe`: the hooks of a file may, its tests not. */
const BARE_TEST = /^(?:for \(.*\{\n +)?(?:it|test)(?:\.\w+)*[(`]/m;
const LOOSE_CITATION = /\bDESIGN\b(?!')|\b[Rr]ules? \d+\b(?!\._)/;
/** What git writes about two versions, also after a formatter took it for a quotation. */
const UNRESOLVED = /^(?:<{7} |(?:> ?){7}\w)/m;
const MACHINE_PATH = /(?:^|[^\w.-])\/(?:work|root|farm)\//m;

describe('these checks', () => {
  const planted = (texts: Record<string, string>): SourceFile[] =>
    Object.entries(texts).map(([path, text]) => ({ path, text }));

  it('find a cycle of three files through a subpath import and a type', () => {
    const tree = planted({
      'core/a/one.ts': "import { two } from './two.ts';\n",
      'core/a/two.ts': "import {\n  three,\n} from '#core/b/three.ts';\n",
      'core/b/three.ts': "export type { One } from '../a/one.ts';\n",
      'core/b/four.ts': "import { one } from '../a/one.ts';\n",
    });
    expect(importCycles(tree)).toStrictEqual([['core/a/one.ts', 'core/a/two.ts', 'core/b/three.ts', 'core/a/one.ts']]);
  });

  it('find imports across and upwards in every form', () => {
    const tree = planted({
      'core/a/one.ts': "import type { Log } from '#backbone/log/log.ts';\n",
      'broker/x.ts': `const speed = await ${'import'}('../speed-layer/worker.ts');\n`,
      'serving/x.ts': "import '../edge-agent/x.ts';\nexport * from '#core/a/one.ts';\n",
      'backbone/log.ts': "import { startNatsServer } from '#tooling/servers/nats-server.ts';\n",
      'backbone/log.io.test.ts': "import { startNatsServer } from '#tooling/servers/nats-server.ts';\n",
      'cli/weir.ts': "import { worker } from '#speed-layer/worker.ts';\n",
    });
    expect(layerFaults(tree)).toStrictEqual([
      'core/a/one.ts imports backbone/log/log.ts',
      'broker/x.ts imports speed-layer/worker.ts',
      'serving/x.ts imports edge-agent/x.ts',
      'backbone/log.ts imports tooling/servers/nats-server.ts',
    ]);
  });

  it('find a citation and a link that lead nowhere', () => {
    const book = `docs/${'book'}.md`;
    const tree = planted({
      [book]:
        '# A word\n\n<a id="cut"></a>See [it](#a-word), [that](#no-word), [x](../core/x.ts), [y](y.md).\n`[z](z.md)`\n',
      'core/x.ts': `/** One (${book}#cut), two (${book}#a-word), three (${book}#a-verb). */`,
      'core/y.ts': `// See docs/${'lost'}.md.`,
    });
    expect(deadPointers(tree, (path) => path === book || path === 'core/x.ts')).toStrictEqual([
      `${book} points to ${book}#no-word`,
      `${book} points to docs/${'y'}.md`,
      `core/x.ts points to ${book}#a-verb`,
      `core/y.ts points to docs/${'lost'}.md`,
    ]);
  });

  it('find a name that a document seeks in the wrong file', () => {
    const path = `docs/${'x'}.md`;
    const source = 'export class Fold {\n  async apply(): Promise<void> {}\n}\nfunction helper(): void {}\n';
    const text = ['Fold', 'apply', 'helper', 'unapply'].map((name) => `[\`${name}\`](../core/x.ts)`).join(' ');
    expect(lostNames({ path, text }, () => source)).toStrictEqual([`${path} looks for unapply in core/x.ts`]);
    expect(lostNames({ path, text: '[`Fold`](../core/y.ts)' }, () => undefined)).toHaveLength(1);
  });

  it('find a test that a document names and no file has', () => {
    const path = `docs/${'x'}.md`;
    const text = '- "before" [x](../core/x.test.ts): "folds\n  it", and "is lost"\n- "alone"';
    expect(lostTitles({ path, text }, () => "it('folds it', () => {});")).toStrictEqual([
      `${path} looks for the test "is lost" in core/x.test.ts`,
    ]);
  });

  it('find an anchor that stands twice, and a citation without one', () => {
    expect(doubledAnchors('# Cut\n<a id="cut"></a> <a id="run"></a> <a id="row"></a> <a id="row"></a>')).toStrictEqual([
      'cut',
      'row',
    ]);
    expect(`as the law says (${'DESIGN'} §13)`).toMatch(LOOSE_CITATION);
    expect(`see ${'rule'} 12`).toMatch(LOOSE_CITATION);
  });

  it('find a retired word in any identifier', () => {
    expect(retiredNames('const natsDoorbell = ring();')).toStrictEqual(['Doorbell is AppendNotifier']);
    expect(retiredNames('const CONNECT_PATIENCE_MS = 1;')).toHaveLength(1);
    expect(retiredNames('const listener = new MqttListener();')).toStrictEqual([]);
  });

  it('find a test in no `describe`', () => {
    expect("it('stands alone', () => {});").toMatch(BARE_TEST);
    expect("for (const one of all) {\n  it('stands alone', () => {});").toMatch(BARE_TEST);
    expect("describe('a thing', () => {\n  it('stands', () => {});\n});").not.toMatch(BARE_TEST);
  });

  it('find marked tests and paths of a machine', () => {
    for (const mark of ['only', 'skip', 'todo']) expect(`describe.${mark}('x')`).toMatch(MARKED_TEST);
    expect(`it.concurrent.${'only'}('x')`).toMatch(MARKED_TEST);
    expect('describe.runIf(server)').not.toMatch(MARKED_TEST);
    expect(`see /${'work'}/main`).toMatch(MACHINE_PATH);
    expect('https://example.org/work/x').not.toMatch(MACHINE_PATH);
  });
});
