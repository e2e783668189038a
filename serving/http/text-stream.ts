/**
 * A response body of the texts that the iterator gives, each asked for when the reader has room, so that a slow reader
 * slows the question down and a reader that leaves ends it. The first text is awaited before: a question that can't be
 * answered is refused with its status, and not in the middle of a body.
 */
export async function streamResponse(texts: AsyncGenerator<string>, contentType: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const first = await texts.next();
  const encoder = new TextEncoder();
  let next: IteratorResult<string> | undefined = first;
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = next ?? (await texts.next());
      next = undefined;
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
    async cancel() {
      await texts.return(undefined);
    },
  });
  return new Response(body, { headers: { 'content-type': contentType, 'cache-control': 'no-store', ...headers } });
}
