export type SendPolicy = 'panes' | 'readings' | 'adaptive';

/** A metric, as `weir.yaml` declares it. */
export interface PlannedMetric {
  readonly unit: string;
  readonly decimals: number;
  readonly kind: 'gauge' | 'counter' | 'total' | 'delta';
  readonly interval: string;
  readonly hold?: string;
  readonly send: SendPolicy;
  readonly pane?: string;
  readonly conflict: 'last' | 'first';
  readonly rollover?: string;
  readonly quantiles: boolean;
  readonly repeatHorizon?: string;
}

/** A view, as `weir.yaml` declares it. */
export interface PlannedView {
  readonly metric: string;
  readonly by: readonly string[];
  readonly slice: string;
  readonly where?: Readonly<Record<string, readonly string[]>>;
}

export interface PlannedSeries {
  readonly agent: string;
  readonly metric: string;
  readonly device: string;
  /** With `device` among them. */
  readonly tags: Readonly<Record<string, string>>;
  /** How its readings reach the agent. */
  readonly by: 'http' | 'file';
}

/** What is measured and asked, and by whom: the part of a world that no fault touches. */
export interface Setting {
  readonly partitions: number;
  readonly metrics: Readonly<Record<string, PlannedMetric>>;
  readonly views: Readonly<Record<string, PlannedView>>;
  readonly agents: readonly string[];
  readonly series: readonly PlannedSeries[];
  /** How far behind the highest time the agents' sources wait for readings. */
  readonly latenessMs: number;
  /** From when on agents' sources say that their series are expected, in ms since 1970. */
  readonly since?: Readonly<Record<string, number>>;
  /** How long the server keeps what it has elsewhere too, or only for people, as `weir.yaml` says it. */
  readonly retention?: Readonly<Record<'log' | 'quarantine', string>>;
}

/** The metric and the view that only an intruder's series are of: what is told of them is not judged. */
export const STRANGE = 'strange';

/** One reading of a request; the value is scaled. */
export interface PlannedReading {
  readonly series: number;
  readonly timeMs: number;
  readonly value: number;
}

