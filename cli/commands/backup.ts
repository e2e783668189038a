import { resolve } from 'node:path';
import { UserError } from '../failure.ts';
import { writeOut } from '../terminal/output.ts';
import { addAskingCommand, addCommand, type Declare, type ServerFlags } from './flags.ts';

/** What a restore is told: where to, or that it is only to be looked whether it would go. */
interface RestoreFlags {
  readonly data?: string;
  readonly check?: true;
}

export const declareBackup: Declare = (program) => {
  addAskingCommand(program, 'backup', {
    summary: 'copy all that a running server keeps',
    description:
      'Writes a backup into a directory that is empty or not there: all that was acknowledged until now, what batch runs have made of it, who owns ' +
      'which series, and who is known. The server goes on meanwhile. Prints one line of JSON: {"dir","positions","files","bytes","seconds"}.',
    usage: '<dir> [OPTIONS]',
    more: '\nThe configuration and the files that it names (certificates, tokens) are not part of it.',
    examples: ['weir backup /backups/2026-01-31', 'weir restore /backups/2026-01-31 --check'],
  })
    .argument('<dir>', 'where to')
    .action(async (dir: string, server: ServerFlags) => {
      const { backUp } = await import('../backup/commands.ts');
      await writeOut(`${JSON.stringify(await backUp(resolve(dir), server))}\n`);
    });
  addCommand(program, 'restore', {
    summary: 'make the data directory of a server from a backup',
    description:
      'Compares all files of a backup with their checksums, and makes a data directory of them, which has to be empty or not there. A server that ' +
      'is started on it folds what views show again, and is ready after that; agents send again what it lacks and they still have. ' +
      'Prints one line of JSON: {"data","taken","positions","files","bytes","seconds"}.',
    usage: '<dir> --data <dir> [OPTIONS]',
    examples: [
      'weir restore /backups/2026-01-31 --data /var/lib/weir/data',
      'weir restore /backups/2026-01-31 --check',
    ],
  })
    .argument('<dir>', 'the backup')
    .option('--data <dir>', 'the data directory that is made')
    .option('--check', 'compare only, and make nothing')
    .action(async (dir: string, { data, check }: RestoreFlags) => {
      if ((data === undefined) === (check === undefined))
        throw new UserError('say either --data, where to, or --check; see "weir restore --help"', { exitCode: 2 });
      const { restore } = await import('../backup/commands.ts');
      await writeOut(
        `${JSON.stringify(await restore(resolve(dir), data === undefined ? undefined : resolve(data)))}\n`,
      );
    });
};
