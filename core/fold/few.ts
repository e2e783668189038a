/**
 * Items by a key that each of them tells, as a value in a field of their owner. Most owners have one item, which then stands
 * there itself, and nothing is taken beside it. An item is no Map.
 */
export type Few<Key, Item extends object> = Item | Map<Key, Item> | undefined;

/** Tells the key of an item. */
type KeyOf<Key, Item> = (item: Item) => Key;

export function countOf<Key, Item extends object>(few: Few<Key, Item>): number {
  if (few === undefined) return 0;
  return few instanceof Map ? few.size : 1;
}

export function itemOf<Key, Item extends object>(
  few: Few<Key, Item>,
  key: Key,
  keyOf: KeyOf<Key, Item>,
): Item | undefined {
  if (few === undefined) return undefined;
  if (few instanceof Map) return few.get(key);
  return keyOf(few) === key ? few : undefined;
}

/** The items with one more, in place of the one with its key: what is held from now on. */
export function withItem<Key, Item extends object>(
  few: Few<Key, Item>,
  item: Item,
  keyOf: KeyOf<Key, Item>,
): Few<Key, Item> {
  if (few === undefined) return item;
  const key = keyOf(item);
  if (few instanceof Map) return few.set(key, item);
  const onlyKey = keyOf(few);
  if (onlyKey === key) return item;
  return new Map([
    [onlyKey, few],
    [key, item],
  ]);
}

/** The items without the one of a key: what is held from now on. */
export function withoutKey<Key, Item extends object>(
  few: Few<Key, Item>,
  key: Key,
  keyOf: KeyOf<Key, Item>,
): Few<Key, Item> {
  if (!(few instanceof Map)) return itemOf(few, key, keyOf) === undefined ? few : undefined;
  few.delete(key);
  if (few.size > 1) return few;
  const [only] = few.values();
  return only;
}

/** In the order in which their keys came. */
export function itemsOf<Key, Item extends object>(few: Few<Key, Item>): Iterable<Item> {
  if (few === undefined) return [];
  return few instanceof Map ? few.values() : [few];
}
