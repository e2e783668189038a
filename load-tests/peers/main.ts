/** `npm run compare`: the same rows and the same questions for Weir and for what people would use instead. */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { parseArgs } from 'node:util';
import { describeMachine } from '../measure.ts';
import { type Comparison, measurePeer, type PeerResult, prepareShape } from './compare.ts';
import { type EdgeBytes, edgeBytes } from './edge-bytes.ts';
import type { Peer, PeerFound } from './peer.ts';
import { NOT_COMPARED, PEERS } from './peers.ts';
import { readingsOf } from './shape-readings.ts';
import { type Shape, SHAPE_NAMES, type ShapeName, shapeOf, type ShapeSize } from './shapes.ts';

const USAGE = `npm run compare -- [--only PEER,…] [--shape SHAPE,…] [--short] [--no-edge] [--json] [--out FILE]

Gives the same rows to Weir and to others, one after the other, on this machine, asks all of them the same questions, and
compares each answer with the true one. Gets what it lacks from package registries. Ends with status 1 where an answer is
not right; who could not be had is named, and is no failure. All shapes take some twenty minutes.

  peers    ${PEERS.map(({ name }) => name).join(' ')}
  shapes   ${SHAPE_NAMES.map((name) => `${name.padEnd(10)}${shapeOf(name, 'full').summary}`).join('\n           ')}

  --short     a tenth of the devices
  --no-edge   without the bytes of a reading in messages
  --json      a line of JSON for each result, instead of tables
  --out FILE  all results, as JSON
`;

interface Asked {
  readonly peers: readonly Peer[];
  readonly shapes: readonly ShapeName[];
  readonly size: ShapeSize;
  readonly withEdge: boolean;
  readonly asJson: boolean;
  readonly out: string | undefined;
}

const asked = whatIsAsked();
if (typeof asked === 'string') {
  process.stderr.write(`${asked}\n`);
  process.exitCode = 2;
} else if (asked === undefined) {
  process.stdout.write(USAGE);
} else {
  await run(asked);
}

/** What the command line asks for, or why it can't be done; nothing, where it asks for help. */
function whatIsAsked(): Asked | string | undefined {
  try {
    const flag = { type: 'boolean' } as const;
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      options: { only: text, shape: text, out: text, short: flag, json: flag, help: flag, 'no-edge': flag },
    });
    if (values.help === true) return undefined;
    const only = chosen(
      'peer',
      values.only,
      PEERS.map(({ name }) => name),
    );
    return {
      peers: PEERS.filter(({ name }) => only.includes(name)),
      shapes: chosen('shape', values.shape, SHAPE_NAMES),
      size: values.short === true ? 'short' : 'full',
      withEdge: values['no-edge'] !== true,
      asJson: values.json === true,
      out: values.out,
    };
  } catch (error) {
    return `${(error as Error).message}; --help names the flags`;
  }
}

/** The names that a flag gives, all there are where it isn't given. Throws where one is unknown. */
function chosen<T extends string>(what: string, text: string | undefined, known: readonly T[]): readonly T[] {
  if (text === undefined) return known;
  return text.split(',').map((name) => {
    const found = known.find((one) => one === name);
    if (found === undefined) throw new Error(`there is no ${what} ${name}; there are ${known.join(', ')}`);
    return found;
  });
}

