/** The texts that stand for "no reading", compared as bytes. */
export class MissingTexts {
  readonly #empty: boolean;
  readonly #texts: readonly Uint8Array[];
  /** Whether any missing text begins with a byte: nearly every cell is let through by this alone. */
  readonly #begins = new Uint8Array(256);

  constructor(texts: readonly string[]) {
    this.#empty = texts.includes('');
    this.#texts = texts.filter((text) => text !== '').map((text) => new TextEncoder().encode(text));
    for (const text of this.#texts) this.#begins[text[0]!] = 1;
  }

  /** Whether `bytes[start, end)`, already trimmed, says that there is no reading. */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    if (start === end) return this.#empty;
    return this.#begins[bytes[start]!] === 1 && this.#texts.some((text) => equalBytes(text, bytes, start, end));
  }
}

/** Whether `bytes[start, end)` is exactly `text`. */
export function equalBytes(text: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text[i]) return false;
  return true;
}
