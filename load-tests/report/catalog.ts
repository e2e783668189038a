import type { RunName } from './stored-run.ts';

/** A figure that the page shows, in its order, and what is to be said of it. */
export interface CatalogEntry {
  readonly run: RunName;
  /** That of the figure. */
  readonly name: string;
  readonly title: string;
  /** Where the time goes, or the bytes, and what limits it; left out where no profile was taken of it. */
  readonly limits?: string;
  /** Whether the README shows it too. */
  readonly isShown: boolean;
}

const shown = { isShown: true } as const;
const aside = { isShown: false } as const;

/** What is told of each part, headed by what it is measured on. */
export const CATALOG: readonly { readonly heading: string; readonly entries: readonly CatalogEntry[] }[] = [
  {
    heading: 'Adding up',
    entries: [
      {
        run: 'bench',
        name: 'fold',
        title: 'decoding and folding frames, one core: long runs of 1 s data, 1 min slices by region',
        limits: 'unpacking blocks and adding them up; the checksum over each frame is the next',
        ...shown,
      },
      {
        run: 'bench',
        name: 'fold-by-device',
        title: 'the same by device',
        limits: 'a slice for each device and minute is opened, and closed, for 60 readings',
        ...shown,
      },
      {
        run: 'bench',
        name: 'fold-live-by-region',
        title: 'the same from frames as agents send them live, by region',
        limits: 'runs of 32 readings, each with a head of its own',
        ...aside,
      },
      {
        run: 'bench',
        name: 'recompute',
        title: 'full recompute of a day of 1,000 series (86.4 M readings), by region',
        ...shown,
      },
      {
        run: 'bench',
        name: 'recompute-by-device',
        title: 'the same into a slice per device and minute',
        limits: 'folding takes 55 %, packing rows 35 %, reading and merging 8 % of the time of processors',
        ...shown,
      },
    ],
  },
  {
    heading: 'Taking in',
    entries: [
      {
        run: 'bench',
        name: 'ingest',
        title: '`weir edge --once` of a CSV file with 1,000 series, through MQTT into the synced log, 1 s data',
        limits:
          'one core of the agent: taking rows apart, packing, and garbage take an eighth each, accepting and sealing a tenth',
        ...shown,
      },
      {
        run: 'line-protocol',
        name: 'line-protocol',
        title: 'lines of Telegraf’s kind by HTTP, 150 bytes each, through an agent into the synced log',
        ...shown,
      },
      {
        run: 'mqtt',
        name: 'mqtt-json',
        title: 'JSON messages of 1,000 devices by MQTT, quality of service 1, into an agent’s synced journal',
        ...shown,
      },
      {
        run: 'sparkplug',
        name: 'sparkplug-journaled',
        title: 'metrics of Sparkplug B, from a broker into an agent’s synced journal',
        ...shown,
      },
      {
        run: 'load',
        name: 'agents-rate',
        title: 'frames by MQTT over WebSocket, from twenty agents that k6 simulates, into the synced log and windows',
        ...shown,
      },
    ],
  },
  {
    heading: 'Bytes',
    entries: [
      {
        run: 'bench',
        name: 'size',
        title: 'the household file, on the wire and in the archive',
        limits: 'the values: their differences alone hold 0.49 bytes of entropy',
        ...shown,
      },
    ],
  },
  {
    heading: 'Answering',
    entries: [
      {
        run: 'bench',
        name: 'query',
        title: 'a week of 1 h windows over 1,000 series grouped by region, warm, 99th percentile at the server',
        ...shown,
      },
      {
        run: 'bench',
        name: 'latency',
        title: 'from a reading that an idle agent is handed to the changed window at a subscriber',
        limits: 'two syncs of the disk, one of the agent and one of the log',
        ...aside,
      },
      {
        run: 'load',
        name: 'readers-region-p99',
        title:
          'mixed questions by REST, 500 a second, the first 15 s told apart: a week of hours of one region, 99th percentile',
        ...aside,
      },
      {
        run: 'load',
        name: 'dashboards-update-p99',
        title:
          'subscribers of live windows, a change a second each, of five agents: from the reading to the client, 99th percentile',
        ...aside,
      },
      {
        run: 'load',
        name: 'dashboards-burst-p99',
        title: 'the same where the windows of all of them change at once',
        limits: 'k6 takes four times as long to hear of a change as the server does to tell of it, on the same machine',
        ...aside,
      },
      {
        run: 'load',
        name: 'fresh-p50',
        title:
          'from a reading that an agent is handed to the changed window, while 500,000 others a second arrive: middle',
        ...aside,
      },
      { run: 'load', name: 'fresh-p99', title: 'the same, 99th percentile', ...aside },
    ],
  },
  {
    heading: 'A year of 1,000 meters',
    entries: [
      {
        run: 'year',
        name: 'year',
        title:
          'a year of 1,000 meters every 15 min from a CSV file (35 M readings), with views by device and by region',
        ...shown,
      },
      {
        run: 'year',
        name: 'year-agent-memory',
        title: 'the most memory of the agent meanwhile',
        ...aside,
      },
      {
        run: 'year',
        name: 'year-server-memory',
        title: 'the most memory of the server meanwhile, and through a batch run',
        ...aside,
      },
      {
        run: 'year',
        name: 'year-disk',
        title: 'all that the server stores after the batch run',
        limits:
          'each value is stored twice, in the archive and in the results by device; its difference has 9.2 bits of entropy, and takes 10',
        ...aside,
      },
      {
        run: 'year',
        name: 'year-restart',
        title: 'from the start of the server until it is ready',
        ...aside,
      },
      {
        run: 'year',
        name: 'year-of-one-device',
        title: 'the days of a year of one of 1,000 meters that report every 15 min',
        ...shown,
      },
      {
        run: 'year',
        name: 'year-of-all-regions',
        title: 'the days of the year of all regions',
        ...aside,
      },
    ],
  },
  {
    heading: 'A day in two minutes',
    entries: [
      {
        run: 'load',
        name: 'day-behind-max',
        title:
          'two regions with a morning peak, a recompute and a spike of readers: how far a window was behind at most',
        ...aside,
      },
      {
        run: 'load',
        name: 'day-drain',
        title: 'how fast the backlog of a region that was cut off came in, against how fast it had come about',
        ...aside,
      },
    ],
  },
];
