import { strict as assert } from 'node:assert';
import { MODULE_BASE64, MODULE_PAGES } from './module-bytes.ts';
import { compileModule } from './wasm-module.ts';

/** Numbers that a room holds: those that a reader has unpacked ahead, and what is written behind them unasked. */
export const ROOM_NUMBERS = 1536;

/** Pieces that are measured at once: as many as a chunk has readings. */
export const PIECES_MAX = 1024;

/** What is measured of a piece, four numbers: see `measurePieces` in `core/stats/piece.ts`. */
export const PIECE_MEASURES = 4;

/** Rows that the kernels make at once, and columns that they have: each behind the other. */
export const ROWS_MAX = 16;
const ROW_COLUMNS = 17;

/** Readers that have a room in a thread at once: each fold and each broker has one. Others work in JavaScript. */
const ROOMS_MAX = 64;

const PAGE_BYTES = 65_536;
const VECTOR_BYTES = 16;
/** Words of a block of the widest fields, and the vector behind it that is read. */
const BLOCK_WORDS = 132;

/** Where a reader keeps its numbers so that kernels reach them: differences, and the values that become of them. */
export interface Room {
  readonly differences: Int32Array;
  readonly differencesAt: number;
  readonly values: Float64Array;
  readonly valuesAt: number;
}

/** The functions of `core/kernels/assembly/kernels.ts`, which takes addresses. */
interface KernelFunctions {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly unpackFull: (words: number, width: number, out: number) => void;
  readonly accumulate: (differences: number, count: number, before: number, divisor: number, out: number) => number;
  readonly measurePieces: (values: number, ends: number, pieces: number, out: number) => void;
  readonly heldRows: (
    values: number,
    ends: number,
    measures: number,
    from: number,
    to: number,
    pieces: number,
    sliceStartMs: number,
    intoSliceMs: number,
    stepMs: number,
    sliceMs: number,
    valueMax: number,
    rows: number,
  ) => number;
}

/** What one call takes and gives lies here, and is another call's behind it. */
interface Desk {
  readonly words: Int32Array;
  readonly wordsAt: number;
  readonly ends: Int32Array;
  readonly endsAt: number;
  readonly measures: Float64Array;
  readonly measuresAt: number;
  readonly rows: Float64Array;
  readonly rowsAt: number;
}

/**
 * The kernels of this thread, with their memory, which never grows: views of it stay valid. Everything that has to be
 * remembered from call to call stands in a room, and who lets go of a reader gives its room back.
 */
export class Kernels {
  readonly functions: KernelFunctions;
  readonly desk: Desk;
  readonly #free: Room[] = [];
  readonly #returned = new FinalizationRegistry((room: Room) => this.#free.push(room));
  #nextAt = VECTOR_BYTES;

  constructor(functions: KernelFunctions) {
    this.functions = functions;
    const wordsAt = this.#take(4 * BLOCK_WORDS);
    const endsAt = this.#take(4 * PIECES_MAX);
    const measuresAt = this.#take(8 * PIECE_MEASURES * PIECES_MAX);
    const rowsAt = this.#take(8 * ROWS_MAX * ROW_COLUMNS);
    const { buffer } = functions.memory;
    this.desk = {
      words: new Int32Array(buffer, wordsAt, BLOCK_WORDS),
      wordsAt,
      ends: new Int32Array(buffer, endsAt, PIECES_MAX),
      endsAt,
      measures: new Float64Array(buffer, measuresAt, PIECE_MEASURES * PIECES_MAX),
      measuresAt,
      rows: new Float64Array(buffer, rowsAt, ROWS_MAX * ROW_COLUMNS),
      rowsAt,
    };
    for (let i = 0; i < ROOMS_MAX; i++) this.#free.push(this.#newRoom(buffer));
  }

  /** A room for as long as `owner` lives; undefined while all are taken. */
  takeRoom(owner: object): Room | undefined {
    const room = this.#free.pop();
    if (room !== undefined) this.#returned.register(owner, room);
    return room;
  }

  #newRoom(buffer: ArrayBuffer): Room {
    const differencesAt = this.#take(4 * ROOM_NUMBERS);
    const valuesAt = this.#take(8 * ROOM_NUMBERS);
    return {
      differences: new Int32Array(buffer, differencesAt, ROOM_NUMBERS),
      differencesAt,
      values: new Float64Array(buffer, valuesAt, ROOM_NUMBERS),
      valuesAt,
    };
  }

  #take(bytes: number): number {
    const at = this.#nextAt;
    this.#nextAt += Math.ceil(bytes / VECTOR_BYTES) * VECTOR_BYTES;
    assert(this.#nextAt <= MODULE_PAGES * PAGE_BYTES, 'the memory of the kernels holds all their rooms');
    return at;
  }
}

/** The kernels, or undefined where the machine or the runtime has no WebAssembly with SIMD. */
function loadKernels(): Kernels | undefined {
  const instantiate = compileModule(MODULE_BASE64);
  return instantiate && new Kernels(instantiate() as KernelFunctions);
}

export const KERNELS: Kernels | undefined = loadKernels();
