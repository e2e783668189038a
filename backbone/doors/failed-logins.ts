import { isIPv6 } from 'node:net';

/** Addresses and names whose failures are remembered; beyond them the one that failed the longest ago is forgotten. */
export const FAILED_LOGINS_MAX = 4_096;

/** How long the next login waits after the first failure, doubled with each further one, up to the last. */
const WAIT_MS_FIRST = 1_000;
const WAIT_MS_MAX = 60_000;

/** A failure this long ago is forgotten. */
const FORGET_MS = 600_000;

interface Failures {
  readonly count: number;
  readonly atMs: number;
}

/**
 * Who failed to log in, and how long they wait for it: by address and name together, so that a device with an old password
 * keeps no other one out that is behind the same address.
 */
export class FailedLogins {
  readonly #nowMs: () => number;
  /** The one that failed last comes last. */
  readonly #failures = new Map<string, Failures>();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** In ms: how long until a login is heard again; 0 for now. A clock that is set back makes no one wait longer. */
  waitMs(key: string): number {
    const failures = this.#failures.get(key);
    if (failures === undefined) return 0;
    const waitMs = Math.min(WAIT_MS_FIRST * 2 ** (failures.count - 1), WAIT_MS_MAX);
    const sinceMs = Math.max(0, this.#nowMs() - failures.atMs);
    if (sinceMs >= FORGET_MS) this.#failures.delete(key);
    return Math.max(0, waitMs - sinceMs);
  }

  add(key: string): void {
    const count = (this.#failures.get(key)?.count ?? 0) + 1;
    this.#failures.delete(key);
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size < FAILED_LOGINS_MAX) break;
      this.#failures.delete(oldest);
    }
    this.#failures.set(key, { count, atMs: this.#nowMs() });
  }

  clear(key: string): void {
    this.#failures.delete(key);
  }
}

const IPV6_GROUPS = 8;
/** A network of IPv6 is a /64 (RFC 4291, 2.5.1): whoever has one address of it has them all. */
const NETWORK_GROUPS = 4;

/** What stands for a remote address: itself for IPv4, also inside IPv6, and its network for IPv6. */
export function addressKey(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [before = '', after = ''] = address.split('%', 1)[0]!.toLowerCase().split('::');
  const groups = before === '' ? [] : before.split(':');
  const rest = after === '' ? 0 : after.split(':').length;
  const zeros = address.includes('::') ? IPV6_GROUPS - groups.length - rest : 0;
  return [...groups, ...Array<string>(zeros).fill('0'), ...after.split(':')]
    .slice(0, NETWORK_GROUPS)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
