import type { Operations } from '#serving/serving.ts';
import { UserError } from '../user-error.ts';

/** What the API can start in the batch layer. */
export function batchOperations(_parts: object): Operations {
  const notThere = (): Promise<never> => Promise.reject(new UserError('batch is not there yet'));
  return { batch: notThere, verify: notThere };
}
