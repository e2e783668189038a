import { readFile, stat } from 'node:fs/promises';
import { extname, join, normalize, sep } from 'node:path';
import type { OpenAPIHono } from '@hono/zod-openapi';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.map': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
  '.txt': 'text/plain; charset=utf-8',
};

/** A page may load only what its own origin serves, and be framed by nobody (Content Security Policy Level 3). */
const POLICY =
  "default-src 'self'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

const SAFETY_HEADERS = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

/** Built files carry a hash of their content in their names, so they never change. */
const HASHED = /[-.][\w-]{8,}\.(?:js|css|woff2|svg|png)$/;

const ABSENT_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Weir</title>
<h1>Weir runs, its dashboard is not built</h1>
<p>Build it with <code>npm run build:dashboard</code> and load this page again.</p>
<p>The API is there: <a href="/api/v1/views">views</a>, <a href="/api/v1/status">status</a>, <a href="/openapi.json">description</a>.</p>
</html>
`;

/** Serves the files of a folder at /, or a page that says how to build them. */
export function addStaticFiles(app: OpenAPIHono, dir: string | undefined): void {
  app.get('*', async (c) => {
    if (c.req.path.startsWith('/api/')) return c.notFound();
    const file = dir === undefined ? undefined : fileFor(dir, c.req.path);
    const body = file === undefined ? undefined : await readIfThere(file);
    if (file !== undefined && body !== undefined) {
      const caching = HASHED.test(file) ? 'public, max-age=31536000, immutable' : 'no-cache';
      const type = TYPES[extname(file)] ?? 'application/octet-stream';
      return new Response(new Uint8Array(body), {
        headers: { ...SAFETY_HEADERS, 'content-type': type, 'cache-control': caching },
      });
    }
    if (c.req.path !== '/') return c.notFound();
    return new Response(ABSENT_PAGE, {
      headers: { ...SAFETY_HEADERS, 'content-type': TYPES['.html']!, 'cache-control': 'no-store' },
    });
  });
}

/** The file that a path names inside the folder; undefined for a path that leads out of it or is none. */
export function fileFor(dir: string, path: string): string | undefined {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  if (decoded.includes('\0')) return undefined;
  const root = normalize(dir + sep);
  const file = normalize(join(root, decoded.endsWith('/') ? `${decoded}index.html` : decoded));
  return file.startsWith(root) ? file : undefined;
}

async function readIfThere(file: string): Promise<Buffer | undefined> {
  try {
    return (await stat(file)).isFile() ? await readFile(file) : undefined;
  } catch (error) {
    if (
      error instanceof Error &&
      'code' in error &&
      (error.code === 'ENOENT' || error.code === 'ENOTDIR' || error.code === 'ENAMETOOLONG')
    )
      return undefined;
    throw error;
  }
}
