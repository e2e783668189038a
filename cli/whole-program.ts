import { declareAgents } from './commands/agents.ts';
import { declareAudit } from './commands/audit.ts';
import { declareBackup } from './commands/backup.ts';
import { declareBatch } from './commands/batch.ts';
import { declareBench } from './commands/bench.ts';
import { declareCerts } from './commands/certs.ts';
import { declareCheck } from './commands/check.ts';
import { declareEdge } from './commands/edge.ts';
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
import type { Commands } from './program.ts';

const AFTER_HELP = `
A first look:
  weir up --simulate denmark      live meters at http://127.0.0.1:8080/

Your own file:
  weir init                       write weir.yaml and a small CSV file to start from
  weir check --config weir.yaml   see what it would do
  weir up --config weir.yaml      start the server, and in a second terminal:
  weir edge --config weir.yaml --once

Exit status: 0 done, 1 failed or differs, 2 used wrongly. From a checkout: npx weir COMMAND …`;

/** All that there is, in the order of the help. */
export const WHOLE: Commands = {
  declare: [
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
  ],
  description: 'An edge-to-cloud streaming runtime for meters and sensors: live windows and years of history, exact.',
  afterHelp: AFTER_HELP,
};
