import pino, { type Logger } from 'pino';
import { reasonOf, WeirError } from '#core/errors.ts';
import { type EdgeProcess, startEdgeProcess } from '../cast/edge-process.ts';
import { LoggerFile } from '../cast/logger-file.ts';
import { type Delivered, Sensor } from '../cast/sensor.ts';
import { HTTP_PORT, startServerProcess } from '../cast/server-process.ts';
import { type RunningProcess, Supervised } from '../cast/supervised.ts';
import { Watcher } from '../cast/watcher.ts';
import { readsFile } from '../cast/weir-config.ts';
import {
  type PlannedReading,
  type Plan,
  SERVER,
  sensorOf,
  type PlannedSeries,
  type Setting,
  type Step,
} from '../plan/plan.ts';
import type { DiskImage } from '../platform/disk.ts';
import type { Life } from '../platform/life.ts';
import { type LinkState, type Meddler, SOUND_LINK } from '../platform/network.ts';
import { Platform } from '../platform/platform.ts';
import { statsAsked } from '../truth/compare.ts';
import type { Redeclared } from '../truth/expected.ts';
import { Punctuality } from '../truth/punctual.ts';
import type { EventName } from './events.ts';
import { Trace } from './trace.ts';

/** How long after its disk is well again a process may still say that it failed. */
const EXCUSED_MS = 5_000;

/** Things that happen between two looks at what processes hold: a look takes some microseconds. */
const LOOKED_AT_EVERY = 8;

/** Until when a process may give up, what that is then called, and what an operator does about it. */
interface Excuse {
  readonly untilMs: number;
  readonly event: EventName;
  readonly remedy?: (reason: unknown) => void;
}

export interface ActiveLink {
  readonly step: Extract<Step, { kind: 'cut' | 'delay' | 'tear' }>;
  readonly untilMs: number;
}

function linkNow(links: readonly ActiveLink[], nowMs: number, one: string, other: string): LinkState {
  let link: LinkState = SOUND_LINK;
  for (const { step, untilMs } of links) {
    if (nowMs >= untilMs || !step.between.includes(one) || !step.between.includes(other)) continue;
    if (step.kind === 'cut') link = { ...link, isCut: true };
    else if (step.kind === 'tear') link = { ...link, tears: 0.5 };
    else link = { ...link, delayMs: [0.1, step.delayMs] };
  }
  return link;
}

/** How a server says that what it needs was taken away from under it. */
const GONE = /is damaged: it is missing|was removed or replaced|can't be used: ENOENT/;

/** Where the process of a machine keeps all that it has. */
export function folderOf(machine: string): string {
  return machine === SERVER ? '/data' : '/spool';
}

/** A promise was broken; the message says which. */
export class PromiseBroken extends Error {
  override readonly name = 'PromiseBroken';
}

