import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { folderPerTest } from '#backbone/disk/test-folder.fixtures.ts';
import { makeCertificates } from './certificates.ts';

const folder = folderPerTest('certs');
const dir = (): string => join(folder.dir, 'certs');
const read = async (name: string): Promise<X509Certificate> => new X509Certificate(await readFile(join(dir(), name)));

describe('weir certs', () => {
  it('makes an authority once, and by it certificates that are valid now, for who is named', async () => {
    await makeCertificates(dir(), { host: ['weir.example', '192.0.2.7'], days: 10 });
    const [authority, server] = [await read('ca.crt'), await read('server.crt')];
    await makeCertificates(dir(), { host: ['weir.example'], agent: 'roof-1', days: 10 });
    expect((await read('ca.crt')).fingerprint256).toBe(authority.fingerprint256);
    expect(server.subjectAltName).toBe('DNS:weir.example, IP Address:192.0.2.7');
    const [renewed, agent] = [await read('server.crt'), await read('roof-1.crt')];
    expect(renewed.serialNumber).not.toBe(server.serialNumber);
    expect(agent.subject).toBe('CN=roof-1');
    for (const one of [server, renewed, agent]) {
      expect(one.checkIssued(authority) && one.verify(authority.publicKey)).toBe(true);
      expect(one.validFromDate.getTime()).toBeLessThan(Date.now());
      expect(one.validToDate.getTime() - Date.now()).toBeGreaterThan(9.9 * 86_400_000);
    }
  });

  it('lets only its user read keys', async () => {
    await makeCertificates(dir(), { host: ['weir.example'], agent: 'roof-1', days: 10 });
    for (const name of ['ca.key', 'server.key', 'roof-1.key'])
      expect((await stat(join(dir(), name))).mode & 0o777).toBe(0o600);
  });

  it('writes no agent over the authority or the server', async () => {
    await makeCertificates(dir(), { host: ['weir.example'], days: 10 });
    const before = [(await read('ca.crt')).fingerprint256, (await read('server.crt')).fingerprint256];
    for (const agent of ['ca', 'server', 'CA'])
      await expect(makeCertificates(dir(), { agent, days: 10 })).rejects.toThrow(`agent ${agent} would get the files`);
    expect([(await read('ca.crt')).fingerprint256, (await read('server.crt')).fingerprint256]).toEqual(before);
  });

  it('makes none by an authority whose key is of another kind, which nobody could check', async () => {
    await mkdir(dir());
    const made = ['-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=ours', '-keyout', 'ca.key', '-out', 'ca.crt'];
    await promisify(execFile)('openssl', ['req', '-x509', ...made], { cwd: dir() });
    await expect(makeCertificates(dir(), { agent: 'roof-1', days: 10 })).rejects.toThrow('are no authority');
  });

  it('makes none where the authority is half gone, or none', async () => {
    await makeCertificates(dir(), { days: 10 });
    await writeFile(join(dir(), 'ca.crt'), 'nothing');
    const refused = () => makeCertificates(dir(), { agent: 'roof-1', days: 10 });
    await expect(refused()).rejects.toThrow(`ca.crt and ca.key in ${dir()} are no authority`);
    await rm(join(dir(), 'ca.crt'));
    await expect(refused()).rejects.toThrow('name another folder, or take both away');
  });
});
