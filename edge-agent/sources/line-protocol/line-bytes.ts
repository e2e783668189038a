/** The bytes that have a meaning in the line protocol. */
export const TAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SPACE = 0x20;
export const QUOTE = 0x22;
export const HASH = 0x23;
export const PLUS = 0x2b;
export const COMMA = 0x2c;
export const MINUS = 0x2d;
export const POINT = 0x2e;
export const ZERO = 0x30;
export const EQUALS = 0x3d;
export const UPPER_E = 0x45;
export const UPPER_T = 0x54;
export const BACKSLASH = 0x5c;
export const LOWER_E = 0x65;
export const LOWER_I = 0x69;
export const LOWER_T = 0x74;
export const LOWER_U = 0x75;

export function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= ZERO + 9;
}
