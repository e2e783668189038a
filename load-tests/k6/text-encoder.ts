/** Where there is no TextEncoder, as in k6: UTF-8 by way of URL encoding. */
class Utf8Encoder {
  encode(text: string): Uint8Array {
    const bytes = encodeURIComponent(text).replace(/%([0-9A-F]{2})/g, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    );
    return Uint8Array.from({ length: bytes.length }, (_, i) => bytes.charCodeAt(i));
  }
}

Object.assign(globalThis, { TextEncoder: Utf8Encoder });