/** One world: its machines, who lives on them, and what they have really done. */
export class World {
  readonly plan: Plan;
  readonly platform: Platform;
  readonly trace: Trace;
  readonly server: Supervised<RunningProcess>;
  readonly edges: ReadonlyMap<string, Supervised<EdgeProcess>>;
  readonly sensors: ReadonlyMap<string, Sensor>;
  /** The files that devices beside agents write, by agent. */
  readonly files = new Map<string, LoggerFile>();
  /** Those of the plan, and each once more whenever its agent has lost its memory, or another one has it. */
  readonly #series: PlannedSeries[];
  /** By the number of a series in the plan: which of them a reading that is taken now is of. */
  readonly #seriesNow: number[];
  readonly watchers: Watcher[] = [];
  /** The setting as the server is configured now. */
  setting: Setting;
  /** What agents are configured with where that differs. */
  readonly agentSettings = new Map<string, Setting>();
  /** What the agents have taken, in the order in which they said so. */
  readonly taken: PlannedReading[] = [];
  /** When every series sends its last reading, in ms since 1970. */
  closedMs = Number.NEGATIVE_INFINITY;
  /** Frames of intruders that hold what they say. */
  soundIntrusions = 0;
  /** Agents of which the server has refused frames. */
  readonly refused = new Set<string>();
  /** Agents that are known to have lost what the server will never get. */
  readonly lossy = new Set<string>();
  /** What was sent, taken or not. */
  readonly sent: PlannedReading[] = [];
  /** Links that are not sound, until when. */
  readonly links: ActiveLink[] = [];
  /** What stands between an agent and the server, for each new connection. */
  readonly meddlers = new Map<string, () => Meddler>();
  /** Disks as they were, for the steps that bring them back. */
  readonly images = new Map<Step, DiskImage>();
  /** How often the server's disk, or its log, was set back, when an image of it was kept, and by now. */
  readonly historyOf = new Map<Step, number>();
  history = 0;
  /** Until when a process may give up, and what that is then called. */
  readonly #excused = new Map<string, Excuse>();
  /** Agents that were taken away for good, and when their series had sent their last readings, in ms since 1970. */
  readonly retired = new Map<string, number>();
  redeclared: Redeclared | undefined;
  /** Series that nothing more is expected of, by their numbers, and from when on, in ms since 1970. */
  readonly endedMs = new Map<number, number>();
  /** What agents are sent that no server takes, and of whom it was sent. */
  readonly #inVain = new Map<PlannedReading, string>();
  /** Folders that were taken away from under a process, by machine. */
  readonly away = new Map<string, DiskImage>();
  /** Agents whose disks were set back once all had come to rest, and from which event time on what they had told is lost to them. */
  readonly setBack = new Map<string, number>();
  /** Every write of a machine whose writes are counted, in order. */
  readonly writes: string[] = [];
  readonly punctuality: Punctuality;
  /** How often each event happened. */
  readonly events = new Map<EventName, number>();
  /** The first promise that was broken. */
  broken: PromiseBroken | undefined;

