import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { LAYER_NAMES, type Layer } from './layers.ts';

/** One source file: its path from the root of the tree, with `/`, and its text. */
export interface SourceFile {
  readonly path: string;
  readonly text: string;
}

const NOT_OURS = new Set(['node_modules', 'dist']);
const OUR_HIDDEN = new Set(['.ci', '.github']);
const SOURCE = /\.(?:ts|tsx|mjs)$/;
const TEXT = /\.(?:ts|tsx|mjs|js|json|jsonc|md|ya?ml|toml|html|css|svg|sh|npmrc|gitignore)$|(?:^|\/)(?:run|LICENSE)$/;

/** The files below `root` that people wrote, as paths from there, sorted. */
export function textFiles(root: string): string[] {
  const files: string[] = [];
  const visit = (dir: string): void => {
    for (const entry of readdirSync(join(root, dir), { withFileTypes: true })) {
      const path = posix.join(dir, entry.name);
      const hidden = entry.name.startsWith('.') && !OUR_HIDDEN.has(entry.name);
      if (entry.isDirectory() && !hidden && !NOT_OURS.has(entry.name)) visit(path);
      else if (entry.isFile() && TEXT.test(entry.name)) files.push(path);
    }
  };
  visit('.');
  return files.sort();
}

/** The source files below `root` with their texts. */
export function sourceFiles(root: string): SourceFile[] {
  return textFiles(root)
    .filter((path) => SOURCE.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** The layer that a path lies in, or undefined for the files at the root and other folders. */
export function layerOf(path: string): Layer | undefined {
  return LAYER_NAMES.find((name) => path.startsWith(`${name}/`));
}

// An import or re-export as the formatter writes it: it begins its line, or ends on a line that begins with a brace.
const STATIC_IMPORT = /^(?:import|export|\})(?:[^'\n]*\sfrom)? '([^']+)';/gm;
const DYNAMIC_IMPORT = /\bimport\('([^']+)'\)/g;

/**
 * The files of this tree that `file` imports, types included, by static, dynamic or re-exporting import, as paths from
 * the root. It knows no more of the language than how an import looks once formatted.
 */
export function importsOf(file: SourceFile): string[] {
  const found: string[] = [];
  for (const match of [...file.text.matchAll(STATIC_IMPORT), ...file.text.matchAll(DYNAMIC_IMPORT)]) {
    const target = match[1] ?? '';
    if (target.startsWith('#')) found.push(target.slice(1));
    else if (target.startsWith('.')) found.push(posix.join(posix.dirname(file.path), target));
  }
  return found;
}

/** The import cycles among `files`, each as the paths along it, the first repeated at the end; none when there is none. */
export function importCycles(files: readonly SourceFile[]): string[][] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  const trail: string[] = [];
  const visit = (path: string): void => {
    const seenAt = trail.indexOf(path);
    if (seenAt >= 0) cycles.push([...trail.slice(seenAt), path]);
    if (seenAt >= 0 || done.has(path)) return;
    trail.push(path);
    for (const next of imports.get(path) ?? []) visit(next);
    trail.pop();
    done.add(path);
  };
  for (const path of imports.keys()) visit(path);
  return cycles;
}
