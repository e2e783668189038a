import { strict as assert } from 'node:assert';

const ROOM_FIRST = 64 * 1024;
/** Bytes of the longest number: a sign, a point, and as many zeros and digits as there may be. */
const NUMBER_BYTES_MAX = 48;
/** Bytes of a UTF-16 unit in UTF-8, at most. */
const UNIT_BYTES_MAX = 3;

/** Of so few bytes a loop is quicker than a call that copies them. */
const LOOP_BYTES_MAX = 8;

const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;

/** Integers below this are worked on as such by the processor. */
const HALF = 1e8;
/** Powers of ten below this one are such. */
const SHORT_DECIMALS = 10;
/** Every power of ten up to here is a double. */
const POWERS = Array.from({ length: 23 }, (_, power) => 10 ** power);

/** Decimals that a number may be written with. */
export const TEXT_DECIMALS_MAX = POWERS.length - 1;

const NOTHING = new Uint8Array();
const utf8 = new TextEncoder();
const utf8Decoder = new TextDecoder();

/**
 * Appends text as UTF-8 to an array of bytes, which is taken when it is long enough. Numbers are written digit by digit: of
 * an answer with a million of them no string is made.
 */
export class TextWriter {
  #bytes = NOTHING;
  #roomFirst = ROOM_FIRST;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  text(text: string): void {
    this.#reserve(UNIT_BYTES_MAX * text.length);
    this.#length += utf8.encodeInto(text, this.#bytes.subarray(this.#length)).written;
  }

  /** Text of characters below U+0080: the quickest where it is short. */
  ascii(text: string): void {
    this.#reserve(text.length);
    const bytes = this.#bytes;
    const at = this.#length;
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
    this.#length = at + text.length;
  }

  /** Text that is UTF-8 already. */
  append(text: Uint8Array): void {
    this.#reserve(text.length);
    const bytes = this.#bytes;
    const at = this.#length;
    if (text.length > LOOP_BYTES_MAX) bytes.set(text, at);
    else for (let i = 0; i < text.length; i++) bytes[at + i] = text[i]!;
    this.#length = at + text.length;
  }

  byte(byte: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = byte;
  }

  /** A safe integer. */
  integer(value: number): void {
    this.#reserve(NUMBER_BYTES_MAX);
    this.#digits(this.#unsigned(value), 1);
  }

  /** A safe integer divided by 10^decimals, as `formatScaled` writes it. */
  scaled(value: number, decimals: number): void {
    assert(decimals >= 0 && decimals <= TEXT_DECIMALS_MAX, 'decimals have a power of ten');
    this.#reserve(NUMBER_BYTES_MAX);
    let rest = this.#unsigned(value);
    if (rest < HALF && decimals < SHORT_DECIMALS) return this.#shortScaled(rest, decimals);
    let places = decimals;
    while (places > 0 && rest % 10 === 0) {
      rest /= 10;
      places--;
    }
    if (rest === 0 || places === 0) return this.#digits(rest, 1);
    const power = POWERS[places]!;
    let whole = Math.floor(rest / power);
    // The quotient of two large numbers may be rounded up to the next integer.
    if (whole * power > rest) whole--;
    this.#digits(whole, 1);
    this.#bytes[this.#length++] = POINT;
    this.#digits(rest - whole * power, places);
  }

  /** The same of a short number, which a processor divides as an integer. */
  #shortScaled(value: number, decimals: number): void {
    let rest = value | 0;
    let places = decimals;
    while (places > 0) {
      const tens = (rest / 10) | 0;
      if (tens * 10 !== rest) break;
      rest = tens;
      places--;
    }
    if (places === 0) return this.#shortDigits(rest, 1);
    const power = POWERS[places]! | 0;
    const whole = (rest / power) | 0;
    this.#shortDigits(whole, 1);
    this.#bytes[this.#length++] = POINT;
    this.#shortDigits(rest - whole * power, places);
  }

  /** What was written; the writer is empty then, and takes other memory if more is written. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#roomFirst = this.#bytes.length;
    this.#bytes = NOTHING;
    this.#length = 0;
    return taken;
  }

  /** What was written, as a string; the writer is empty then. */
  takeString(): string {
    const text = utf8Decoder.decode(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return text;
  }

  #unsigned(value: number): number {
    assert(Number.isSafeInteger(value), 'a number that is written by its digits is a safe integer');
    if (value >= 0) return value;
    this.#bytes[this.#length++] = MINUS;
    return -value;
  }

  /** The digits of a safe integer, with as many zeros before them as it takes to have `digitsMin`. */
  #digits(value: number, digitsMin: number): void {
    if (value < HALF) return this.#shortDigits(value, digitsMin);
    const upper = Math.floor(value / HALF);
    this.#digits(upper, Math.max(1, digitsMin - 8));
    this.#shortDigits(value - upper * HALF, 8);
  }

  #shortDigits(value: number, digitsMin: number): void {
    let rest = value | 0;
    let digits = 1;
    for (let power = 10; power <= rest; power *= 10) digits++;
    const bytes = this.#bytes;
    let at = this.#length;
    for (; digits < digitsMin; digitsMin--) bytes[at++] = ZERO;
    this.#length = at + digits;
    for (let place = at + digits - 1; place >= at; place--) {
      const tens = (rest / 10) | 0;
      bytes[place] = ZERO + rest - tens * 10;
      rest = tens;
    }
  }

  #reserve(room: number): void {
    if (this.#length + room <= this.#bytes.length) return;
    const wider = new Uint8Array(Math.max(this.#roomFirst, 2 * this.#bytes.length, this.#length + room));
    wider.set(this.#bytes);
    this.#bytes = wider;
  }
}
