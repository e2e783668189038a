import type { Door, Outcome } from './door.ts';
import { caseOf } from './run-hostile.ts';

export const ILL_SEED = 7;
export const ILL_CASES = 40;
export const HANGS_AT = 11;
export const THROWS_AT = 23;
export const ENDS_AT = 31;

const SAMPLES = [Uint8Array.from({ length: 64 }, (_, i) => i)];

/** A door that takes everything, and does something else at the case of one number. */
function ill(name: string, at: number, act: () => void): Door {
  const sound: Door = { name, samples: SAMPLES, open: () => 'accepted' };
  const feared = caseOf(sound, ILL_SEED, at);
  const open = async (bytes: Uint8Array): Promise<Outcome> => {
    if (Buffer.compare(bytes, feared) === 0) act();
    await new Promise(setImmediate);
    return 'accepted';
  };
  return { ...sound, open };
}

export const DOORS: readonly Door[] = [
  ill('hangs', HANGS_AT, () => {
    for (;;);
  }),
  ill('throws too late', THROWS_AT, () => {
    process.nextTick(() => {
      throw new Error('thrown too late');
    });
  }),
  ill('ends its thread', ENDS_AT, () => process.exit(3)),
];
