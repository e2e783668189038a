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

/** The body of a problem: `application/problem+json`. */
export function problemBody({ status, title, detail }: Problem): string {
  return JSON.stringify({ type: 'about:blank', title, status, detail });
}

export const PROBLEM_TYPE = 'application/problem+json';

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
