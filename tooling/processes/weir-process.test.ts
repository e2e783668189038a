import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { SERVER_ENV, SERVER_FLAGS } from './weir-process.ts';

describe('a server that is measured', () => {
  it('runs as its users start it', async () => {
    const script = await readFile(new URL('../../cli/weir.sh', import.meta.url), 'utf8');
    for (const [name, value] of Object.entries(SERVER_ENV)) expect(script).toContain(`${name}="\${${name}:-${value}}"`);
    expect(script).toContain(`"$node" ${SERVER_FLAGS.join(' ')} "$here/weir.ts"`);
  });
});
