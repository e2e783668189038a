import { dirname, join, resolve } from 'node:path';
import { Option } from 'commander';

/** What says where a server keeps everything. */
export interface DataFlags {
  readonly data?: string;
  readonly config?: string;
}

const DATA_DIR = '.weir/data';

/** Where everything is stored: as named, else beside the configuration, else in the working directory. */
export function dataDirOf({ data, config }: DataFlags): string {
  if (data !== undefined) return resolve(data);
  return resolve(config === undefined ? '.' : dirname(config), DATA_DIR);
}

/** Where it keeps the record of refusals and changes. */
export function auditDirOf(dataDir: string): string {
  return join(dataDir, 'audit');
}

/** Where it keeps who is known. */
export function identityDirOf(dataDir: string): string {
  return join(dataDir, 'identity');
}

/** The flags of a command that works on a server's folder, whether the server runs or not. */
export function dataOptions(): readonly Option[] {
  return [
    new Option('--config <file>', 'the configuration of the server'),
    new Option(
      '--data <dir>',
      'where the server stores everything (default: .weir/data beside the configuration, or here)',
    ),
  ];
}
