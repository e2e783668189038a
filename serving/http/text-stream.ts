/**
 * A response body of the texts that the iterator gives, each asked for when the reader has room, so that a slow reader
 * slows the query down and a reader that leaves ends it. The first two texts are awaited before: a query that can't be
 * answered is refused with its status, and not in the middle of a body.
 */
export async function streamResponse(
  texts: AsyncGenerator<string>,
  contentType: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const allHeaders = { 'content-type': contentType, 'cache-control': 'no-store', ...headers };
  const first = await texts.next();
  if (first.done === true) return new Response('', { headers: allHeaders });
  const second = await texts.next();
  // A body of one piece needs no stream: it goes out with its length, in one write.
  if (second.done === true) {
    const length = String(Buffer.byteLength(first.value));
    return new Response(first.value, { headers: { ...allHeaders, 'content-length': length } });
  }
  const encoder = new TextEncoder();
  const read = [first, second];
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = read.shift() ?? (await texts.next());
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await texts.return(undefined);
    },
  });
  return new Response(body, { headers: allHeaders });
}
