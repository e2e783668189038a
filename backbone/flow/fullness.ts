/** How much of something bounded is held now, and may be at the most: things in a queue, bytes of a cache, entries of a table in memory. */
export interface Fullness {
  /** What is held, and in which unit, in words of a metric: `index_bytes`. Each stands once in a process. */
  readonly of: string;
  readonly held: number;
  readonly max: number;
}
