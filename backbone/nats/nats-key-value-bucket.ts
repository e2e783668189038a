import { type KV, Kvm } from '@nats-io/kv';
import { API_CODE, apiCodeOf, type NatsLink, REQUEST_TIMEOUT_MS } from './nats-connection.ts';

/**
 * Opens a bucket of JetStream's key-value store, made when it isn't there: in files, one value per key. Reads go to the
 * leader (no direct get), so that what was stored is seen at once on a cluster too.
 */
export async function openBucket(link: NatsLink, bucket: string, replicas: number): Promise<KV> {
  const buckets = new Kvm(link.connection);
  const options = { history: 1, storage: 'file' as const, replicas, allow_direct: false, timeout: REQUEST_TIMEOUT_MS };
  try {
    await link.manager.streams.info(`KV_${bucket}`);
  } catch (error) {
    if (apiCodeOf(error) !== API_CODE.streamNotFound) throw error;
    return buckets.create(bucket, options);
  }
  return buckets.open(bucket, { allow_direct: false, timeout: REQUEST_TIMEOUT_MS });
}
