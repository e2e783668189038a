import { describeOnNatsServer } from '../nats/nats-server.fixtures.ts';
import { type KeyValueServerHarness, runKeyValueCases, runKeyValueServerCases } from './key-value.cases.ts';
import { openNatsKeyValue } from './nats-key-value.ts';

await describeOnNatsServer((nats) => {
  const makeHarness = async (): Promise<KeyValueServerHarness> => {
    const place = nats.newPlace();
    return {
      open: () => openNatsKeyValue(place),
      restartStorage: nats.restart,
      [Symbol.asyncDispose]: async () => {},
    };
  };
  runKeyValueCases('nats', makeHarness);
  runKeyValueServerCases('nats', makeHarness);
});
