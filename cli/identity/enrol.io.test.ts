import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTemporaryDirectory } from '#backbone/disk/temporary-directory.ts';
import { viewRemarks } from './enrol.ts';

const CONFIG = `metrics:
  heat: { unit: K, decimals: 1, kind: gauge, interval: 10m }
views:
  by-room: { metric: heat, by: [room], slice: 10m }
  by-house: { metric: heat, by: [house], slice: 10m }
`;

describe('a token that is confined to views', () => {
  it('is warned of those that the configuration does not declare, by their names, with what there is', async () => {
    await using folder = await makeTemporaryDirectory('views-of-token');
    const config = join(folder.dir, 'weir.yaml');
    await writeFile(config, CONFIG);
    const said = (views: readonly string[] | null) => viewRemarks({ views }, { config });
    expect(await said(null)).toEqual([]);
    expect(await said(['by-room', 'by-house'])).toEqual([]);
    const start = (view: string) =>
      `warning: ${config} declares no view ${view}; until it does, the token sees nothing there`;
    expect(await said(['by-rom', 'by-room', 'nosuch'])).toEqual([
      `${start('by-rom')}; did you mean by-room?`,
      `${start('nosuch')}; it has by-room, by-house`,
    ]);
    await writeFile(config, 'views: 5');
    expect(await said(['nosuch'])).toEqual([expect.stringContaining(`"weir check --config ${config}"`)]);
    expect(await viewRemarks({ views: ['nosuch'] }, {})).toEqual([expect.stringContaining('--config')]);
  });
});
