/** A way in: where agents come, and where people and programs do. */
export type Door = 'mqtt' | 'http' | 'stream' | 'login';

/** What the server notes of what was done to identities, and by them. A secret is in none of it. */
export type AuditEntry =
  | { readonly kind: 'started'; readonly version: string }
  /** From now on it goes by this head of the identities. */
  | { readonly kind: 'identities'; readonly count: number; readonly hash: string }
  | {
      readonly kind: 'refused';
      readonly door: Door;
      readonly address: string;
      /** The agent, or the id of the token, as far as one was named. */
      readonly who: string | null;
      readonly why: string;
    }
  /** Somebody began a session of the dashboard. */
  | { readonly kind: 'logged-in'; readonly address: string; readonly who: string }
  /** A connection was ended because its identity was. */
  | { readonly kind: 'ended'; readonly door: Door; readonly who: string }
  /** Something was asked for that changes something. */
  | { readonly kind: 'asked'; readonly who: string; readonly what: string };

/** Where that is noted. Never throws, and holds nobody up. */
export interface Audit {
  note(entry: AuditEntry): void;
}
