/** How much the holder of a token may do: each includes those before it. */
export const RIGHTS = ['read', 'write', 'operate'] as const;
export type Right = (typeof RIGHTS)[number];

/** What a token allows. */
export interface Grant {
  readonly may: Right;
  /** The only views that it sees; null: all. */
  readonly views: readonly string[] | null;
  /** The only rows that it sees: by tag, the values. Empty: all. */
  readonly where: Readonly<Record<string, readonly string[]>>;
  /** When it ends, in ms since 1970; null: when it is revoked. */
  readonly untilMs: number | null;
}

/**
 * Who does something. `anyone`: the server asks nobody who they are. `stranger`: it does, and was not told, or nothing that
 * it knows.
 */
export type Principal =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'stranger' }
  | { readonly kind: 'agent'; readonly agent: string }
  | { readonly kind: 'token'; readonly id: string; readonly name: string; readonly grant: Grant };

export const ANYONE: Principal = { kind: 'anyone' };
export const STRANGER: Principal = { kind: 'stranger' };

/** Whether a grant shows less than everything. */
export function isConfined({ views, where }: Grant): boolean {
  return views !== null || Object.keys(where).length > 0;
}
