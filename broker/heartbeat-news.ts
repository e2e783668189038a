import type { Heartbeat } from '#core/records/record.ts';

/**
 * Whether a heartbeat says anything that the last logged one of its agent doesn't. Agents say every few seconds that
 * they live; only what changes the fold's state is worth a place in the log.
 */
export function saysSomethingNew(logged: Heartbeat | undefined, heartbeat: Heartbeat): boolean {
  return (
    logged === undefined ||
    logged.incarnation !== heartbeat.incarnation ||
    logged.highestSequence !== heartbeat.highestSequence ||
    logged.watermarkMs !== heartbeat.watermarkMs ||
    logged.closed !== heartbeat.closed
  );
}
