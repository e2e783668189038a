/** What is said of a store: to people, and as measurements. */
export interface StoreStatus {
  readonly store: string;
  readonly url: string;
  /** `following`: it has been told all that is known, but for the last moments; `filling`: it is being told what it lacks; `failing`: it takes nothing. */
  readonly state: 'following' | 'filling' | 'failing';
  /** Slices that are still to be told, about; null where nobody has counted them. */
  readonly untold: number | null;
  /** For how long something has been waiting to be told. */
  readonly behindSeconds: number;
  /** Points that were acknowledged since the start. */
  readonly written: number;
  /** Points that the store refused for good since they are older than it keeps anything. */
  readonly forgotten: number;
  /** Requests that failed since the start. */
  readonly failures: number;
  /** Why it takes nothing, and when it is tried again. */
  readonly failure?: string;
  readonly retryAt?: string;
}

/** What a store that was filled anew tells at the end. */
export interface RebuildOutcome {
  readonly store: string;
  readonly slices: number;
  readonly seconds: number;
}
