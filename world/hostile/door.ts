/** What became of an input: nothing else may. Whatever a door throws that it doesn't document is a fault of ours. */
export type Outcome = 'accepted' | 'refused';

/** A place where bytes of others are read. */
export interface Door {
  readonly name: string;
  /** Inputs that it accepts, which mutated ones are made from. */
  readonly samples: readonly Uint8Array[];
  /** Makes right what would refuse most inputs before they are looked at, as an enemy would: a checksum, an encoding. */
  readonly seal?: (bytes: Uint8Array) => Uint8Array;
  /**
   * Reads an input with the code that reads it in the product. Asserts what holds of each that is accepted: that it is
   * written and read again as the same, that its parts add up. Throws, where that or something unforeseen happens.
   */
  readonly open: (bytes: Uint8Array) => Outcome | Promise<Outcome>;
}
