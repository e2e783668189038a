import { InvalidArgumentError, Option } from 'commander';
import type { BackboneFlag, UpFlags } from '../compose/up.ts';
import { addCommand, addressOption, type Declare, logLevelOption } from './flags.ts';

export const declareUp: Declare = (program) => {
  addCommand(program, 'up', {
    summary: 'run every part of the server in one process',
    description:
      'Runs broker, speed layer, batch layer and serving in this process, until Ctrl-C. Of the configuration it reads ' +
      '`metrics`, `views`, `backbone`, `store` and `stores`; `agent` and `sources` are for `weir edge`. Without a configuration it ' +
      'takes the metrics that agents declare, and has no views.',
    examples: ['weir up --simulate denmark', 'weir up --config weir.yaml --data /var/lib/weir'],
  })
    .option('--config <file>', 'the configuration (weir init writes one)')
    .option('--data <dir>', 'where everything is stored (default: .weir/data beside the configuration, or here)')
    .addOption(addressOption('--http', 'where dashboard and API listen', '127.0.0.1:8080'))
    .addOption(addressOption('--mqtt', 'where agents connect', '127.0.0.1:1883'))
    .addOption(
      new Option(
        '--backbone <embedded|nats://host:port>',
        'where the log is kept (default: as configured, else embedded)',
      ).argParser(parseBackbone),
    )
    .addOption(
      new Option('--simulate <name>', 'also run a simulated fleet: denmark, denmark-in-trouble, or none').default(
        'none',
      ),
    )
    .addOption(logLevelOption())
    .action(async (flags: UpFlags) => {
      const { up } = await import('../compose/up.ts');
      await up(flags);
    });
};

/** Reads where the log is kept. Throws commander's InvalidArgumentError. */
export function parseBackbone(text: string): BackboneFlag {
  if (text === 'embedded') return { kind: 'embedded' };
  if (/^nats:\/\/[^\s/]+$/.test(text)) return { kind: 'nats', servers: [text] };
  throw new InvalidArgumentError('Write embedded, or the address of a server, like nats://127.0.0.1:4222.');
}
