import type { KeyValue, KeyValueEntry } from '#backbone/key-value/key-value.ts';
import { WeirError } from '#core/errors.ts';
import { isObject } from '#core/wire/message-fault.ts';
import { CLAIM_ATTEMPTS_MAX, CLAIM_CHUNK_BYTES, CLAIM_LINE_BYTES_MAX, CLAIMED_SERIES_MAX } from './limits.ts';

/**
 * Who may write which series (docs/design.md#a-series-has-one-writer). Claims are a list of what was said, one after the
 * other, in chunks of the key-value store that are numbered from 1 on without gaps:
 *
 * ```
 * claimed.<n>        a line of JSON in UTF-8 for each:
 *                    ["<agent>", "<series key>", …]             these series, which had no owner, are the agent's
 *                    {"from": "<agent>", "to": "<agent>"}       all series of one are the other's
 *
 * claims.<bucket>    { "<agent>": ["<series key>", …], … }      what versions before have written: read before all chunks
 * ```
 *
 * A line is added to the last chunk by compare-and-set, until that has CLAIM_CHUNK_BYTES; then nobody changes it any more,
 * and the next one is created. So who has read the last chunk as it is now knows all claims, and a birth writes what it
 * says, however many claims there are.
 */
export type ClaimOutcome =
  | { readonly kind: 'claimed' }
  /** Series of others, with their owners. */
  | { readonly kind: 'taken'; readonly owners: ReadonlyMap<string, string> }
  | { readonly kind: 'full'; readonly series: string };

/** Claims were changed by others each time that this broker tried to. The same claim may succeed later. */
export class ClaimsContended extends WeirError {
  readonly kind = 'claims-contended';

  constructor(key: string) {
    super(`${key} was changed by others ${CLAIM_ATTEMPTS_MAX} times in a row; the agent tries again`, {
      fault: 'world',
      retryable: true,
    });
  }
}

/** What is stored as claims is none. */
export class ClaimsUnreadable extends WeirError {
  readonly kind = 'claims-unreadable';

  constructor(key: string) {
    super(
      `${key} in the key-value store holds no claims of series; restore it, or remove it and all chunks after it to let agents claim anew`,
      { fault: 'data' },
    );
  }
}

/** The last chunk that is known, and how much of it is taken up. */
interface Tail {
  readonly number: number;
  /** Undefined of one that isn't there yet. */
  readonly entry: KeyValueEntry | undefined;
}

const FIRST: Tail = { number: 1, entry: undefined };
const NEWLINE = 0x0a;
/** What stands in a line beside series. */
const AGENT_BYTES_MAX = 128;

const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder('utf-8', { fatal: true });

export class SeriesClaims {
  readonly #store: KeyValue;
  readonly #seriesMax: number;
  /** Series key to owner, as of the tail. */
  #owners = new Map<string, string>();
  /** Undefined until anything is read. */
  #tail: Tail | undefined;
  /** The end of the chain of claims: each reads and writes alone. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: KeyValue, seriesMax = CLAIMED_SERIES_MAX) {
    this.#store = store;
    this.#seriesMax = seriesMax;
  }

  /**
   * Makes `agent` the owner of all of `series`, or of none of them where one has another owner. Where brokers claim at
   * the same moment an agent may be refused and keep what it got until then, which hurts nobody who isn't in error.
   * Throws what the store throws, {@link ClaimsContended} and {@link ClaimsUnreadable}.
   */
  claim(agent: string, series: readonly string[]): Promise<ClaimOutcome> {
    return this.#inTurn(() => this.#claim(agent, series));
  }

