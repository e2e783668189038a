import { resolve } from 'node:path';
import { z } from 'zod';
import { pathField, secretFile } from '#backbone/disk/path-fields.ts';
import { readCertificates, readSecretLine } from '#backbone/doors/secret-file.ts';
import { nameField, textField } from '../section-fields.ts';
import { readBeside } from '../source-error.ts';

/** What the section of a source says of the broker that it connects to. */

const PROTOCOLS: readonly string[] = ['mqtt:', 'mqtts:'];

/** Where a broker is, without who may come in. */
const urlField = z.string().superRefine((text, context) => {
  const issue = (why: string): void =>
    context.addIssue({ code: 'custom', message: `url ${why}; write mqtt://host, or mqtts://host for TLS` });
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !PROTOCOLS.includes(url.protocol) || url.hostname === '') {
    issue(`${JSON.stringify(text)} is no address of an MQTT broker`);
  } else if (url.username !== '' || url.password !== '') {
    // What was written is not repeated: it may be a password.
    issue('names a user; that belongs into `user`, and the password into a file that `password: { file }` names');
  } else if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    issue(`${JSON.stringify(text)} goes on after the host`);
  }
});

/** The fields of every source that connects to a broker. */
export const BROKER_FIELDS = {
  url: urlField.meta({
    title: 'URL',
    description: 'The broker that is read: mqtt, or mqtts for TLS.',
    examples: ['mqtt://192.0.2.7'],
  }),
  /** Of MQTT: 3 is 3.1.1. Left out: 5, and 3 where the broker doesn't know that. */
  version: z
    .literal([3, 5])
    .meta({
      description: "The version of MQTT, 3 for 3.1.1. 5, and 3 of a broker that doesn't know it, unless given.",
      examples: [3],
    })
    .optional(),
  clientId: nameField
    .meta({
      description:
        'The name under which the broker keeps what comes while the agent is away. weir-AGENT-SOURCE unless given.',
      examples: ['weir-roof'],
    })
    .optional(),
  user: textField.meta({ description: 'The name that the agent gives at the broker.', examples: ['weir'] }).optional(),
  password: secretFile('broker.password')
    .meta({ description: 'Where the password for user stands.', examples: [{ file: 'broker.password' }] })
    .optional(),
  /** A file in PEM: whose certificates are trusted beside, or in place of, those that the system trusts. */
  ca: pathField('A PEM file of certificates that are trusted.', 'ca.crt').optional(),
};

export interface BrokerSection {
  readonly url: string;
  readonly version?: 3 | 5 | undefined;
  readonly clientId?: string | undefined;
  readonly user?: string | undefined;
  readonly password?: { readonly file: string } | undefined;
  readonly ca?: string | undefined;
}

/** What no single field can check. */
export function checkBroker(
  { url, user, password, ca }: Omit<BrokerSection, 'url'> & { readonly url?: string | undefined },
  context: z.core.$RefinementCtx,
): void {
  const issue = (field: string, message: string): void => context.addIssue({ code: 'custom', path: [field], message });
  if (password !== undefined && user === undefined) issue('password', 'a password needs a `user`');
  if (ca !== undefined && url?.startsWith('mqtt:') === true) issue('ca', '`ca` is for TLS; write url: mqtts://…');
}

/** How a broker is reached. */
export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
}

const PORT = 1883;
const SECURE_PORT = 8883;

/** Of a URL that has been checked. */
export function brokerAddress(text: string): BrokerAddress {
  const url = new URL(text);
  const isSecure = url.protocol === 'mqtts:';
  // An IPv6 address stands in brackets in a URL, and without them everywhere else.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  return { host, port: url.port === '' ? (isSecure ? SECURE_PORT : PORT) : Number(url.port), isSecure };
}

/** What the files say that a section names. */
export interface BrokerSecrets {
  readonly password: Buffer | undefined;
  readonly ca: Buffer | undefined;
}

/** Reads them; relative paths start at `folder`. Throws SourceError. */
export async function readBrokerSecrets({ password, ca }: BrokerSection, folder: string): Promise<BrokerSecrets> {
  const line = async (file: string): Promise<Buffer> =>
    Buffer.from(await readSecretLine(resolve(folder, file), 'password.file', 'the password'), 'latin1');
  return {
    password: password === undefined ? undefined : await readBeside(line(password.file)),
    ca: ca === undefined ? undefined : await readBeside(readCertificates(resolve(folder, ca), 'ca')),
  };
}
