/** What is measured at each size of something. */
export interface Study {
  readonly name: string;
  /** One sentence for people who choose. */
  readonly summary: string;
  /** What the size counts. */
  readonly sizeLabel: string;
  readonly sizes: Readonly<Record<'tiny' | 'short' | 'full', readonly number[]>>;
  /** What the time is of. */
  readonly timeLabel: string;
  readonly run: (size: number) => Promise<Grown>;
}

export interface Grown {
  readonly ms: number;
  readonly memoryMegabytes: number | undefined;
  /** Of what the server keeps, in millions of bytes. */
  readonly diskMegabytes: number;
}
