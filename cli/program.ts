import { Command } from 'commander';
import { declareAgents } from './commands/agents.ts';
import { declareAudit } from './commands/audit.ts';
import { declareBackup } from './commands/backup.ts';
import { declareBatch } from './commands/batch.ts';
import { declareBench } from './commands/bench.ts';
import { declareCerts } from './commands/certs.ts';
import { declareCheck } from './commands/check.ts';
import { declareEdge } from './commands/edge.ts';
import type { Declare } from './commands/flags.ts';
import { declareInit } from './commands/init.ts';
import { declareLedger } from './commands/ledger.ts';
import { declarePassword } from './commands/password.ts';
import { declareQuarantine } from './commands/quarantine.ts';
import { declareQuery } from './commands/query.ts';
import { declareSessions } from './commands/sessions.ts';
import { declareStatus } from './commands/status.ts';
import { declareStore } from './commands/store.ts';
import { declareTokens } from './commands/tokens.ts';
import { declareUp } from './commands/up.ts';
import { declareVerify } from './commands/verify.ts';
import { declareViews } from './commands/views.ts';
import type { ExitCode } from './failure.ts';
import { asCalled } from './terminal/output.ts';

/** Every command, in the order of the help. Each file declares its flags and loads what it runs only when it runs. */
const COMMANDS: readonly Declare[] = [
  declareInit,
  declareCheck,
  declareUp,
  declareEdge,
  declareQuery,
  declareSessions,
  declareBatch,
  declareVerify,
  declareViews,
  declareStatus,
  declareAgents,
  declareLedger,
  declareQuarantine,
  declareStore,
  declareBackup,
  declareTokens,
  declareCerts,
  declareAudit,
  declarePassword,
  declareBench,
];

const AFTER_HELP = `
A first look:
  weir up --simulate denmark      live meters at http://127.0.0.1:8080/

Your own file:
  weir init                       write weir.yaml and a small CSV file to start from
  weir check --config weir.yaml   see what it would do
  weir up --config weir.yaml      start the server, and in a second terminal:
  weir edge --config weir.yaml --once

Exit status: 0 done, 1 failed or differs, 2 used wrongly. From a checkout: npx weir COMMAND …`;

/** The whole command line. `exit` is told by a command that ends with another status than 0. */
export function buildProgram(exit: (code: ExitCode) => void): Command {
  const program = new Command('weir')
    .description('An edge-to-cloud streaming runtime for meters and sensors: live windows and years of history, exact.')
    .usage('COMMAND [OPTIONS]')
    .option('--version', 'say what runs: weir, Node, formats')
    .configureOutput({ writeOut: (text) => process.stdout.write(asCalled(text)), outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', AFTER_HELP);
  for (const declare of COMMANDS) declare(program, exit);
  refuseRepeats(program);
  return program;
}

/** Of a flag that is given twice commander would take the last, and say nothing; those whose default is a list gather what they are told. */
function refuseRepeats(command: Command): void {
  for (const option of command.options.filter(({ defaultValue }) => !Array.isArray(defaultValue))) {
    let isGiven = false;
    command.on(`option:${option.name()}`, () => {
      const remedy = option.flags.endsWith('<list>') ? 'name all at once, with commas between' : 'give it once';
      if (isGiven) command.error(`error: option '${option.flags}' is given twice; ${remedy}`);
      isGiven = true;
    });
  }
  command.commands.forEach(refuseRepeats);
}
