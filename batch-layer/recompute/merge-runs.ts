import { strict as assert } from 'node:assert';
import { BlockBuilder } from '#backbone/results/block-builder.ts';
import { compareRows, type ResultBlock, type RowName } from '#backbone/results/results.ts';
import { type RunBlock, RunReader, RunWriter } from './run-file.ts';

/** A block with at least so many slices is passed on as it is where nothing overlaps it; smaller ones are packed together. */
export const WHOLE_SLICES_MIN = 256;

/** What a merge goes over, and where the blocks go that come out. Plain data, for any process. */
export interface MergeJob {
  /** Each is merged by itself, and comes behind the one before: what is between them may be elsewhere. */
  readonly merges: readonly (readonly MergeInput[])[];
  /** How long the slices of their rows are. */
  readonly sliceMs: number;
  /** File for what comes out. */
  readonly outPath: string;
}

/** A run of rows, or part of it. */
export interface MergeInput {
  /** In the order of their rows, without overlap. */
  readonly blocks: readonly RunBlock[];
  /** The order of the rows of one slice. Equal where it doesn't matter. */
  readonly order: number;
}

/** Merges sorted runs, and gives the blocks that come out. Synchronous: for a process of its own, or for little. Throws ObjectDamaged. */
export function runMergeJob({ merges, sliceMs, outPath }: MergeJob): readonly RunBlock[] {
  using reader = new RunReader();
  using writer = new RunWriter(outPath);
  const builder = new BlockBuilder(sliceMs);
  for (const inputs of merges) new Merge(inputs, builder, reader, writer).run();
  return writer.finish([]).blocks;
}

/** A place in a run: a row of a block, or before a block that is not read yet. */
class Cursor implements RowName {
  readonly order: number;
  readonly #blocks: readonly RunBlock[];
  readonly #reader: RunReader;
  #next = 0;
  #block: ResultBlock | undefined;
  #at = 0;
  #stretch = 0;
  /** Of the row that it stands at. */
  partition = 0;
  group = '';
  slice = 0;

  constructor({ blocks, order }: MergeInput, reader: RunReader) {
    this.order = order;
    this.#blocks = blocks;
    this.#reader = reader;
    this.#settle();
  }

  /** Whether there is no row left. */
  get isDone(): boolean {
    return this.#block === undefined && this.#next === this.#blocks.length;
  }

  /** The block that it stands before; undefined within one. */
  get whole(): RunBlock | undefined {
    return this.#block === undefined ? this.#blocks[this.#next] : undefined;
  }

  takeInto(builder: BlockBuilder): void {
    this.#block ??= this.#read();
    const { table, firstSlot, revision, flags } = this.#block;
    builder.take(table, firstSlot + this.#at, revision[this.#at]!, flags[this.#at]!);
  }

  /** The bytes of the block that it stands before, which it passes. */
  passWhole(): Uint8Array {
    const bytes = this.#reader.read(this.whole!);
    this.#next++;
    this.#settle();
    return bytes;
  }

  /** To the next row. */
  advance(): void {
    const block = (this.#block ??= this.#read());
    this.#at++;
    if (this.#at === block.count) this.#block = undefined;
    this.#settle();
  }

  #read(): ResultBlock {
    const place = this.#blocks[this.#next++]!;
    this.#at = 0;
    this.#stretch = 0;
    return this.#reader.rows(place);
  }

  #settle(): void {
    if (this.#block === undefined) {
      const place = this.#blocks[this.#next];
      if (place !== undefined) ({ partition: this.partition, group: this.group, slice: this.slice } = place.first);
      return;
    }
    while (this.#block.ends[this.#stretch]! <= this.#at) this.#stretch++;
    this.group = this.#block.groups[this.#stretch]!;
    this.slice = this.#block.slice[this.#at]!;
  }
}

/**
 * Merges rows as core/slices/merge-rows.ts says: those of one slice become one row. In memory are one block of each run,
 * and one that is being filled.
 */
class Merge {
  readonly #writer: RunWriter;
  readonly #builder: BlockBuilder;
  /** A heap: no cursor stands behind one of the two below it; of those that stand at one row the newest is on top. */
  readonly #heap: Cursor[] = [];
  #partition = 0;

  constructor(inputs: readonly MergeInput[], builder: BlockBuilder, reader: RunReader, writer: RunWriter) {
    this.#writer = writer;
    this.#builder = builder;
    for (const input of inputs) {
      const cursor = new Cursor(input, reader);
      if (!cursor.isDone) this.#heap.push(cursor);
    }
    for (let i = this.#heap.length >>> 1; i >= 0; i--) this.#sink(i);
  }

  run(): void {
    const builder = this.#builder;
    for (let top = this.#heap[0]; top !== undefined; top = this.#heap[0]) {
      const other = this.#second();
      const { whole } = top;
      if (whole !== undefined && whole.slices >= WHOLE_SLICES_MIN && isBefore(whole.last, other)) {
        this.#flush();
        this.#writer.add(whole, top.passWhole());
        this.#settleTop(top);
        continue;
      }
      if (top.partition !== this.#partition || builder.isFull) this.#flush();
      this.#partition = top.partition;
      const { group, slice } = top;
      builder.open(group, slice);
      for (let cursor: Cursor | undefined = top; cursor !== undefined; cursor = this.#at(group, slice)) {
        cursor.takeInto(builder);
        cursor.advance();
        this.#settleTop(cursor);
      }
    }
    this.#flush();
  }

  /** The cursor on top, where it stands at the row too. */
  #at(group: string, slice: number): Cursor | undefined {
    const top = this.#heap[0];
    const isSame = top?.slice === slice && top.group === group && top.partition === this.#partition;
    return isSame ? top : undefined;
  }

  #flush(): void {
    const built = this.#builder.build(this.#partition);
    if (built !== undefined) this.#writer.add(built.extent, built.bytes);
  }

  #second(): Cursor | undefined {
    const [, left, right] = this.#heap;
    return left === undefined || right === undefined || isAhead(left, right) ? left : right;
  }

  /** The cursor on top has moved. */
  #settleTop(top: Cursor): void {
    assert(top === this.#heap[0], 'only the cursor on top moves');
    if (top.isDone) {
      const last = this.#heap.pop()!;
      if (this.#heap.length === 0) return;
      this.#heap[0] = last;
    }
    this.#sink(0);
  }

  #sink(from: number): void {
    const heap = this.#heap;
    for (let at = from; ;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const child = right < heap.length && isAhead(heap[right]!, heap[left]!) ? right : left;
      if (!isAhead(heap[child]!, heap[at]!)) return;
      [heap[at], heap[child]] = [heap[child]!, heap[at]!];
      at = child;
    }
  }
}

function isAhead(a: Cursor, b: Cursor): boolean {
  return (compareRows(a, b) || b.order - a.order) < 0;
}

function isBefore(last: RowName, other: Cursor | undefined): boolean {
  return other === undefined || compareRows(last, other) < 0;
}
