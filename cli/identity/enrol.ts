import { randomBytes } from 'node:crypto';
import { userInfo } from 'node:os';
import { changeIdentities, NOTHING_READ, readChanges } from '#backbone/identity/identity-file.ts';
import { addToken, enrol, revokeAgent, revokeToken } from '#core/identity/decisions.ts';
import { Identities, type KnownToken } from '#core/identity/identities.ts';
import type { Grant } from '#core/identity/principal.ts';
import { makeToken, type TokenKind } from '#core/identity/token.ts';
import { nearestNames } from '#core/time/nearest-name.ts';
import { judgeConfig } from '../config/load-config.ts';
import { type DataFlags, dataDirOf, identityDirOf } from '../data-dir.ts';
import { tellOnce, type TokenFlags } from './token-told.ts';

/** Lets an agent in; its token goes where the flags say, and nowhere else. Throws IdentityRefused, IdentitiesUnusable, UserError. */
export async function enrollAgent(
  agent: string,
  flags: DataFlags & TokenFlags & { readonly replace?: true; readonly certificate?: true },
): Promise<void> {
  const token = flags.certificate === true ? null : makeToken('agent', randomBytes);
  const dir = identityDirOf(dataDirOf(flags));
  const admit = async (how: string): Promise<void> => {
    await changeIdentities(dir, now(), (known) => enrol(known, agent, token, flags.replace === true));
    process.stderr.write(`agent ${agent} is enrolled in ${dir}, and comes in by ${how}\n`);
  };
  if (token === null) return admit('a certificate of its name');
  return tellOnce(token.text, flags, () => admit(flags.out === undefined ? TOLD_ONCE : `the token in ${flags.out}`));
}

const TOLD_ONCE = 'this token, which is told once';

/** Adds a token, likewise. */
export async function giveToken(name: string, grant: Grant, flags: DataFlags & TokenFlags): Promise<void> {
  const remarks = await viewRemarks(grant, flags);
  const token = makeToken('token', randomBytes);
  const dir = identityDirOf(dataDirOf(flags));
  await tellOnce(token.text, flags, async () => {
    await changeIdentities(dir, now(), (known) => addToken(known, name, token, grant));
    const where = flags.out === undefined ? 'told once' : `in ${flags.out}`;
    process.stderr.write(`token ${name} is added in ${dir}; it is ${where}\n`);
    for (const remark of remarks) process.stderr.write(`${remark}\n`);
  });
}

/**
 * What is said of views that a token is confined to and the configuration doesn't declare. They may be declared later, so the token
 * is added all the same. Throws UserError where the configuration can't be read.
 */
export async function viewRemarks({ views }: Pick<Grant, 'views'>, { config }: DataFlags): Promise<readonly string[]> {
  if (views === null) return [];
  if (config === undefined) return ['whether there are such views is told where --config names the configuration'];
  const verdict = await judgeConfig(config);
  if (verdict.kind === 'faulty')
    return [`whether there are such views is not known: see "weir check --config ${config}"`];
  const known = verdict.loaded.config.views.map(({ name }) => name);
  const unknown = views.filter((view) => !known.includes(view));
  return unknown.map((view) => {
    const nearest = nearestNames(view, known);
    const meant = nearest.length > 0 ? `did you mean ${nearest.join(' or ')}?` : `it has ${known.join(', ') || 'none'}`;
    return `warning: ${config} declares no view ${view}; until it does, the token sees nothing there; ${meant}`;
  });
}

/** Ends what an agent or a token may. */
export async function revoke(kind: TokenKind, name: string, flags: DataFlags): Promise<void> {
  const dir = identityDirOf(dataDirOf(flags));
  await changeIdentities(dir, now(), (known) =>
    kind === 'agent' ? revokeAgent(known, name) : revokeToken(known, name),
  );
  process.stderr.write(`${kind} ${name} is revoked in ${dir}; a server that runs hears of it within two seconds\n`);
}

/** All tokens that are known, those that have ended too. */
export async function listTokens(flags: DataFlags): Promise<readonly KnownToken[]> {
  const known = new Identities();
  const { changes } = await readChanges(identityDirOf(dataDirOf(flags)), NOTHING_READ);
  for (const { change } of changes) known.apply(change);
  return [...known.tokens.values()];
}

function now(): { readonly at: string; readonly by: string } {
  return { at: new Date().toISOString(), by: userName() };
}

/** Containers run as users that have no name. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
