import { posix } from 'node:path';
import type { SourceFile } from './source-tree.ts';

const MARKDOWN = /\.md$/;
const FENCE = /^(```|~~~)[^]*?^\1/gm;
const INLINE_CODE = /`[^`\n]*`/g;
const HEADING = /^#{1,6} +(.+?) *#*$/gm;
const EXPLICIT_ANCHOR = /<a id="([^"]+)"/g;
const LINK = /\]\(([^()\s]+)\)/g;
const ELSEWHERE = /^[a-z][a-z+.-]*:/;
/** How code names a place in a document: by its path from the root, and an anchor. */
const CITATION = /\bdocs\/[\w./-]*?\.md(?:#[\w-]+)?/g;

/** What one may link to in a document: its headings, named as GitHub does, and anchors written as `<a id="…">`. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const anchors = new Set<string>();
  const prose = text.replaceAll(FENCE, '');
  for (const match of prose.matchAll(HEADING)) {
    const slug = match[1]!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = slug;
    for (let count = 1; anchors.has(anchor); count++) anchor = `${slug}-${count}`;
    anchors.add(anchor);
  }
  for (const match of prose.matchAll(EXPLICIT_ANCHOR)) anchors.add(match[1]!);
  return anchors;
}

/** Where a file points within the tree, as `path` or `path#anchor` from the root: links of a document, citations of code. */
export function pointersOf({ path, text }: SourceFile): string[] {
  if (!MARKDOWN.test(path)) return text.match(CITATION) ?? [];
  const prose = text.replaceAll(FENCE, '').replaceAll(INLINE_CODE, '');
  const targets = [...prose.matchAll(LINK)].map((match) => match[1]!).filter((target) => !ELSEWHERE.test(target));
  return targets.map((target) =>
    target.startsWith('#') ? `${path}${target}` : posix.join(posix.dirname(path), decodeURI(target)),
  );
}

/** The pointers of `files` that lead nowhere, as sentences. `exists` tells of any path of the tree, folders too. */
export function deadPointers(files: readonly SourceFile[], exists: (path: string) => boolean): string[] {
  const anchors = new Map(
    files.filter(({ path }) => MARKDOWN.test(path)).map((file) => [file.path, anchorsOf(file.text)]),
  );
  const leadsSomewhere = (pointer: string): boolean => {
    const [path, anchor] = pointer.split('#', 2) as [string, string?];
    return exists(path) && (anchor === undefined || anchors.get(path)?.has(anchor) === true);
  };
  return files.flatMap((file) =>
    pointersOf(file)
      .filter((pointer) => !leadsSomewhere(pointer))
      .map((pointer) => `${file.path} points to ${pointer}`),
  );
}

/** Anchors that stand twice in one document, so that a link to them leads to the first of the two only. */
export function doubledAnchors(text: string): string[] {
  const found = [...text.matchAll(EXPLICIT_ANCHOR)].map((match) => match[1]!);
  const headings = anchorsOf(text.replaceAll(EXPLICIT_ANCHOR, ''));
  return found.filter((anchor, index) => headings.has(anchor) || found.indexOf(anchor) < index);
}

const SYMBOL_LINK = /\[`(\w+)`\]\(([^()\s]+\.tsx?)\)/g;

/**
 * Names that a document links to a source file which doesn't declare them, as sentences: in the form of a link whose
 * text is the name alone, as code.
 */
export function lostNames({ path, text }: SourceFile, textOf: (path: string) => string | undefined): string[] {
  return [...text.matchAll(SYMBOL_LINK)].flatMap(([, name, target]) => {
    const file = posix.join(posix.dirname(path), target!);
    return declares(textOf(file) ?? '', name!) ? [] : [`${path} looks for ${name} in ${file}`];
  });
}

const TEST_LINK_OR_TITLE = /\]\(([^()\s]+\.(?:test|cases)\.tsx?)\)|"([^"]+)"/g;

/** Titles of tests, in quotes behind the link to their file, that aren't in that file, as sentences. */
export function lostTitles({ path, text }: SourceFile, textOf: (path: string) => string | undefined): string[] {
  return text.split(/\n\n|\n- /).flatMap((block) => {
    let file: string | undefined;
    return [...block.matchAll(TEST_LINK_OR_TITLE)].flatMap(([, target, quoted]) => {
      if (target !== undefined) file = posix.join(posix.dirname(path), target);
      if (file === undefined || quoted === undefined) return [];
      const title = quoted.replaceAll(/\s+/g, ' ');
      return textOf(file)?.includes(title) === true ? [] : [`${path} looks for the test "${title}" in ${file}`];
    });
  });
}

/** Whether a source declares a function, class, constant or method of that name. It knows how the formatter writes them. */
function declares(source: string, name: string): boolean {
  return new RegExp(
    `^(?:export )?(?:async )?(?:function\\*?|class|const) ${name}\\b|^  (?:static |async |\\*)*#?${name}(?:<.*>)?\\(`,
    'm',
  ).test(source);
}
