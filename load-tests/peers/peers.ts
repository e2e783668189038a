import { clickHouse, clickHouseParquet } from './clickhouse.ts';
import { duckDb, duckDbParquet } from './duckdb.ts';
import { influxDb } from './influxdb.ts';
import { kafkaStreams } from './kafka-streams.ts';
import type { Peer } from './peer.ts';
import { questDb } from './questdb.ts';
import { victoriaMetrics } from './victoria-metrics.ts';
import { weir } from './weir.ts';

/** Who is compared, in the order of the table. */
export const PEERS: readonly Peer[] = [
  weir,
  duckDb,
  duckDbParquet,
  clickHouse,
  clickHouseParquet,
  victoriaMetrics,
  questDb,
  influxDb,
  kafkaStreams,
];

/** Who is not compared yet, and why: told with the rest. */
export const NOT_COMPARED = [
  {
    name: 'Flink',
    why: 'its windows go to a sink and can not be asked for; how fast they come there is not measured yet',
  },
  {
    name: 'Telegraf',
    why: 'its aggregators go by the clock on the wall: readings of other times they drop, or count as of now',
  },
  { name: 'eKuiper', why: 'its windows at the edge are not measured yet' },
] as const;
