import { z } from 'zod';
import { certificateFiles, pathField, secretFile } from '#backbone/disk/path-fields.ts';
import { PARTITIONS_MAX } from '#backbone/log/log.ts';
import { BATCH_STATES_KEPT } from '#backbone/manifests/manifest.ts';
import { TABLE_MEMORY_BYTES_MAX, TABLE_MEMORY_BYTES_MIN } from '#backbone/table/embedded-table.ts';
import { metricsSchema } from '#core/metrics/metric-config.ts';
import { fixedSpan } from '#core/time/duration-config.ts';
import { viewsSchema } from '#core/views/view-config.ts';
import { AGENT_ID } from '#core/wire/topics.ts';
import { sourceKind } from '#edge-agent/sources/source-kind.ts';
import { SOURCE_KINDS, sourcesSchema } from '#edge-agent/sources/source-kinds.ts';
import { SPOOL_BYTES_MIN } from '#edge-agent/spool/limits.ts';
import { storesSchema } from '#view-stores/influx/influx-section.ts';
import { SIMULATE } from '../compose/simulate-kind.ts';

const SPOOL_BYTES_DEFAULT = '256MB';
/** A run takes some tenths of a second, however little there is to add up. */
const BATCH_ROWS_MIN = 10_000;
/** Each is looked at with every request of a page. */
const CORS_ORIGINS_MAX = 100;
const UNITS: Readonly<Record<string, number>> = { KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** An amount of bytes: a number with KB, MB, GB or TB (powers of 1000). */
const byteCount = z
  .string()
  .transform((text, context) => {
    const parts = /^(\d+(?:\.\d+)?)\s*(KB|MB|GB|TB)$/.exec(text.trim());
    if (parts?.[1] === undefined || parts[2] === undefined) {
      context.addIssue({ code: 'custom', message: `${text} is no amount of bytes; write it like 256MB or 2GB` });
      return z.NEVER;
    }
    return Math.round(Number(parts[1]) * UNITS[parts[2]]!);
  })
  .meta({ title: 'amount of bytes' });

const serverTls = certificateFiles(
  'A PEM file with the certificate: it names the server as agents and people do.',
  'weir',
).extend({
  clients: pathField('A PEM file with the authority of agents that show certificates.', 'ca.crt').optional(),
});

const agentSchema = z.strictObject({
  id: z
    .string()
    .regex(
      AGENT_ID,
      'an agent id has up to 64 letters, digits, dots, dashes and underscores, and begins with a letter or digit',
    )
    .meta({
      description: 'The name of the agent, which is its own among all agents of a server.',
      examples: ['roof-1'],
    }),
  broker: z
    .string()
    .regex(
      /^(?:mqtts?:\/\/[^\s/@]+\/?|wss?:\/\/[^\s/@]+(?:\/[^\s@?#]*)?)$/,
      'the broker is a URL like mqtt://127.0.0.1:1883, or mqtts://weir.example for TLS, or wss://weir.example by WebSocket',
    )
    .default('mqtt://127.0.0.1:1883')
    .meta({
      description:
        'Where the server takes what agents send; mqtts for TLS, ws or wss by WebSocket (/mqtt unless it names a path).',
      examples: ['mqtts://weir.example', 'wss://weir.example'],
    }),
  token: secretFile('weir.token')
    .meta({
      description: 'Where the token stands that weir agents enroll printed.',
      examples: [{ file: 'roof-1.token' }],
    })
    .optional(),
  ca: pathField('A PEM file of certificates that are trusted. Those of the system unless given.', 'ca.crt').optional(),
  tls: certificateFiles('A PEM file with the certificate: its common name is the id of the agent.', 'weir')
    .meta({
      description: 'By which certificate the agent shows who it is, in place of a token.',
      examples: [{ cert: 'roof-1.crt', key: 'roof-1.key' }],
    })
    .optional(),
  spool: z
    .strictObject({
      dir: z
        .string()
        .min(1)
        .meta({
          description:
            'The folder in which the agent keeps what it has read. `.weir/` and the id, beside the configuration, unless given.',
          examples: ['/var/lib/weir/roof-1'],
        })
        .optional(),
      bytes: byteCount
        .refine(
          (bytes) => bytes >= SPOOL_BYTES_MIN,
          `a spool has at least ${Math.ceil(SPOOL_BYTES_MIN / 1e6)}MB, room for a few of the largest frames`,
        )
        .prefault(SPOOL_BYTES_DEFAULT)
        .meta({
          description: 'How much disk the agent uses at most, a quarter of it for its journal.',
          examples: ['2GB'],
        }),
      memory: byteCount
        .refine(
          (bytes) => bytes >= TABLE_MEMORY_BYTES_MIN && bytes <= TABLE_MEMORY_BYTES_MAX,
          `a spool gathers ${TABLE_MEMORY_BYTES_MIN / 1e6}MB to ${TABLE_MEMORY_BYTES_MAX / 1e6}MB in memory`,
        )
        .meta({
          description:
            'How much the agent gathers in memory before it goes into a file. 16 MiB unless given, which is for files of millions of rows; 2MB is enough for some hundred readings a second.',
          examples: ['2MB'],
        })
        .optional(),
    })
    .prefault({})
    .meta({
      description: 'Where the agent keeps what it has read until the server has it.',
      examples: [{ bytes: '1GB' }],
    }),
});

const partitions = z
  .int()
  .min(1)
  .max(PARTITIONS_MAX)
  .meta({
    description: 'Into how many parts the log is cut, as long as it is new. An existing log keeps its own.',
    examples: [4],
  })
  .optional();

const backboneSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('embedded').meta({ description: 'The log is kept by the server itself.', examples: ['embedded'] }),
    partitions,
  }),
  z.strictObject({
    kind: z.literal('nats').meta({ description: 'The log is kept in NATS JetStream.', examples: ['nats'] }),
    servers: z
      // Who logs in stands in a file: what was written here may be told.
      .array(
        z
          .string()
          .regex(
            /^(?:nats|tls):\/\/[^@]+$/,
            'a server is a URL like nats://127.0.0.1:4222, or tls://…, without who logs in',
          ),
      )
      .min(1)
      .meta({
        description: 'The servers of NATS JetStream, one of which is enough to find the others.',
        examples: [['nats://127.0.0.1:4222']],
      }),
    credentials: secretFile('weir.creds')
      .meta({
        description: 'Where the credentials stand that the servers ask for, as nsc writes them.',
        examples: [{ file: 'weir.creds' }],
      })
      .optional(),
    ca: pathField(
      'A PEM file of certificates by which the servers are trusted; TLS is asked for.',
      'nats-ca.crt',
    ).optional(),
    // How often a server syncs is told by its monitoring page only.
    monitor: z
      .string()
      .regex(/^https?:\/\/.+/, 'a monitoring page is a URL like http://127.0.0.1:8222')
      .meta({
        description: 'The monitoring page of a server, which alone tells how often it syncs.',
        examples: ['http://127.0.0.1:8222'],
      })
      .optional(),
    partitions,
  }),
]);

