import { strict as assert } from 'node:assert';

/** Every limit of polled services in one place, and how they hang together. */

/** The longest answer, unpacked. A longer one is refused: a shorter step, or pages, make it fit. */
export const ANSWER_BYTES_MAX = 64 * 1_048_576;

/** From asking to the first byte of an answer, and between two pieces of it. */
export const SILENCE_TIMEOUT_MS = 30_000;

/** From asking to the last byte of an answer, however steadily it drips. */
export const ANSWER_TIMEOUT_MS = 300_000;

/** Redirects that are followed one after the other. */
export const REDIRECTS_MAX = 5;

/** Pages of one step. More are no paging but a circle. */
export const PAGES_MAX = 10_000;

/** Rows that one page is asked for where the section doesn't say how many. */
export const PAGE_ROWS_DEFAULT = 1_000;
export const PAGE_ROWS_MAX = 1_000_000;

/** The shortest time between two polls. */
export const EVERY_MS_MIN = 1_000;

/** The wait after an answer that did not come: the first, and the longest. */
export const RETRY_MS_MIN = 1_000;
export const RETRY_MS_MAX = 300_000;

/** The wait after a refusal that asking again alone does not mend: the first, where polls are not rarer, and the longest. */
export const REFUSED_MS_MIN = 60_000;
export const REFUSED_MS_MAX = 3_600_000;

/** What a service may ask us to wait (Retry-After), at the most. */
export const RETRY_AFTER_MS_MAX = 86_400_000;

/** Added to what a service asks us to wait, at the most, so that not all come back at once. */
export const RETRY_AFTER_SPREAD_MS = 10_000;

/** What is quoted of the body of a refusal. */
export const QUOTED_CHARS_MAX = 200;
export const QUOTED_BYTES_MAX = 4_096;

/** A file of headers, and the lines in it. */
export const HEADERS_BYTES_MAX = 16_384;
export const HEADERS_MAX = 64;

assert(SILENCE_TIMEOUT_MS < ANSWER_TIMEOUT_MS, 'an answer may have several pieces');
assert(RETRY_MS_MIN < RETRY_MS_MAX && REFUSED_MS_MIN < REFUSED_MS_MAX, 'backing off grows');
assert(EVERY_MS_MIN <= REFUSED_MS_MIN, 'a refusal is asked again no sooner than is polled');
assert(QUOTED_CHARS_MAX <= QUOTED_BYTES_MAX, 'what is quoted was read');
