import { setTimeout as sleep } from 'node:timers/promises';

interface LedgerAnswer {
  readonly arrived: number;
  readonly watermark: string | null;
}

const LOOK_EVERY_MS = 20;

/**
 * Resolves once the server at `url` has folded all `frames` of an agent, and its watermark has reached an instant: an
 * acknowledged frame is durable in the log, and the speed layer is some milliseconds behind the log.
 */
export async function whenFolded(url: string, agent: string, frames: number, watermark: string): Promise<void> {
  for (;;) {
    const response = await fetch(`${url}/api/v1/ledger/${agent}`);
    if (response.ok) {
      const ledger = (await response.json()) as LedgerAnswer;
      if (
        ledger.arrived >= frames &&
        ledger.watermark !== null &&
        Date.parse(ledger.watermark) >= Date.parse(watermark)
      )
        return;
    }
    await sleep(LOOK_EVERY_MS);
  }
}
