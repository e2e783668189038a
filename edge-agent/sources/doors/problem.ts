/** What a request is answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** An answer that refuses a request, as RFC 9457 describes it. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail: string;
  /** Whole seconds after which the same request may succeed. */
  readonly retryAfterSeconds?: number;
  /** The methods that the path takes, where another was tried. */
  readonly allow?: string;
  /** How to say who one is, where that is asked for. */
  readonly challenge?: string;
}

/** A problem as RFC 9457 writes it. */
export function problemAnswer(problem: Problem): HttpAnswer {
  const { title, status, detail } = problem;
  const headers = { 'content-type': 'application/problem+json', ...problemHeaders(problem) };
  return { status, headers, body: JSON.stringify({ type: 'about:blank', title, status, detail }) };
}

/** What of a problem is told in headers, however its body is written. */
export function problemHeaders({ allow, challenge, retryAfterSeconds }: Problem): Readonly<Record<string, string>> {
  return {
    ...(allow === undefined ? {} : { allow }),
    ...(challenge === undefined ? {} : { 'www-authenticate': challenge }),
    ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
  };
}

/** Something that will pass: the same request may be sent again. */
export function unavailable(detail: string): Problem {
  return { status: 503, title: 'Service Unavailable', detail, retryAfterSeconds: 1 };
}

export function malformed(detail: string): Problem {
  return { status: 400, title: 'Bad Request', detail };
}

export function tooLarge(detail: string): Problem {
  return { status: 413, title: 'Content Too Large', detail };
}

export function notFound(detail: string): Problem {
  return { status: 404, title: 'Not Found', detail };
}

/** `allow`: the methods of the path, as the header names them. */
export function methodNotAllowed(allow: string, detail: string): Problem {
  return { status: 405, title: 'Method Not Allowed', detail, allow };
}

export function unsupported(detail: string): Problem {
  return { status: 415, title: 'Unsupported Media Type', detail };
}
