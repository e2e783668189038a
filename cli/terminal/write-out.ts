import { once } from 'node:events';

/** Writes a piece of a result to standard output; resolves when more may be written. */
export async function writeOut(piece: string | Uint8Array): Promise<void> {
  if (!process.stdout.write(piece)) await once(process.stdout, 'drain');
}
