import { StrangeMessage } from '../stream/message.ts';

/** Who looks at the page, and what that allows. */
export interface AccessInfo {
  /** Of the token; null where nobody is asked who they are. */
  readonly name: string | null;
  /** Signed in at the page for that, so that one can sign out. */
  readonly session: boolean;
  /** The only views that are seen; null: all. */
  readonly views: readonly string[] | null;
  /** The only rows that are seen: by tag, the values. Empty: all. */
  readonly where: Readonly<Record<string, readonly string[]>>;
  /** What isn't of a view and is allowed. */
  readonly allows: readonly string[];
}

/** Reads the answer of /api/v1/whoami. Throws StrangeMessage. */
export function readAccess(answer: unknown): AccessInfo {
  const { name, session, views, where, allows } = (answer ?? {}) as Partial<AccessInfo>;
  if (name === undefined || where === undefined || !Array.isArray(allows)) throw new StrangeMessage('no rights');
  return { name, session: session === true, views: views ?? null, where, allows };
}

/** Whether less than everything is seen. */
export function isConfined({ views, where }: AccessInfo): boolean {
  return views !== null || Object.keys(where).length > 0;
}