  constructor(plan: Plan) {
    this.plan = plan;
    this.platform = new Platform(plan.seed, plan.startsAtMs);
    this.trace = new Trace(() => this.platform.scheduler.nowMs);
    const { network, scheduler } = this.platform;
    scheduler.onThrown = (life, error) => this.uncaught(life as Life, error);
    scheduler.onHappened = () => this.#lookAtBounds();
    network.linkOf = (one, other) => linkNow(this.links, scheduler.nowMs, one, other);
    network.meddlerOf = (from, to) => (to === SERVER ? this.meddlers.get(from)?.() : undefined);
    const { setting } = plan;
    this.setting = setting;
    this.#series = [...setting.series];
    if (setting.retention?.log === '1m') this.count('a log keeps what is archived for a while alone');
    if (Object.keys(setting.since ?? {}).length > 0) this.count('a series is expected from before it was heard of');
    this.#seriesNow = setting.series.map((_, series) => series);
    this.punctuality = new Punctuality(setting);
    this.server = this.#supervise(SERVER, (logger) => startServerProcess(this.setting, logger));
    this.edges = new Map(
      setting.agents.map((agent) => [
        agent,
        this.#supervise(agent, (logger) => startEdgeProcess(this.settingOf(agent), agent, logger)),
      ]),
    );
    for (const agent of setting.agents) {
      if (readsFile(setting, agent)) this.files.set(agent, new LoggerFile(this.platform.machine(agent), setting));
    }
    this.sensors = new Map(
      setting.agents.map((agent) => [
        agent,
        new Sensor(this.platform.machine(sensorOf(agent)), agent, setting, (delivered) => this.#took(agent, delivered)),
      ]),
    );
  }

  /** Hands readings over to an agent, each in its way. What is in a file counts as taken: it is there for good. */
  send(agent: string, readings: readonly PlannedReading[]): void {
    this.sent.push(...readings);
    this.punctuality.sends(agent, readings);
    const inFile = readings.filter(({ series }) => this.#series[this.seriesNow(series)]!.by === 'file');
    const byHttp = readings.filter((reading) => !inFile.includes(reading));
    if (byHttp.length > 0) this.sensors.get(agent)!.send(byHttp);
    if (inFile.length === 0) return;
    this.files.get(agent)!.write(inFile);
    this.taken.push(...inFile.map((one) => ({ ...one, series: this.seriesNow(one.series) })));
    this.count('a reading is written to a file that is followed');
  }

  /** Hands readings over to an agent that its server will refuse, and others with them. */
  sendInVain(agent: string, inVain: readonly PlannedReading[], others: readonly PlannedReading[]): void {
    for (const reading of inVain) this.#inVain.set(reading, agent);
    this.sent.push(...others);
    this.sensors.get(agent)!.send([...inVain, ...others]);
  }

  /** How many readings an agent was sent in vain. */
  inVainOf(agent: string): number {
    return [...this.#inVain.values()].filter((one) => one === agent).length;
  }

  /** What a file holds is read once more, in its order. */
  takeAgain(readings: readonly PlannedReading[]): void {
    this.sent.push(...readings);
    this.taken.push(...readings.map((one) => ({ ...one, series: this.seriesNow(one.series) })));
  }

  #took(agent: string, { readings: all, quarantined, attempts }: Delivered): void {
    const readings = all.filter((reading) => !this.#inVain.has(reading));
    for (const [index, reason] of quarantined)
      this.break(`agent ${agent} refused a good reading (${JSON.stringify(all[index])}): ${reason}`);
    if (attempts > 1) this.count('a request has to be sent again');
    this.taken.push(...readings.map((one) => ({ ...one, series: this.seriesNow(one.series) })));
    this.punctuality.takes(readings);
  }

  /**
   * An agent has lost its memory: what it measures from now on has no neighbours among what it measured before, as if
   * its series were others.
   */
  forget(agent: string): void {
    this.#beginAnew(agent, {});
  }

  /** Another agent has the series of this one, and nothing of what it remembers. */
  handOver(agent: string, to: string): void {
    this.#beginAnew(agent, { agent: to, by: 'http' });
  }

  #beginAnew(agent: string, otherwise: Partial<PlannedSeries>): void {
    for (const [series, now] of this.#seriesNow.entries()) {
      if (this.#series[now]!.agent !== agent) continue;
      this.#seriesNow[series] = this.#series.length;
      this.#series.push({ ...this.#series[now]!, ...otherwise });
    }
  }

  /** The series that readings were ever taken of. */
  get series(): readonly PlannedSeries[] {
    return this.#series;
  }

  /** Which of them a reading is of that is taken now, by the number of its series in the plan. */
  seriesNow(series: number): number {
    return this.#seriesNow[series]!;
  }

  settingOf(agent: string): Setting {
    return this.agentSettings.get(agent) ?? this.plan.setting;
  }

  /** A reader opens the stream of a view. */
  watch(name: string): void {
    const view = this.setting.views[name]!;
    const stats = statsAsked(this.setting.metrics[view.metric]!).split(',');
    const machine = this.platform.machine(`watcher-${this.watchers.length + 1}`);
    const watched = { host: SERVER, port: HTTP_PORT, view: name, window: view.slice, stats };
    this.trace.say(machine.name, `opens the stream of ${name}`);
    this.watchers.push(
      new Watcher(machine, watched, (what) => {
        if (!this.isOfLostFolder(what)) this.break(what);
      }),
    );
  }

  /** Whether a server says that what it needs was taken away from under it, where that was so. */
  isOfLostFolder(text: string): boolean {
    return this.events.has('a folder is removed while it is in use') && GONE.test(text);
  }

  count(event: EventName): void {
    this.events.set(event, (this.events.get(event) ?? 0) + 1);
  }

  /** What a process didn't catch, which would have ended it. */
  uncaught(life: Life, reason: unknown): void {
    if (life.ended) return;
    const words = reason instanceof Error ? reason.message : String(reason);
    this.trace.say(life.host.name, `dies of what it did not catch: ${words}`);
    this.break(`${life.host.name} did not catch: ${words}`);
  }

  /** Breaks where a process holds more of something than it says that it may. */
  #lookAtBounds(): void {
    if (this.platform.scheduler.happened % LOOKED_AT_EVERY !== 0) return;
    for (const { machine, process } of this.allSupervised) {
      for (const { of, held, max } of process?.fullness() ?? [])
        if (held > max) this.break(`${machine.name} holds ${held} of ${of}, and may hold ${max}`);
    }
  }

  break(what: string): void {
    this.broken ??= new PromiseBroken(what);
  }

  /** A process may give up until then, and somewhat later; it counts as that event. */
  excuse(machine: string, untilMs: number, event: EventName, remedy?: Excuse['remedy']): void {
    const excuse = { untilMs: untilMs + EXCUSED_MS, event };
    this.#excused.set(machine, remedy === undefined ? excuse : { ...excuse, remedy });
  }

  /** Puts back what was taken away from under a process of a machine, where something was. */
  putFolderBack(machine: string): void {
    const image = this.away.get(machine);
    if (image === undefined) return;
    this.away.delete(machine);
    this.trace.say(machine, 'its folder is put back');
    this.platform.machine(machine).disk.putBack(folderOf(machine), image);
  }

  /** Ends all faults. */
  heal(): void {
    for (const machine of this.away.keys()) this.supervised(machine).end('killed', 0);
    this.links.length = 0;
    this.meddlers.clear();
    for (const machine of this.platform.machines) {
      machine.disk.heal();
      machine.clockOffsetMs = 0;
    }
  }

  /** The process of a machine that a fault may strike. */
  supervised(machine: string): Supervised<RunningProcess> {
    const found: Supervised<RunningProcess> | undefined = machine === SERVER ? this.server : this.edges.get(machine);
    if (found === undefined) throw new Error(`the world has no machine ${machine}`);
    return found;
  }

  supervisedEdge(agent: string): Supervised<EdgeProcess> {
    return this.edges.get(agent)!;
  }

  get allSupervised(): readonly Supervised<RunningProcess>[] {
    return [this.server, ...this.edges.values()];
  }

  #supervise<P extends RunningProcess>(name: string, start: (logger: Logger) => Promise<P>): Supervised<P> {
    const machine = this.platform.machine(name);
    const logger = this.#logger(name);
    const begin = (): Promise<P> => {
      this.putFolderBack(name);
      return start(logger);
    };
    return new Supervised(machine, begin, {
      started: () => this.trace.say(name, 'runs'),
      endedBadly: (reason) => this.#hearSentence(name, 'ended with', reason),
      gaveUp: (reason) => {
        const words = this.#hearSentence(name, 'gave up', reason);
        const excuse = this.#excused.get(name);
        if (excuse !== undefined && this.platform.scheduler.nowMs < excuse.untilMs) {
          this.count(excuse.event);
          excuse.remedy?.(reason);
        } else this.break(`${name} ended by itself: ${words}`);
      },
    });
  }

  /** What a process says when it ends, which has to be meant for people. */
  #hearSentence(name: string, how: string, reason: unknown): string {
    const words = reasonOf(reason);
    this.trace.say(name, `${how}: ${words}`);
    if (!(reason instanceof WeirError)) this.break(`${name} ${how} what is no sentence for people: ${words}`);
    return words;
  }

  /** What a part says goes into the trace, from warnings on. */
  #logger(name: string): Logger {
    return pino(
      { level: 'warn', base: null, timestamp: false },
      {
        write: (line: string) => {
          const { msg, err, ...facts } = JSON.parse(line) as Record<string, unknown>;
          const reason = (err as { message?: string } | undefined)?.message;
          delete facts['level'];
          this.trace.say(
            name,
            `"${String(msg)}"${reason === undefined ? '' : ` (${reason})`} ${JSON.stringify(facts)}`,
          );
        },
      },
    );
  }
}
