import { describe, expect, it } from 'vitest';
import { textOfFrame } from './text-frame.fixtures.ts';
import { textFrame } from './text-frame.ts';

describe('a message as a frame', () => {
  it.each([0, 1, 125, 126, 127, 0xffff, 0x1_0000, 0x1_0001])('of %i bytes holds what it was made of', (length) => {
    const text = 'x'.repeat(length);
    expect(textOfFrame(textFrame(Buffer.from(text)))).toBe(text);
  });

  it('is one of all its parts', () => {
    expect(textOfFrame(textFrame(Buffer.from('{"a":'), Buffer.from('"é"'), Buffer.from('}')))).toBe('{"a":"é"}');
  });

  it.each([
    ['Hello', [0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f]],
    ['x'.repeat(256), [0x81, 0x7e, 0x01, 0x00, 0x78]],
    ['x'.repeat(0x1_0000), [0x81, 0x7f, 0, 0, 0, 0, 0, 1, 0, 0, 0x78]],
  ])('begins as the examples of the standard do', (text, bytes) => {
    // RFC 6455, 5.7, with the opcode of text.
    expect([...textFrame(Buffer.from(text)).subarray(0, bytes.length)]).toEqual(bytes);
  });
});
