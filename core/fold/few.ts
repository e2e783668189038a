/** Items by a key that each of them tells, for owners of which most have one item: then it takes no map. */
export class Few<Key, Item> {
  readonly #keyOf: (item: Item) => Key;
  /** The item, where there is one. */
  #only: Item | undefined;
  /** All of them, where there are more. */
  #all: Map<Key, Item> | undefined;

  constructor(keyOf: (item: Item) => Key) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#all?.size ?? (this.#only === undefined ? 0 : 1);
  }

  get(key: Key): Item | undefined {
    if (this.#all !== undefined) return this.#all.get(key);
    const only = this.#only;
    return only !== undefined && this.#keyOf(only) === key ? only : undefined;
  }

  /** Takes an item, in place of the one with its key. */
  put(item: Item): void {
    const key = this.#keyOf(item);
    const only = this.#only;
    if (this.#all !== undefined) this.#all.set(key, item);
    else if (only === undefined || this.#keyOf(only) === key) this.#only = item;
    else {
      this.#all = new Map([
        [this.#keyOf(only), only],
        [key, item],
      ]);
      this.#only = undefined;
    }
  }

  delete(key: Key): void {
    if (this.#all === undefined) {
      if (this.get(key) !== undefined) this.#only = undefined;
      return;
    }
    this.#all.delete(key);
    if (this.#all.size > 1) return;
    [this.#only] = this.#all.values();
    this.#all = undefined;
  }

  clear(): void {
    this.#only = undefined;
    this.#all = undefined;
  }

  /** In the order in which their keys came. */
  values(): Iterable<Item> {
    if (this.#all !== undefined) return this.#all.values();
    return this.#only === undefined ? [] : [this.#only];
  }
}