  /** Gives every series of `from` to `to`; gives how many those were. Throws as `claim` does. */
  move(from: string, to: string): Promise<number> {
    return this.#inTurn(async () => {
      let moved = 0;
      await this.#change(() => {
        moved = 0;
        for (const owner of this.#owners.values()) if (owner === from) moved++;
        return moved === 0 ? undefined : { from, to };
      });
      return moved;
    });
  }

  async #claim(agent: string, series: readonly string[]): Promise<ClaimOutcome> {
    let outcome: ClaimOutcome = { kind: 'claimed' };
    let isWhole = false;
    while (!isWhole) {
      await this.#change(() => {
        isWhole = true;
        const foreign = this.#takenOf(agent, series);
        if (foreign.size > 0) outcome = { kind: 'taken', owners: foreign };
        if (foreign.size > 0) return undefined;
        const added = series.filter((name) => !this.#owners.has(name));
        const spare = this.#seriesMax - this.#owners.size;
        if (added.length > spare) outcome = { kind: 'full', series: added[spare]! };
        if (added.length === 0 || added.length > spare) return undefined;
        const line = firstOf(added);
        isWhole = line.length === added.length;
        return [agent, ...line];
      });
    }
    return outcome;
  }

  #takenOf(agent: string, series: readonly string[]): ReadonlyMap<string, string> {
    const taken = new Map<string, string>();
    for (const name of series) {
      const owner = this.#owners.get(name);
      if (owner !== undefined && owner !== agent) taken.set(name, owner);
    }
    return taken;
  }

  /** Adds the line that is made of what is claimed now, anew each time that others were first; without one nothing is written. */
  async #change(lineOf: () => ClaimLine | undefined): Promise<void> {
    for (let attempt = 0; attempt < CLAIM_ATTEMPTS_MAX; attempt++) {
      const tail = await this.#catchUp();
      const line = lineOf();
      if (line === undefined) return;
      const { entry } = tail;
      const value = joined(entry?.value, utf8.encode(`${JSON.stringify(line)}\n`));
      const key = chunkKey(tail.number);
      const outcome =
        entry === undefined
          ? await this.#store.create(key, value)
          : await this.#store.update(key, value, entry.revision);
      if (outcome.kind !== 'stored') continue;
      this.#take(line);
      this.#tail = { number: tail.number, entry: { value, revision: outcome.revision } };
      return;
    }
    throw new ClaimsContended(chunkKey(this.#tail?.number ?? 1));
  }

  /** Takes up what was said since the last time; gives the chunk that the next line goes into. */
  async #catchUp(): Promise<Tail> {
    let tail = this.#tail ?? (await this.#begin());
    for (;;) {
      const { number, entry: known } = tail;
      const entry = await this.#store.get(chunkKey(number));
      if (entry === undefined && known !== undefined) {
        // Somebody has removed it: what is left counts.
        tail = await this.#begin();
        continue;
      }
      if (entry !== undefined && entry.revision !== known?.revision)
        this.#read(number, entry, known?.value.length ?? 0);
      this.#tail = tail = { number, entry };
      if (entry === undefined || entry.value.length < CLAIM_CHUNK_BYTES) return tail;
      this.#tail = tail = { number: number + 1, entry: undefined };
    }
  }

  async #begin(): Promise<Tail> {
    this.#owners = new Map();
    for (const key of await this.#store.list('claims.')) {
      const entry = await this.#store.get(key);
      if (entry !== undefined) readBucket(key, entry.value, this.#owners);
    }
    return FIRST;
  }

  #read(number: number, { value }: KeyValueEntry, from: number): void {
    for (let at = from; at < value.length;) {
      const end = value.indexOf(NEWLINE, at);
      const line = end < 0 ? undefined : parseLine(value.subarray(at, end));
      if (line === undefined) throw new ClaimsUnreadable(chunkKey(number));
      this.#take(line);
      at = end + 1;
    }
  }

  #take(line: ClaimLine): void {
    if ('from' in line) {
      for (const [series, owner] of this.#owners) if (owner === line.from) this.#owners.set(series, line.to);
      return;
    }
    const [agent, ...series] = line;
    for (const name of series) this.#owners.set(name, agent);
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(act);
    // A failure is its caller's; the next one takes its turn all the same.
    this.#turn = done.then(undefined, () => undefined);
    return done;
  }
}

type ClaimLine = readonly [agent: string, ...series: string[]] | { readonly from: string; readonly to: string };

/** The first of them, as many as fit into a line. One always does. */
function firstOf(series: readonly string[]): readonly string[] {
  let bytes = 0;
  // In JSON and UTF-8 no UTF-16 unit of a key takes more than three.
  const end = series.findIndex(
    (name, i) => (bytes += 3 * name.length + 3) > CLAIM_LINE_BYTES_MAX - AGENT_BYTES_MAX && i > 0,
  );
  return end < 0 ? series : series.slice(0, end);
}

function chunkKey(number: number): string {
  return `claimed.${number}`;
}

function joined(before: Uint8Array | undefined, line: Uint8Array): Uint8Array {
  if (before === undefined) return line;
  const value = new Uint8Array(before.length + line.length);
  value.set(before);
  value.set(line, before.length);
  return value;
}

function parseLine(bytes: Uint8Array): ClaimLine | undefined {
  const value = parseJson(bytes);
  if (isTexts(value) && value.length > 0) return value as [string, ...string[]];
  if (!isObject(value)) return undefined;
  const { from, to } = value;
  return typeof from === 'string' && typeof to === 'string' ? { from, to } : undefined;
}

function readBucket(key: string, bytes: Uint8Array, owners: Map<string, string>): void {
  const value = parseJson(bytes);
  if (!isObject(value)) throw new ClaimsUnreadable(key);
  for (const [agent, series] of Object.entries(value)) {
    if (!isTexts(series)) throw new ClaimsUnreadable(key);
    for (const name of series) owners.set(name, agent);
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8Decoder.decode(bytes));
  } catch {
    return undefined;
  }
}
