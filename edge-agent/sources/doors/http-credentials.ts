import type { Credentials } from './logins.ts';

/** What a door asks with (RFC 7617). */
export const CHALLENGE = 'Basic realm="weir", charset="UTF-8"';

const BASIC = /^basic +([A-Za-z0-9+/]+={0,2})$/i;

/** What `Authorization: Basic …` says (RFC 7617), or undefined where it is nothing of the kind. */
export function basicCredentials(authorization: string | undefined): Credentials | undefined {
  const encoded = BASIC.exec(authorization ?? '')?.[1];
  return encoded === undefined ? undefined : splitCredentials(Buffer.from(encoded, 'base64').toString());
}

/** `name:password`; a name has no colon. */
export function splitCredentials(text: string): Credentials | undefined {
  const at = text.indexOf(':');
  return at < 0 ? undefined : { name: text.slice(0, at), password: text.slice(at + 1) };
}
