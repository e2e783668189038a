/** The text of an unmasked frame, read as RFC 6455, 5.2 draws it. Throws where there is more or less than one. */
export function textOfFrame(frame: Uint8Array): string {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const said = view.getUint8(1);
  const [at, length] =
    said === 127 ? [10, Number(view.getBigUint64(2))] : said === 126 ? [4, view.getUint16(2)] : [2, said];
  if (view.getUint8(0) !== 0x81 || frame.byteLength !== at + length) throw new Error('this is no frame of text');
  return new TextDecoder().decode(frame.subarray(at));
}
