import { Deliveries } from './deliveries.ts';
import { SESSIONS_MAX } from './limits.ts';

/** What is remembered of devices over their connections, by client id; beyond the limit the one longest unseen goes. */
export class DeviceSessions {
  readonly #deliveries = new Map<string, Deliveries>();

  /** What is known of a device; `isPresent` says whether anything was. */
  open(clientId: string): { readonly deliveries: Deliveries; readonly isPresent: boolean } {
    const known = this.#deliveries.get(clientId);
    const deliveries = known ?? new Deliveries();
    this.#deliveries.delete(clientId);
    this.#deliveries.set(clientId, deliveries);
    if (this.#deliveries.size > SESSIONS_MAX) this.#deliveries.delete(this.#deliveries.keys().next().value!);
    return { deliveries, isPresent: known !== undefined };
  }
}
