import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ChangeTable } from '#backbone/changes/change-table.ts';
import { codeOf } from '#backbone/storage-errors.ts';
import { reasonOf } from '#core/errors.ts';
import type { WeirConfig } from '../config/schema.ts';
import type { HeldStore } from './server-status.ts';

/** What a server keeps and where. */
interface RetentionOptions {
  readonly config: Pick<WeirConfig, 'backbone' | 'batch' | 'retention'>;
  readonly dataDir: string;
  readonly logger: { warn(facts: object, message: string): void };
}

/** Between two looks what was refused too long ago to be listed any longer. */
const FORGET_PAUSE_MS = 60_000;

/** How long a server keeps what, and how much that is. Until it is disposed of, it forgets what was refused long ago. */
export class Retention implements AsyncDisposable {
  readonly #options: RetentionOptions;
  readonly #changes: Pick<ChangeTable, 'forgetRefused' | 'refusedBytes'>;
  readonly #timer: NodeJS.Timeout | undefined;
  #forgetting: Promise<void> = Promise.resolve();

  constructor(options: RetentionOptions, changes: Pick<ChangeTable, 'forgetRefused' | 'refusedBytes'>) {
    this.#options = options;
    this.#changes = changes;
    const { quarantine } = options.config.retention;
    if (quarantine === 'forever') return;
    this.#forget(quarantine.ms);
    this.#timer = setInterval(() => this.#forget(quarantine.ms), FORGET_PAUSE_MS);
  }

  /** For how long the log keeps what is archived, in ms: 0 for no longer, infinite for ever. */
  get logKeptMs(): number {
    const { backbone, retention } = this.#options.config;
    // The disks of NATS are others than that of the archive.
    const log = retention.log ?? (backbone.kind === 'embedded' ? 'archived' : 'forever');
    if (log === 'archived') return 0;
    return log === 'forever' ? Number.POSITIVE_INFINITY : log.ms;
  }

  /** What is held now, and until when. */
  async holds(): Promise<readonly HeldStore[]> {
    const { dataDir, config } = this.#options;
    const { batch, backbone, retention } = config;
    const isHere = backbone.kind === 'embedded';
    const [log, archive, results, changes] = await Promise.all([
      isHere ? bytesIn(join(dataDir, 'log')) : null,
      bytesIn(join(dataDir, 'archive')),
      isHere ? bytesIn(join(dataDir, 'objects')) : null,
      bytesIn(join(dataDir, 'speed')),
    ]);
    const newest = 'the newest of each partition';
    const { quarantine } = retention;
    return [
      { store: 'log', bytes: log, until: logUntil(this.logKeptMs) },
      { store: 'archive', bytes: archive, until: 'for ever' },
      { store: 'results', bytes: results, until: `those of the live state, and of ${batch.keep} before` },
      { store: 'changes', bytes: changes, until: 'until two batch runs have added them up' },
      {
        store: 'quarantine',
        bytes: this.#changes.refusedBytes,
        until: quarantine === 'forever' ? newest : `${newest}, for ${spanText(quarantine.ms)}`,
      },
    ];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#forgetting;
  }

  #forget(keptMs: number): void {
    this.#forgetting = this.#forgetting
      .then(() => this.#changes.forgetRefused(Date.now() - keptMs))
      .catch((failure: unknown) =>
        this.#options.logger.warn({ reason: reasonOf(failure) }, 'what was refused long ago could not be forgotten'),
      );
  }
}

function logUntil(keptMs: number): string {
  if (keptMs === 0) return 'until it is archived and folded';
  return keptMs === Number.POSITIVE_INFINITY
    ? 'for ever'
    : `for ${spanText(keptMs)}, and until it is archived and folded`;
}

function spanText(ms: number): string {
  const [unit, length] = ms < 172_800_000 ? ['hours', 3_600_000] : ['days', 86_400_000];
  return `${Math.round((ms / length) * 10) / 10} ${unit}`;
}

/** Bytes of all files below a directory, null where the disk doesn't say; what goes meanwhile is not counted. */
async function bytesIn(dir: string): Promise<number | null> {
  try {
    let bytes = 0;
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      const found = entry.isDirectory() ? await bytesIn(path) : await bytesOf(path);
      if (found === null) return null;
      bytes += found;
    }
    return bytes;
  } catch (failure) {
    if (codeOf(failure) === undefined) throw failure;
    return null;
  }
}

async function bytesOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (failure) {
    if (codeOf(failure) === 'ENOENT') return 0;
    throw failure;
  }
}
