import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { isOwnOrigin } from '#core/wire/own-origin.ts';
import { problem, problemResponse } from '../http/problem.ts';
import { addressOf } from './access.ts';
import { type Doorkeeper, SESSION_COOKIE, shownBy } from './doorkeeper.ts';
import { loginPage, signedInPage } from './login-page.ts';
import { SESSION_MS } from './sessions.ts';

const PAGE_HEADERS = { 'cache-control': 'no-store' };

/**
 * The page where a person shows a token once, for which the browser gets a cookie that no script reads (`HttpOnly`) and no other
 * site makes it send (`SameSite=Strict`). What it posts has to come from a page of the server's own.
 */
export function addLogin(app: OpenAPIHono, doorkeeper: Doorkeeper): void {
  if (!doorkeeper.isAsking) return;
  const signedIn = (c: Context): string | undefined => {
    const { session } = shownBy({ cookie: c.req.header('cookie') });
    if (session === undefined || doorkeeper.sessions.tokenOf(session) === undefined) return undefined;
    const recognition = doorkeeper.recognise({ token: undefined, session, address: addressOf(c), door: 'login' });
    return recognition.kind === 'known' && recognition.principal.kind === 'token'
      ? recognition.principal.name
      : undefined;
  };
  // Before the files of the page: it is of no use to who has no session.
  for (const path of ['/', '/index.html'])
    app.get(path, (c, next) => (signedIn(c) === undefined ? Promise.resolve(c.redirect('/login', 303)) : next()));
  app.get('/login', (c) => {
    const name = signedIn(c);
    return c.html(name === undefined ? loginPage('') : signedInPage(name), 200, PAGE_HEADERS);
  });
  app.post('/login', async (c) => {
    if (!isFromOwnPage(c)) return foreign();
    const token = new URLSearchParams(await c.req.text()).get('token')?.trim() ?? '';
    const address = addressOf(c);
    const recognition = doorkeeper.recognise({ token, session: undefined, address, door: 'login' });
    if (recognition.kind === 'later') {
      c.header('retry-after', String(recognition.seconds));
      return c.html(loginPage(`This token is not known. Try again in ${recognition.seconds} s.`), 429, PAGE_HEADERS);
    }
    if (recognition.kind !== 'known' || recognition.principal.kind !== 'token')
      return c.html(loginPage('This token is not known, or has ended.'), 401, PAGE_HEADERS);
    c.header('set-cookie', cookieOf(doorkeeper.begin(recognition.principal, address), SESSION_MS / 1_000));
    return c.redirect('/', 303);
  });
  app.post('/logout', (c) => {
    if (!isFromOwnPage(c)) return foreign();
    const { session } = shownBy({ cookie: c.req.header('cookie') });
    if (session !== undefined) doorkeeper.sessions.end(session);
    c.header('set-cookie', cookieOf('', 0));
    return c.redirect('/login', 303);
  });
  const cookieOf = (value: string, maxAgeS: number): string =>
    `${SESSION_COOKIE}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${doorkeeper.isSecure ? '; Secure' : ''}`;
}

/** Every browser names the origin of a page that posts; who names none isn't one, and needs no session. */
function isFromOwnPage(c: Context): boolean {
  const origin = c.req.header('origin');
  return origin !== undefined && isOwnOrigin(origin, [c.req.header('host') ?? '']);
}

function foreign(): Response {
  return problemResponse(problem(403, 'a session begins and ends at the page of the server itself; open /login there'));
}
