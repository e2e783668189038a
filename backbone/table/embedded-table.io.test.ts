import { runMarkedDirectoryCases } from '../disk/marked-directory.cases.ts';
import { makeDirectoryHarness } from '../disk/temporary-directory.ts';
import { openEmbeddedTable } from './embedded-table.ts';
import { runTableCases } from './table.cases.ts';

runTableCases('embedded', () => makeDirectoryHarness('table', openEmbeddedTable));
runMarkedDirectoryCases({ kind: 'table', format: 1, isExclusive: true, open: openEmbeddedTable });
