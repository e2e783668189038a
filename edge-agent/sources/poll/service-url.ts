import { nearestNames } from '#core/time/nearest-name.ts';

/** What stands in braces in the URL of a service. */
const PLACES = ['from', 'to', 'token'] as const;

type Place = (typeof PLACES)[number];

const PLACE = /\{([A-Za-z][\w-]*)\}/g;

/** A scheme and a host, in which nothing is left open. */
const ORIGIN = /^https?:\/\/[^\s/?#{}@\\]+(?=[/?#]|$)/i;

/** Names of parameters in which a secret is commonly sent. */
const SECRET_NAME =
  /^(?:api[-_]?key|app[-_]?id|(?:access|auth|security|api)?[-_]?token|secret|pass(?:word|wd)?|auth)$/i;

/** Which places a URL has. */
export function placesIn(text: string): ReadonlySet<Place> {
  return new Set(PLACES.filter((place) => text.includes(`{${place}}`)));
}

/** What is wrong with the URL of a service as it is written, or null. Repeats nothing that may be a secret. */
export function urlFault(text: string): string | null {
  const example = 'write it like http://host/path?start={from}&end={to}';
  const afterScheme = /^https?:\/\/([^/?#]*)/i.exec(text)?.[1];
  if (afterScheme?.includes('@') === true) {
    return 'url names a user; put the header that lets you in into a file that `headers: { file }` names';
  }
  if (!ORIGIN.test(text) || !URL.canParse(text.replaceAll(PLACE, '0')))
    return `url is no address of a service; ${example}`;
  for (const [, name] of text.matchAll(PLACE)) {
    if (PLACES.some((place) => place === name)) continue;
    const [nearest] = nearestNames(name!, PLACES);
    return `url has {${name}}, which stands for nothing; ${nearest === undefined ? 'there are {from}, {to} and {token}' : `did you mean {${nearest}}?`}`;
  }
  const places = placesIn(text);
  if (places.has('to') && !places.has('from')) return `url has {to} without {from}; ${example}`;
  const { searchParams } = new URL(text.replaceAll('{token}', ''));
  for (const [name, value] of searchParams) {
    if (SECRET_NAME.test(name) && value !== '')
      return `url has a secret in its parameter ${name}; write ${name}={token}, and name the file that holds it as \`token: { file }\``;
  }
  return null;
}

/** The URL with its places filled in. */
export function fillUrl(text: string, fillings: Readonly<Record<Place, string>>): URL {
  return new URL(
    text.replaceAll(PLACE, (whole, name: string) =>
      Object.hasOwn(fillings, name) ? encodeURIComponent(fillings[name as Place]) : whole,
    ),
  );
}

/** How a service is called in messages: where it is, without its parameters. */
export function serviceName(text: string): string {
  return text.replace(/[?#].*$/s, '');
}
