import { runMarkedDirectoryCases } from '../disk/marked-directory.cases.ts';
import { makeDirectoryHarness } from '../disk/temporary-directory.ts';
import { describeOnNatsServer } from '../nats/nats-server.fixtures.ts';
import { openEmbeddedKeyValue } from './embedded-key-value.ts';
import { type KeyValueServerHarness, runKeyValueCases, runKeyValueServerCases } from './key-value.cases.ts';
import { openNatsKeyValue } from './nats-key-value.ts';

runKeyValueCases('embedded', () => makeDirectoryHarness('state', openEmbeddedKeyValue));
runMarkedDirectoryCases({ kind: 'key-value', format: 1, isExclusive: true, open: openEmbeddedKeyValue });

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