async function run(asked: Asked): Promise<void> {
  const { peers, size, asJson, out } = asked;
  const found: FoundPeer[] = [];
  const missing: Comparison['missing'][number][] = [...NOT_COMPARED];
  for (const { name, why } of NOT_COMPARED) process.stderr.write(`not compared: ${name}: ${why}\n`);
  for (const peer of peers) {
    const location = await peer.locate();
    if (location.kind === 'found') found.push({ peer, location });
    else {
      missing.push({ name: peer.name, why: location.message });
      process.stderr.write(`${location.message}\n`);
    }
  }
  const results: PeerResult[] = [];
  const failures: Comparison['failures'][number][] = [];
  const edge: EdgeBytes[] = [];
  for (const name of asked.shapes) {
    const shape = shapeOf(name, size);
    process.stderr.write(`${name}: ${shape.summary}, ${shape.devices} devices\n`);
    const told = await measureShape(shape, name, found);
    results.push(...told.results);
    failures.push(...told.failures);
    missing.push(...told.missing);
    if (asked.withEdge && shape.lateEvery === 0) edge.push(...(await edgeBytes(shape, readingsOf(shape))));
    const ofShape = results.filter((one) => one.shape === name);
    const edgeOfShape = edge.filter((one) => one.shape === name);
    if (asJson) for (const one of [...ofShape, ...edgeOfShape]) process.stdout.write(`${JSON.stringify(one)}\n`);
    else process.stdout.write(`\n${resultTable(ofShape)}\n${edgeTable(edgeOfShape)}\n`);
  }
  const comparison: Comparison = {
    machine: describeMachine(),
    size,
    peers: found.map(({ peer: { name, title, how, traits }, location }) => {
      return { name, title, how, traits, version: location.version };
    }),
    missing,
    shapes: asked.shapes.map((name) => {
      const { summary, devices, steps } = shapeOf(name, size);
      return { name, summary, devices, steps };
    }),
    results,
    failures,
    edge,
  };
  if (out !== undefined) {
    await mkdir(dirname(out), { recursive: true });
    await writeFile(out, `${JSON.stringify(comparison, undefined, 1)}\n`);
  }
  for (const { peer, shape, answers } of results) {
    for (const { question, different, example } of answers.filter((one) => one.different > 0)) {
      process.stderr.write(`FAILED ${peer}, ${shape}, ${question}: ${different} rows differ; ${example ?? ''}\n`);
      process.exitCode = 1;
    }
  }
  if (failures.length > 0) process.exitCode = 1;
}

interface FoundPeer {
  readonly peer: Peer;
  readonly location: PeerFound;
}

/** Has one peer after the other take in a shape and answer. One that fails, or has no answer to this shape, holds up no other. */
async function measureShape(
  shape: Shape,
  name: ShapeName,
  found: readonly FoundPeer[],
): Promise<Pick<Comparison, 'results' | 'failures' | 'missing'>> {
  await using prepared = await prepareShape(shape);
  const results: PeerResult[] = [];
  const failures: Comparison['failures'][number][] = [];
  const missing: Comparison['missing'][number][] = [];
  for (const { peer, location } of found) {
    const leftOut = peer.leavesOut?.[name];
    if (leftOut !== undefined) {
      missing.push({ name: `${peer.title}, ${name}`, why: leftOut });
      process.stderr.write(`  not compared: ${peer.title}: ${leftOut}\n`);
      continue;
    }
    process.stderr.write(`  ${peer.title} ${location.version}\n`);
    try {
      results.push(await measurePeer(peer.name, location, prepared));
    } catch (error) {
      const why = (error as Error).message;
      failures.push({ peer: peer.name, shape: name, why });
      process.stderr.write(`  FAILED ${why}\n`);
    }
  }
  return { results, failures, missing };
}

function resultTable(results: readonly PeerResult[]): string {
  const heading = ['', 'taken in/s', 'by device', 'by region', 'anew', 'bytes', 'memory', 'inexact'];
  const rows = results.map((one) => [
    one.peer,
    Math.round(one.readings / one.loadSeconds).toLocaleString('en'),
    ...one.answers.map(({ ms }) => `${ms.toFixed(0)} ms`),
    one.recomputeSeconds === undefined ? '' : `${(one.recomputeSeconds * 1_000).toFixed(0)} ms`,
    one.bytesPerReading.toFixed(2),
    one.memoryMegabytes === undefined ? '' : `${one.memoryMegabytes} MB`,
    one.answers.some(({ inexact }) => inexact > 0) ? 'yes' : '',
  ]);
  return textTable([heading, ...rows]);
}

function edgeTable(edge: readonly EdgeBytes[]): string {
  if (edge.length === 0) return '';
  const sizes = [...new Set(edge.map(({ readingsPerMessage }) => readingsPerMessage))];
  const rows = [...new Set(edge.map(({ encoding }) => encoding))].map((encoding) => [
    encoding,
    ...sizes.map((size) => {
      const one = edge.find((each) => each.encoding === encoding && each.readingsPerMessage === size);
      return one === undefined ? '' : one.bytesPerReading.toFixed(2);
    }),
  ]);
  return textTable([['bytes a reading', ...sizes.map((size) => `${size.toLocaleString('en')} a message`)], ...rows]);
}

/** A table of text: columns as wide as they have to be, numbers to the right. */
function textTable(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => (column === 0 ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join('');
}
