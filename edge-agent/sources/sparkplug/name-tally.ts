import { nearestNames } from '#core/time/nearest-name.ts';
import { NAME_CHARS_MAX, NAMES_REMEMBERED_MAX } from './limits.ts';

/** Names that are listed where none is near. */
const LISTED_MAX = 12;

/** Which names of metrics rules take, and which of them came. */
export class NameTally {
  readonly #wanted: ReadonlySet<string>;
  readonly #found = new Set<string>();
  readonly #others = new Set<string>();

  constructor(wanted: Iterable<string>) {
    this.#wanted = new Set(wanted);
  }

  /** Whether a rule takes metrics of this name, which came. */
  isTaken(name: string): boolean {
    const isTaken = this.#wanted.has(name);
    if (isTaken) this.#found.add(name);
    else if (name !== '' && name.length <= NAME_CHARS_MAX && this.#others.size < NAMES_REMEMBERED_MAX) {
      this.#others.add(name);
    }
    return isTaken;
  }

  /** Of each name that never came, once anything did, what may be meant. */
  remarks(): readonly string[] {
    const others = [...this.#others].filter((name) => name !== 'bdSeq' && !name.startsWith('Node Control/'));
    if (others.length === 0 && this.#found.size === 0) return [];
    return [...this.#wanted.difference(this.#found)].map((name) => {
      const nearest = nearestNames(name, others);
      const remedy =
        nearest.length > 0
          ? `did you mean ${nearest.join(' or ')}?`
          : `there were ${listed([...others, ...this.#found])}`;
      return `metric ${JSON.stringify(name)} came from no edge node so far; ${remedy}`;
    });
  }
}

function listed(names: readonly string[]): string {
  const more = names.length - LISTED_MAX;
  return names.slice(0, LISTED_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}
