import { existsSync } from 'node:fs';
import { serveStatic } from '@hono/node-server/serve-static';
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { MiddlewareHandler } from 'hono';
import { compressed } from './safety.ts';

/** Built files carry a hash of their content in their names, so they never change. */
const HASHED = /[-.][\w-]{8,}\.(?:js|css|woff2|svg|png)$/;

const ABSENT_PAGE = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Weir</title>
<h1>Weir runs, its dashboard is not built</h1>
<p>Build it with <code>npm run build:dashboard</code> and load this page again.</p>
<p>The API is there: <a href="/api/v1/views">views</a>, <a href="/api/v1/status">status</a>, <a href="/openapi.json">description</a>.</p>
</html>
`;

/** Serves the files of a folder at /, or as long as there is none a page that says how to build them. */
export function addPage(app: OpenAPIHono, dir: string | undefined): void {
  if (dir !== undefined) app.get('*', compressed, filesOf(dir));
  app.get('/', (c) => c.html(ABSENT_PAGE, 200, { 'cache-control': 'no-store' }));
}

function filesOf(dir: string): MiddlewareHandler {
  let files: MiddlewareHandler | undefined;
  return async (c, next) => {
    // The library complains of a folder that is not there, and this one may still be built.
    if (c.req.path.startsWith('/api/') || !existsSync(dir)) return next();
    files ??= serveStatic({ root: dir });
    const found = await files(c, next);
    const caching = HASHED.test(c.req.path) ? 'public, max-age=31536000, immutable' : 'no-cache';
    if (found instanceof Response) found.headers.set('cache-control', caching);
    return found;
  };
}
