import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Server } from 'node:tls';
import type { Logger } from 'pino';
import { reasonOf } from '#core/errors.ts';
import { Lookout } from '../flow/lookout.ts';
import { readTlsFiles, type TlsFiles, type TlsOptions } from './tls-files.ts';

/** How often it is looked whether a certificate was renewed. */
const LOOK_EVERY_MS = 1_000;

/**
 * The certificate of doors, read again when its files change: connections that are open go on with the one that they began
 * with, new ones get the new. Files that can't be used, as while they are being written, leave the old one in place.
 */
export class RenewedTls implements AsyncDisposable {
  readonly #files: TlsFiles;
  readonly #folder: string;
  readonly #logger: Logger;
  readonly #servers = new Set<Server>();
  readonly #lookout = new Lookout(() => this.#look(), LOOK_EVERY_MS);
  #options: TlsOptions;
  #stamp: string;

  private constructor(files: TlsFiles, folder: string, logger: Logger, options: TlsOptions, stamp: string) {
    this.#files = files;
    this.#folder = folder;
    this.#logger = logger;
    this.#options = options;
    this.#stamp = stamp;
  }

  /** Reads the files; relative paths start at `folder`. Throws FileUnusable. */
  static async open(files: TlsFiles, folder: string, logger: Logger): Promise<RenewedTls> {
    // What changes between the two is seen by the next look.
    const stamp = await stampOf(files, folder);
    return new RenewedTls(files, folder, logger, await readTlsFiles(files, folder), stamp);
  }

  /** What a server is to be made with now. */
  get options(): TlsOptions {
    return this.#options;
  }

  /** Whether clients may show certificates. */
  get asksClients(): boolean {
    return this.#files.clients !== undefined;
  }

  /** Has a server that was made with `options` renewed until it is closed. */
  renew(server: Server): void {
    this.#servers.add(server);
    server.once('close', () => this.#servers.delete(server));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#lookout[Symbol.asyncDispose]();
  }

  async #look(): Promise<void> {
    const stamp = await stampOf(this.#files, this.#folder);
    if (stamp === this.#stamp) return;
    this.#stamp = stamp;
    try {
      this.#options = await readTlsFiles(this.#files, this.#folder);
      for (const server of this.#servers) server.setSecureContext(this.#options);
      this.#logger.info({ cert: this.#files.cert }, 'the certificate was renewed');
    } catch (error) {
      this.#logger.error(
        { reason: reasonOf(error) },
        'the certificate was changed and can not be used; the one before is',
      );
    }
  }
}

/** Changes when a file does, or who may read it, or another one takes its place, also behind a link. */
async function stampOf({ cert, key, clients }: TlsFiles, folder: string): Promise<string> {
  const files = [cert, key, ...(clients === undefined ? [] : [clients])];
  const stamps = files.map(async (file) => {
    try {
      const { ino, size, ctimeMs } = await stat(resolve(folder, file));
      return `${ino}/${size}/${ctimeMs}`;
    } catch {
      return 'none';
    }
  });
  return (await Promise.all(stamps)).join(' ');
}
