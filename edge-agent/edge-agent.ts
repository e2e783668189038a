import type { Readable } from 'node:stream';
import type { Logger } from 'pino';
import type { Fullness } from '#backbone/flow/fullness.ts';
import { stringKey } from '#backbone/keys/order.ts';
import { openEmbeddedTable } from '#backbone/table/embedded-table.ts';
import type { Metric } from '#core/metrics/metric.ts';
import type { AgentTotals } from './commit/agent-state.ts';
import { Committer } from './commit/committer.ts';
import { HELD_BYTES_MAX } from './commit/held-frames.ts';
import type { DeclaredSource } from './sources/source-kind.ts';
import { SourceRunner } from './sources/source-runner.ts';
import { sharesOf } from './spool/limits.ts';
import { Spool } from './spool/spool.ts';
import { type LoginFiles, readLogin } from './uplink/agent-login.ts';
import { startUplink, type Uplink, UplinkHalted } from './uplink/uplink.ts';

export interface EdgeAgentOptions {
  readonly id: string;
  /** `mqtt://host:port`, or by mqtts, ws or wss. */
  readonly broker: string;
  /** By which files it shows who it is; relative paths start at `folder`. */
  readonly login?: LoginFiles;
  /**
   * Where the agent's state lives, a directory that exists, how many bytes of journal and frames it may keep there, and how many are gathered
   * in memory before they go into a file.
   */
  readonly spool: { readonly dir: string; readonly bytes: number; readonly memory?: number | undefined };
  readonly metrics: ReadonlyMap<string, Metric>;
  /** The sources by name; files are read one after the other in this order. */
  readonly sources: Iterable<readonly [name: string, source: DeclaredSource]>;
  /** Where relative paths of sources start. */
  readonly folder: string;
  readonly stdin: () => Readable;
  /** ms since 1970. */
  readonly nowMs: () => number;
  /** From 0 up to but not including 1. */
  readonly random: () => number;
  readonly logger: Logger;
}

/** An agent that runs: its sources, its spool, its uplink. */
export interface EdgeAgent extends AsyncDisposable {
  /**
   * Resolves when every source has ended and what it gave is durable. Rejects when a source fails, or with UplinkHalted
   * when the ledger knows more of this agent than the agent itself.
   */
  readonly ended: Promise<void>;
  totals(): AgentTotals;
  /** Frames and reports that the broker has not acknowledged yet. */
  unsent(): number;
  fullness(): readonly Fullness[];
  /**
   * Ends the sources, puts all that was taken into frames, and waits until the broker has acknowledged them. Throws what
   * `ended` throws, or that the agent was disposed of meanwhile.
   */
  drain(): Promise<void>;
  /** Stops, and keeps what is spooled for the next start. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Starts an agent: what its sources give is accepted, journaled and sealed into frames by the committer, kept in the
 * spool, and brought to the broker by the uplink. Throws what the table throws, AgentStateRefused where the directory is
 * another agent's, BrokerAddressUnusable, and FileUnusable where a file of its login is not there.
 */
export async function startEdgeAgent(options: EdgeAgentOptions): Promise<EdgeAgent> {
  const { id, spool: spoolOptions, metrics, logger, nowMs } = options;
  await using stack = new AsyncDisposableStack();
  await readLogin(options.login ?? {}, options.folder);
  const table = stack.use(await openEmbeddedTable({ dir: spoolOptions.dir, memoryBytes: spoolOptions.memory }));
  const { journalBytes, frameBytes } = sharesOf(spoolOptions.bytes);
  const spool = await Spool.open(table, { bytesMax: frameBytes, prefix: stringKey('spool') });
  const stopping = new AbortController();
  const storing = {
    signal: stopping.signal,
    failed: ({ message }: Error) => logger.error({ reason: message }, 'nothing can be stored; it is tried again'),
  };
  const committer = await Committer.open({ id, table, spool, metrics, journalBytesMax: journalBytes, storing, nowMs });
  const sources = Array.from(options.sources, ([name, source]) =>
    source.open(name, { ...options, agent: id, registry: committer.dictionary }),
  );
  const runner = new SourceRunner({ committer, spool, sources, signal: stopping.signal, logger });
  const behind = Promise.withResolvers<never>();
  behind.promise.catch(() => undefined);
  const uplink = openUplink(options, spool, committer, (message) => {
    behind.reject(new UplinkHalted(`agent ${id} stops: ${message}`));
    stopping.abort();
  });
  const ended = Promise.race([runner.run(), behind.promise]);
  ended.catch(() => undefined);
  const left = new AbortController();
  let closing = Promise.resolve();
  const owned = stack.move();
  const stop = async (): Promise<void> => {
    stopping.abort();
    left.abort(new Error('the agent was stopped before everything was sent'));
    await runner.stopped();
    await closing.catch(() => undefined);
    try {
      await uplink.stop();
    } finally {
      await owned.disposeAsync();
    }
  };
  let stopped: Promise<void> | undefined;
  return {
    ended,
    totals: () => committer.totals,
    unsent: () => spool.unreleasedCount,
    fullness: () => [...spool.fullness(), ...committer.fullness(), ...uplink.fullness()],
    drain: async () => {
      stopping.abort();
      closing = ended.then(() => committer.close());
      await closing;
      // A frame that is refused may leave a rest, which is sent after it.
      do {
        await Promise.race([uplink.drain(left.signal), behind.promise]);
        await committer.settled();
      } while (spool.unreleasedCount > 0);
    },
    [Symbol.asyncDispose]: () => (stopped ??= stop()),
  };
}

/** An uplink that tells `onBehind` why the agent has to stop, should the ledger know more of it than itself. */
function openUplink(
  { id, broker, login, folder, random, logger }: EdgeAgentOptions,
  spool: Spool,
  committer: Committer,
  onBehind: (message: string) => void,
): Uplink {
  return startUplink({
    url: broker,
    agent: id,
    login: () => readLogin(login ?? {}, folder),
    spool,
    heartbeat: () => committer.heartbeat(),
    endings: {
      forget: () => committer.ended.forget(),
      told: (message) => committer.ended.told(message),
      ask: () => committer.ended.ask(committer.frameProgress),
      asked: () => committer.ended.asked(),
    },
    acquaintance: { shown: () => committer.shown, make: (life) => committer.acquaint(life) },
    logger,
    random,
    onHead: (verdict) => {
      if (verdict.kind === 'agent-behind') onBehind(verdict.message);
    },
    onVerdict: async (refused, { bytes }) => {
      logger.error(refused, 'the server refused what a frame says; it is sent again at the next start');
      const isKept = await committer.refuse(bytes, refused.entries);
      if (!isKept) logger.error({ heldBytesMax: HELD_BYTES_MAX }, 'there is no room to keep more of what was refused');
    },
  });
}
