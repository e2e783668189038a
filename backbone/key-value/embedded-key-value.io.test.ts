import { runMarkedDirectoryCases } from '../disk/marked-directory.cases.ts';
import { makeDirectoryHarness } from '../disk/temporary-directory.ts';
import { openEmbeddedKeyValue } from './embedded-key-value.ts';
import { runKeyValueCases } from './key-value.cases.ts';

runKeyValueCases('embedded', () => makeDirectoryHarness('state', openEmbeddedKeyValue));
runMarkedDirectoryCases({ kind: 'key-value', format: 1, isExclusive: true, open: openEmbeddedKeyValue });
