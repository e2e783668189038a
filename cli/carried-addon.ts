import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliDecompressSync } from 'node:zlib';
import { WeirError } from '#core/errors.ts';

/** The storage engine that the program carries can't be loaded here. */
class AddonUnusable extends WeirError {
  readonly kind = 'addon-unusable';

  constructor(why: string, remedy: string, cause?: unknown) {
    super(`the storage engine can't be loaded: ${why}; ${remedy}`, { fault: 'world', cause });
  }
}

/**
 * Loads the native addon that was built for this machine, of those that the bundle carries: by platform, packed with Brotli, in base64. A
 * library is loaded from a file, which is there only as long as that takes. Throws AddonUnusable.
 */
export function loadAddon(packed: Readonly<Record<string, string>>): unknown {
  // As node-gyp-build tells C libraries apart.
  const libc = existsSync('/etc/alpine-release') ? '-musl' : '';
  const platform = `${process.platform}-${process.arch}${libc}`;
  const addon = packed[platform];
  if (addon === undefined) {
    const remedy = `run Weir from a checkout there; this file has those of ${Object.keys(packed).join(', ')}`;
    throw new AddonUnusable(`none is carried for ${platform}`, remedy);
  }
  const dir = mkdtempSync(join(tmpdir(), 'weir-agent-'));
  const file = join(dir, 'addon.node');
  try {
    writeFileSync(file, brotliDecompressSync(Buffer.from(addon, 'base64')), { mode: 0o500 });
    const loaded = { exports: {} as unknown };
    process.dlopen(loaded as NodeJS.Module, file);
    return loaded.exports;
  } catch (error) {
    const remedy = 'let TMPDIR name a directory that is not mounted noexec';
    throw new AddonUnusable((error as Error).message, remedy, error);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
