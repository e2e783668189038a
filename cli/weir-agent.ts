import { declareCheck } from './commands/check.ts';
import { declareEdge } from './commands/edge.ts';
import { declarePassword } from './commands/password.ts';
import { runWeir } from './program.ts';

/** What a gateway needs, as one file (tooling/bundle-agent.ts). */
const AGENT = {
  declare: [declareEdge, declareCheck, declarePassword],
  description: 'The agent of Weir: reads meters and sensors on a gateway, and sends what they say to a server.',
  afterHelp: `
  weir-agent check --config weir.yaml   see what it would do
  weir-agent edge --config weir.yaml    run the agent

Exit status: 0 done, 1 failed or differs, 2 used wrongly.`,
};

process.exitCode = await runWeir(AGENT, process.argv.slice(2));