const everySpan = fixedSpan().refine((ms) => ms >= 1000, 'a run begins every second at most');

/** When the batch layer runs by itself, and how many of its states are kept. */
const batchSchema = z.strictObject({
  /** In ms; null: never. */
  every: z
    .union([z.literal('never').transform(() => null), everySpan])
    .prefault('15m')
    .meta({
      title: 'length of time, or never',
      description: 'How long after a run the batch layer recomputes from history again, by itself.',
      examples: ['1h'],
    }),
  rows: z
    .int()
    .min(BATCH_ROWS_MIN)
    .default(2_000_000)
    .meta({ description: 'After how many new rows of the log it runs before its time.', examples: [500000] }),
  keep: z
    .int()
    .min(1)
    .max(BATCH_STATES_KEPT)
    .default(3)
    .meta({ description: 'How many of its states are kept, to go back to.', examples: [5] }),
});

const keptSpan = fixedSpan()
  .refine((ms) => ms >= 60_000, 'what is kept for a while is kept for a minute at least')
  .transform((ms) => ({ ms }));

/** How long a server keeps what it has in another place too, or only for people to look at. */
const retentionSchema = z.strictObject({
  log: z
    .union([z.enum(['archived', 'forever']), keptSpan])
    .meta({
      title: 'length of time, archived, or forever',
      description:
        'How long the log keeps what the archive has too. Unless given, no longer than that takes, and in NATS for ever.',
      examples: ['7d'],
    })
    .optional(),
  archive: z
    .literal('forever')
    .default('forever')
    .meta({
      description: 'How long the archive keeps every record: views are made of it, and verified by it.',
      examples: ['forever'],
    }),
  quarantine: z
    .union([z.literal('forever'), keptSpan])
    .prefault('forever')
    .meta({
      title: 'length of time, or forever',
      description: 'How long what was refused is listed; the newest of each partition at most, as there is room.',
      examples: ['90d'],
    }),
});

