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
