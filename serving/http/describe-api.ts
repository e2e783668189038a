import type { OpenAPIHono } from '@hono/zod-openapi';
import { requestOf } from '../access/actions.ts';
import { STREAM_PATH } from '../stream/stream-server.ts';
import { BODY_BYTES_MAX } from './safety.ts';
import { AnyObject, getRoute, HEADERS, jsonDoc, problemDoc, problemResponseDoc, UNCHANGED } from './schemas.ts';

/** Bytes of a request's line and headers together. */
export const HEAD_BYTES_MAX = 16 * 1024;

/** What any request may be answered, whatever it asks: by what stands before the routes. */
const OF_EACH = {
  421: problemDoc('The request names another server (`Host`) than this one'),
  431: { description: `The request's head is larger than ${HEAD_BYTES_MAX} bytes, or its address too long` },
  500: problemDoc('The server failed; its log says more'),
  503: problemDoc('Not now: ask again', HEADERS.retryAfter),
};

/** And what requests may be that change something. */
const OF_CHANGES = {
  403: problemDoc('A page of another origin asks'),
  413: problemDoc(`The body is larger than ${BODY_BYTES_MAX} bytes`),
};

const DESCRIPTION = `Windows of views, exact and live.

Errors are problem details (RFC 9457): \`detail\` is a sentence with its remedy. A method that a path isn't asked with is 405, with
\`Allow\`. Pages of other origins may read where the server names them; they can change nothing. Queries of windows and
sessions have an \`ETag\`, for \`If-None-Match\`. The stream at ${STREAM_PATH} is described at /asyncapi.json.`;

/** And where the server asks who sends them. */
const OF_STRANGERS = {
  401: problemDoc('The request shows no token that is known'),
  403: problemDoc('The token does not allow it, or a page of another origin asks'),
  429: problemDoc('Tokens were wrong before: ask later', HEADERS.retryAfter),
};

const SECURITY = { bearer: { type: 'http', scheme: 'bearer', description: 'What "weir tokens add" prints' } } as const;

/**
 * Adds the description of all routes that the application has, at /openapi.json; `isAsking`: they are for those who show a token.
 * `views` are named in examples.
 */
export function addDescription(app: OpenAPIHono, isAsking: boolean, views: readonly { readonly name: string }[]): void {
  for (const [path, what] of [
    ['/openapi.json', 'This description (OpenAPI 3.1)'],
    ['/asyncapi.json', 'The description of the stream (AsyncAPI 3.0)'],
  ] as const) {
    const told = { ...jsonDoc(what, AnyObject), headers: HEADERS.tagged };
    app.openAPIRegistry.registerPath(getRoute(path, what, { 200: told, 304: UNCHANGED }));
  }
  app.openAPIRegistry.registerPath(
    getRoute(STREAM_PATH, 'The stream: windows as they change, by WebSocket (RFC 6455)', {
      101: { description: 'It is open; /asyncapi.json says what is spoken' },
      403: problemResponseDoc('A page of another origin asks'),
      426: problemDoc('The request is no upgrade to WebSocket', HEADERS.upgrade),
    }),
  );
  let described: object | undefined;
  app.get('/openapi.json', (c) => c.json((described ??= describe(app, isAsking, views[0]?.name))));
}

function describe(app: OpenAPIHono, isAsking: boolean, exampleView: string | undefined): object {
  const info = { title: 'Weir', version: '1', description: DESCRIPTION };
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info });
  for (const [path, item] of Object.entries(document.paths ?? {})) {
    for (const [operation, others] of [
      [item.get, OF_EACH],
      [item.post, { ...OF_EACH, ...OF_CHANGES }],
    ] as const) {
      if (operation === undefined) continue;
      const isPublic = isAsking && requestOf(others === OF_EACH ? 'GET' : 'POST', path) === 'public';
      operation.responses = { ...others, ...operation.responses, ...(isAsking && !isPublic ? OF_STRANGERS : {}) };
      if (isPublic) operation.security = [];
      for (const parameter of operation.parameters ?? []) {
        if ('name' in parameter && parameter.name === 'view' && exampleView !== undefined)
          parameter.example = exampleView;
      }
    }
  }
  if (!isAsking) return document;
  const components = { ...document.components, securitySchemes: SECURITY };
  return { ...document, components, security: [{ bearer: [] }] };
}
