import { clickHouse, clickHouseParquet } from './clickhouse.ts';
import { duckDb, duckDbParquet } from './duckdb.ts';
import { influxDb } from './influxdb.ts';
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
];

/** Who is not compared yet, and why: told with the rest. */
export const NOT_COMPARED = [
  { name: 'Kafka Streams', why: 'its live windows need a broker of its own, and are not measured yet' },
  { name: 'Flink', why: 'its live windows are not measured yet' },
  { name: 'Telegraf and eKuiper', why: 'their aggregation at the edge is not measured yet' },
] as const;
