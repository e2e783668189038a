import { resolve } from 'node:path';
import { readCertificates, readSecretLine } from '#backbone/doors/secret-file.ts';
import { readTlsFiles, type TlsFiles, type TlsOptions } from '#backbone/doors/tls-files.ts';

/** The files by which an agent shows who it is, and tells whether the broker is genuine. */
export interface LoginFiles {
  /** Holds its token. */
  readonly token?: { readonly file: string } | undefined;
  /** Its certificate and key, in place of a token. */
  readonly tls?: TlsFiles | undefined;
  /** Whose certificates are trusted, in place of those that the system trusts. */
  readonly ca?: string | undefined;
}

/** What the files say. */
export interface AgentLogin {
  readonly token: string | undefined;
  readonly tls: TlsOptions | undefined;
  readonly ca: Buffer | undefined;
}

export const NO_LOGIN: AgentLogin = { token: undefined, tls: undefined, ca: undefined };

/** Reads them; relative paths start at `folder`. Throws FileUnusable, which quotes nothing. */
export async function readLogin({ token, tls, ca }: LoginFiles, folder: string): Promise<AgentLogin> {
  return {
    token:
      token === undefined
        ? undefined
        : await readSecretLine(resolve(folder, token.file), 'agent.token.file', 'the token of the agent'),
    tls: tls === undefined ? undefined : await readTlsFiles(tls, folder),
    ca: ca === undefined ? undefined : await readCertificates(resolve(folder, ca), 'agent.ca'),
  };
}
