import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { pino } from 'pino';
import { addToken, enrol, revokeAgent, revokeToken } from '#core/identity/decisions.ts';
import type { Identities, IdentityChange } from '#core/identity/identities.ts';
import type { Grant } from '#core/identity/principal.ts';
import { makeToken } from '#core/identity/token.ts';
import { makeTemporaryDirectory } from '../disk/temporary-directory.ts';
import type { Audit, AuditEntry } from './audit.ts';
import { changeIdentities } from './identity-file.ts';
import { KnownIdentities } from './known-identities.ts';

/** Notes in memory. */
export class AuditOfTest implements Audit {
  readonly entries: AuditEntry[] = [];

  note(entry: AuditEntry): void {
    this.entries.push(entry);
  }
}

/** Who is known to a server, and the file that says so, changed as the commands do. */
export class IdentityHarness implements AsyncDisposable {
  readonly known: KnownIdentities;
  readonly audit = new AuditOfTest();
  readonly #dir: string;
  readonly #stack: AsyncDisposableStack;

  private constructor(known: KnownIdentities, dir: string, stack: AsyncDisposableStack) {
    this.known = known;
    this.#dir = dir;
    this.#stack = stack;
  }

  /** Who ends with a time does so by `clock`. */
  static async open(clock: () => number = () => 0): Promise<IdentityHarness> {
    await using stack = new AsyncDisposableStack();
    const dir = join(stack.use(await makeTemporaryDirectory('identity')).dir, 'identity');
    const known = stack.use(await KnownIdentities.open({ dir, clock, logger: pino({ level: 'silent' }) }));
    return new IdentityHarness(known, dir, stack.move());
  }

  /** Enrols an agent; resolves with its token once the server knows it. */
  async enrol(agent: string, isReplacing = false): Promise<string> {
    const token = makeToken('agent', randomBytes);
    await this.#change((known) => enrol(known, agent, token, isReplacing));
    return token.text;
  }

  async enrolByCertificate(agent: string): Promise<void> {
    await this.#change((known) => enrol(known, agent, null, false));
  }

  async add(name: string, grant: Partial<Grant> = {}): Promise<string> {
    const token = makeToken('token', randomBytes);
    const given: Grant = { may: 'read', views: null, where: {}, untilMs: null, ...grant };
    await this.#change((known) => addToken(known, name, token, given));
    return token.text;
  }

  revokeAgent(agent: string): Promise<void> {
    return this.#change((known) => revokeAgent(known, agent));
  }

  revokeToken(name: string): Promise<void> {
    return this.#change((known) => revokeToken(known, name));
  }

  async #change(decide: (known: Identities) => readonly IdentityChange[]): Promise<void> {
    const heard = Promise.withResolvers<void>();
    const silence = this.known.listen(() => heard.resolve());
    await changeIdentities(this.#dir, { at: '2026-05-01T00:00:00Z', by: 'test' }, decide);
    await heard.promise;
    silence();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
