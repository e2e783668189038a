import type { Logger } from 'pino';
import { RenewedTls } from '#backbone/doors/renewed-tls.ts';
import { AuditLog } from '#backbone/identity/audit-log.ts';
import { KnownIdentities } from '#backbone/identity/known-identities.ts';
import type { WeirConfig } from '../config/schema.ts';
import { auditDirOf, identityDirOf } from '../data-dir.ts';

/** What the doors of a server are opened with. */
export interface Doors {
  readonly identity:
    | { readonly known: KnownIdentities; readonly audit: AuditLog; readonly isSecure: boolean }
    | undefined;
  readonly tls: RenewedTls | undefined;
}

export interface DoorsOptions {
  readonly config: Partial<Pick<WeirConfig, 'identity' | 'tls' | 'plainText'>>;
  /** Where relative paths of the configuration start. */
  readonly folder: string;
  readonly dataDir: string;
  readonly version: string;
  readonly logger: Logger;
}

/** Opens who is known, the audit log, and the certificate, as far as they are asked for; `stack` owns them. Throws what they throw. */
export async function openDoors(options: DoorsOptions, stack: AsyncDisposableStack): Promise<Doors> {
  const { config, folder, dataDir, version } = options;
  const logger = options.logger.child({ part: 'doors' });
  const tls = config.tls === undefined ? undefined : stack.use(await RenewedTls.open(config.tls, folder, logger));
  if (config.identity !== 'required') return { identity: undefined, tls };
  const clock = Date.now;
  const audit = stack.use(await AuditLog.open({ dir: auditDirOf(dataDir), clock, logger }));
  const known = stack.use(await KnownIdentities.open({ dir: identityDirOf(dataDir), clock, logger }));
  // The head goes where the log goes, which is somewhere else than the record that it vouches for.
  logger.info({ audit: audit.head, identities: known.head }, 'who comes is asked who they are');
  audit.note({ kind: 'started', version });
  audit.note({ kind: 'identities', ...known.head });
  known.listen((changes, head) => {
    audit.note({ kind: 'identities', ...head });
    logger.info({ changes: changes.length, identities: head, audit: audit.head }, 'who is known has changed');
  });
  return { identity: { known, audit, isSecure: tls !== undefined || config.plainText === true }, tls };
}