/** Something that happens at a time, in ms from the start of the world. */
export type Step = { readonly atMs: number } & (
  | { readonly kind: 'send'; readonly agent: string; readonly readings: readonly PlannedReading[] }
  | { readonly kind: 'send-broken'; readonly agent: string; readonly what: string; readonly item: unknown }
  | { readonly kind: 'batch'; readonly full: boolean }
  | { readonly kind: 'verify' }
  | { readonly kind: 'rollback'; readonly view: string }
  | { readonly kind: 'ask'; readonly view: string }
  /** A reader opens the stream of a view and keeps to it. */
  | { readonly kind: 'watch'; readonly view: string }
  /** Someone sends what no part of the system would. */
  | { readonly kind: 'attack'; readonly attack: number; readonly agent: string; readonly holdsMs: number }
  /** An agent that is not ours sends frames, some of them spoiled. */
  | { readonly kind: 'intrude'; readonly holdsMs: number }
  /** Readers of streams take nothing for a while. */
  | { readonly kind: 'stall'; readonly forMs: number }
  /** A view is declared anew in the server's configuration, which is started again with it. */
  | { readonly kind: 'redefine'; readonly view: string; readonly definition: PlannedView }
  /** An agent is started again with another way of sending a metric. */
  | { readonly kind: 'resend'; readonly agent: string; readonly metric: string; readonly send: SendPolicy }
  | { readonly kind: 'kill'; readonly machine: string; readonly downMs: number }
  | {
      readonly kind: 'kill-at-write';
      readonly machine: string;
      /** Of the durable writes from then on, the how many-th, from 1. */
      readonly write: number;
      readonly when: 'before' | 'after';
      readonly downMs: number;
    }
  | { readonly kind: 'restart'; readonly machine: string }
  /** Once all has come to rest, a gateway is replaced by an empty one of the same name. */
  | { readonly kind: 'replace'; readonly agent: string }
  /** Once all has come to rest, a gateway is taken away for good, and an operator says so. */
  | { readonly kind: 'retire'; readonly agent: string }
  /** Once all has come to rest, a gateway is taken away, and another one is given its series. */
  | { readonly kind: 'hand-over'; readonly agent: string; readonly to: string }
  /** Once all has come to rest, frames of a gateway that the server has heard of don't come, at first or for good. */
  | {
      readonly kind: 'hold-back';
      readonly agent: string;
      readonly outcome: HeldOutcome;
    }
  /** Once all has come to rest, a metric is declared otherwise: at server and agents at once, or at one side for a while alone. */
  | {
      readonly kind: 'redeclare';
      readonly metric: string;
      readonly declared: PlannedMetric;
      readonly first?: 'both' | 'agents' | 'server';
    }
  /** Once all has come to rest, a gateway is sent readings of a series, by its number, that another one owns. */
  | { readonly kind: 'foreign'; readonly agent: string; readonly series: number }
  /** Once all has come to rest, a metric is declared to mean something else, at the server or at one agent, by mistake. */
  | {
      readonly kind: 'mistake';
      readonly metric: string;
      readonly change: Partial<Pick<PlannedMetric, 'unit' | 'decimals' | 'kind'>>;
      /** The agent; left out: the server. */
      readonly by?: string;
    }
  /** Once all has come to rest, a person says that nothing more is expected of a series, by its number. */
  | { readonly kind: 'end-series'; readonly series: number; readonly restarts?: boolean }
  /** A view that there was not is declared in the server's configuration, which is started again with it, on a slow disk. */
  | { readonly kind: 'new-view'; readonly view: string; readonly definition: PlannedView }
  /** The folder in which a process keeps what it has is taken away from under it, and put back later. */
  | { readonly kind: 'lose-folder'; readonly machine: string; readonly forMs: number }
  /** The server's log, or that and its archive, is as it was a while ago, and nothing else is. */
  | { readonly kind: 'restore-log'; readonly ageMs: number; readonly archiveToo: boolean }
  | { readonly kind: 'slow-disk'; readonly machine: string; readonly forMs: number; readonly slowness: number }
  /** A row of the file that a device writes beside an agent is corrected while the agent is down. */
  | { readonly kind: 'rewrite'; readonly agent: string; readonly downMs: number; readonly inPlace: boolean }
  /** The file that a device writes beside an agent gets another name, and a new one its own. */
  | { readonly kind: 'rotate'; readonly agent: string }
  | { readonly kind: 'power'; readonly machine: string; readonly downMs: number }
  | { readonly kind: 'cut'; readonly between: Pair; readonly forMs: number }
  | { readonly kind: 'reset'; readonly between: Pair }
  | { readonly kind: 'delay'; readonly between: Pair; readonly forMs: number; readonly delayMs: number }
  | { readonly kind: 'tear'; readonly between: Pair; readonly forMs: number }
  | {
      readonly kind: 'meddle';
      readonly agent: string;
      readonly forMs: number;
      readonly how: 'drop' | 'repeat' | 'swap';
    }
  | {
      readonly kind: 'disk-fails';
      readonly machine: string;
      readonly forMs: number;
      readonly code: 'ENOSPC' | 'EIO';
      readonly leaves: 'nothing' | 'half' | 'all';
    }
  /** The disk fails from one of the writes on that follow, of whatever kind. */
  | {
      readonly kind: 'fail-write';
      readonly machine: string;
      /** The how many-th, from 1. */
      readonly write: number;
      readonly forMs: number;
      readonly code: 'ENOSPC' | 'EIO';
      readonly leaves: 'nothing' | 'half' | 'all';
    }
  | { readonly kind: 'restore'; readonly machine: string; readonly ageMs: number }
  | { readonly kind: 'clock'; readonly machine: string; readonly byMs: number }
);

/** Bytes that come to a door, from someone who is no friend. */
export interface Attack {
  readonly what: string;
  /** The server's, or that of an agent's source. */
  readonly door: 'http' | 'mqtt' | 'source';
  readonly bytes: Uint8Array;
}

/** What becomes of frames that were held back; or nothing but births is, and what needs them has to wait. */
export type HeldOutcome = 'they come' | 'given up' | 'its disk is lost' | 'their birth comes late';

export type Pair = readonly [one: string, other: string];

export type StepKind = Step['kind'];

/** A world before it runs: the same plan and seed give the same world, event by event. */
export interface Plan {
  readonly seed: number;
  /** What exact clocks show at its start. */
  readonly startsAtMs: number;
  readonly setting: Setting;
  /** In the order of their times. */
  readonly steps: readonly Step[];
}

export const SERVER = 'server';

/** The machine of an agent, and the one that sends it readings. */
export function sensorOf(agent: string): string {
  return `sensor-of-${agent}`;
}