/** An origin as browsers write it (RFC 6454, 6.2): scheme, host, and the port where it isn't the scheme's own. */
const origin = z
  .string()
  .refine(
    (text) => /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text,
    'an origin is what browsers send, like https://dash.example or http://localhost:3000, without a path',
  );

const httpSchema = z.strictObject({
  cors: z
    .array(origin)
    .max(CORS_ORIGINS_MAX)
    .default([])
    .meta({
      description: 'Origins of other servers whose pages may read here and open the stream; they can change nothing.',
      examples: [['https://dash.example', 'http://localhost:3000']],
    }),
});

const mqttSchema = z.strictObject({
  websocket: z
    .boolean()
    .default(false)
    .meta({
      description: 'Whether agents may also come by WebSocket, at the same port: ws://host:1883/mqtt, with TLS wss.',
      examples: [true],
    }),
});

const storeSchema = z.strictObject({
  kind: z.literal('level').meta({ description: 'Tables of windows are kept in LevelDB.', examples: ['level'] }),
});

/** weir.yaml: one file for all parts; a part reads its own sections. */
export const configSchema = z.strictObject({
  metrics: metricsSchema.prefault({}).meta({
    description: 'What is measured, by name.',
    examples: [{ power: { unit: 'kW', decimals: 3, kind: 'gauge', interval: '1m' } }],
  }),
  agent: agentSchema
    .meta({
      description: 'The agent that weir edge runs: it reads the sources and sends them to the server.',
      examples: [{ id: 'roof-1' }],
    })
    .optional(),
  sources: sourcesSchema([...SOURCE_KINDS, sourceKind(SIMULATE)])
    .default({})
    .meta({
      description: 'Where readings come from, by name.',
      examples: [
        {
          meters: {
            kind: 'csv',
            file: 'meters.csv',
            time: { columns: ['time'] },
            series: [{ metric: 'power', value: 'kw', device: '{meter}' }],
          },
        },
      ],
    }),
  backbone: backboneSchema.default({ kind: 'embedded' }).meta({
    description: 'What keeps the log of the server.',
    examples: [{ kind: 'nats', servers: ['nats://127.0.0.1:4222'] }],
  }),
  store: storeSchema
    .default({ kind: 'level' })
    .meta({ description: 'What keeps windows.', examples: [{ kind: 'level' }] }),
  stores: storesSchema.prefault({}).meta({
    description: 'Who else keeps the windows of the views, for other tools.',
    examples: [
      { influx: { url: 'http://127.0.0.1:8086', org: 'weir', bucket: 'views', token: { file: 'influx.token' } } },
    ],
  }),
  views: viewsSchema.prefault({}).meta({
    description: 'What can be asked for, by name.',
    examples: [{ 'power-by-region': { metric: 'power', by: ['region'], slice: '15m' } }],
  }),
  identity: z
    .enum(['none', 'required'])
    .default('none')
    .meta({
      description:
        'Whether agents, people and programs have to show who they are: required, or none. Other machines are let in only then.',
      examples: ['required'],
    }),
  tls: serverTls
    .meta({
      description: 'With what the server is encrypted, for agents and for HTTP. Read again when the files change.',
      examples: [{ cert: 'server.crt', key: 'server.key' }],
    })
    .optional(),
  plainText: z
    .boolean()
    .default(false)
    .meta({
      description: 'That other machines come in without TLS, since a proxy before the server speaks it.',
      examples: [true],
    }),
  http: httpSchema.prefault({}).meta({
    description: 'Who may ask the server by HTTP.',
    examples: [{ cors: ['https://dash.example'] }],
  }),
  retention: retentionSchema.prefault({}).meta({
    description: 'How long the server keeps what it has twice.',
    examples: [{ log: '7d', quarantine: '90d' }],
  }),
  mqtt: mqttSchema.prefault({}).meta({
    description: 'How agents may come to the server.',
    examples: [{ websocket: true }],
  }),
  batch: batchSchema
    .prefault({})
    .meta({ description: 'When the batch layer recomputes from history by itself.', examples: [{ every: '1h' }] }),
});

export type WeirConfig = z.output<typeof configSchema>;
export type BackboneConfig = WeirConfig['backbone'];

export type AgentConfig = z.output<typeof agentSchema>;
