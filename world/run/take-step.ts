import { type PlannedReading, SERVER, type Step, sensorOf } from '../plan/plan.ts';
import type { WriteFault } from '../platform/disk-fault.ts';
import { attack, intrude } from './attack.ts';
import { declareView } from './declare-view.ts';
import { takeOnFiles } from './lost-files.ts';
import { meddlerWith } from './meddle.ts';
import { askDuring } from './reader.ts';
import type { World } from './world.ts';

/** Lets a step of the plan happen. */
export function take(world: World, step: Step): void {
  switch (step.kind) {
    case 'send':
      send(world, step.agent, step.readings);
      return;
    case 'send-broken':
      sendBroken(world, step);
      return;
    case 'watch':
      world.watch(step.view);
      return;
    case 'stall':
      if (world.watchers.length > 0) world.count('a reader of a stream stalls');
      for (const watcher of world.watchers) watcher.stall(step.forMs);
      return;
    case 'rotate':
      world.files.get(step.agent)?.rotate(() => world.count('a file that is followed is rotated'));
      return;
    case 'replace':
    case 'retire':
    case 'hold-back':
    case 'hand-over':
    case 'redeclare':
    case 'foreign':
    case 'mistake':
    case 'end-series':
      // When all has come to rest.
      return;
    case 'attack':
      attack(world, step);
      return;
    case 'intrude':
      intrude(world, step);
      return;
    case 'redefine':
    case 'new-view':
    case 'resend':
      configureAnew(world, step);
      return;
    case 'rewrite':
    case 'lose-folder':
    case 'restore-log':
    case 'slow-disk':
      takeOnFiles(world, step);
      return;
    case 'ask':
    case 'batch':
    case 'verify':
    case 'rollback':
      askDuring(world, step);
      return;
    case 'kill':
    case 'kill-at-write':
    case 'restart':
    case 'power':
    case 'disk-fails':
    case 'fail-write':
    case 'restore':
    case 'clock':
      takeOnMachine(world, step);
      return;
    case 'cut':
    case 'reset':
    case 'delay':
    case 'tear':
    case 'meddle':
      takeOnNetwork(world, step);
      return;
  }
}

function send(world: World, agent: string, readings: readonly PlannedReading[]): void {
  countHabits(world, readings);
  world.trace.say(sensorOf(agent), `sends ${readings.length} readings`);
  world.send(agent, readings);
}

function sendBroken(world: World, { agent, what, item }: Extract<Step, { kind: 'send-broken' }>): void {
  world.trace.say(sensorOf(agent), `sends ${what}`);
  world.count('something is sent that is no reading');
  world.sensors.get(agent)!.sendBroken(item);
}

function configureAnew(world: World, step: Extract<Step, { kind: 'redefine' | 'new-view' | 'resend' }>): void {
  switch (step.kind) {
    case 'redefine':
      world.trace.say(SERVER, `is configured anew: ${step.view} is ${JSON.stringify(step.definition)}`);
      world.count('a view is declared anew');
      world.setting = { ...world.setting, views: { ...world.setting.views, [step.view]: step.definition } };
      world.server.restart();
      return;
    case 'new-view':
      return declareView(world, step);
    case 'resend':
      return resend(world, step);
  }
}

function resend(world: World, { agent, metric, send: policy }: Extract<Step, { kind: 'resend' }>): void {
  world.trace.say(agent, `is configured anew: it sends ${metric} as ${policy}`);
  world.count('an agent is told to send otherwise');
  const { metrics } = world.settingOf(agent);
  world.agentSettings.set(agent, {
    ...world.settingOf(agent),
    metrics: { ...metrics, [metric]: { ...metrics[metric]!, send: policy } },
  });
  world.supervised(agent).restart();
}

/** Counts what is unusual about readings, beside those that were sent before. */
function countHabits(world: World, readings: readonly PlannedReading[]): void {
  for (const [i, { series, timeMs, value }] of readings.entries()) {
    const before = [...world.sent, ...readings.slice(0, i)].filter((one) => one.series === series);
    const same = before.findLast((one) => one.timeMs === timeMs);
    if (same !== undefined) world.count(same.value === value ? 'a reading is repeated' : 'a reading is amended');
    else if (before.some((one) => one.timeMs > timeMs)) world.count('a reading is late');
    if (timeMs >= world.plan.startsAtMs - DAY_MS) continue;
    world.count('a reading is days old');
    if (world.setting.retention?.log !== 'forever') world.count('a reading is older than all that a log keeps');
  }
}

const DAY_MS = 86_400_000;

type MachineStep = Extract<
  Step,
  { kind: 'kill' | 'kill-at-write' | 'restart' | 'power' | 'disk-fails' | 'fail-write' | 'restore' | 'clock' }
>;

function takeOnMachine(world: World, step: MachineStep): void {
  const supervised = world.supervised(step.machine);
  const { machine } = supervised;
  const say = (what: string): void => world.trace.say(step.machine, what);
  switch (step.kind) {
    case 'kill':
      if (machine.life === undefined) return;
      say('is killed');
      world.count('a process is killed');
      supervised.end('killed', step.downMs);
      return;
    case 'kill-at-write':
      killAtWrite(world, step);
      return;
    case 'restart':
      if (!supervised.isUp) return;
      say('is stopped in order and started again');
      world.count('a process is stopped in order');
      supervised.restart();
      return;
    case 'power':
      say(`loses its power for ${step.downMs} ms`);
      world.count(machine.disk.hasUnsynced ? 'power is lost with writes that are not synced' : 'power is lost');
      supervised.end('power-lost', step.downMs);
      return;
    case 'disk-fails':
      failDisk(world, step);
      return;
    case 'fail-write':
      failWrite(world, step);
      return;
    case 'restore': {
      const image = world.images.get(step);
      // An agent's, when all has come to rest.
      if (image === undefined || step.machine !== SERVER) return;
      say(`gets its disk back as it was ${step.ageMs} ms ago`);
      world.count('a disk is restored to an older state');
      supervised.end('killed', 0);
      machine.disk.restore(image);
      world.history++;
      return;
    }
    case 'clock':
      say(`its clock jumps to ${step.byMs} ms off`);
      world.count(step.byMs < machine.clockOffsetMs ? 'a clock jumps back' : 'a clock jumps ahead');
      machine.clockOffsetMs = step.byMs;
      return;
  }
}

function killAtWrite(world: World, step: Extract<Step, { kind: 'kill-at-write' }>): void {
  const supervised = world.supervised(step.machine);
  const { disk, scheduler } = supervised.machine;
  let left = step.write;
  disk.arm(({ what }): WriteFault | undefined => {
    if (--left > 0) return undefined;
    if (left < 0) return undefined;
    world.trace.say(step.machine, `is killed ${step.when} it writes (${what})`);
    world.count(
      step.when === 'before'
        ? 'a process is killed before a durable write'
        : 'a process is killed after a durable write',
    );
    scheduler.after(0, undefined, () => supervised.end('killed', step.downMs));
    return { kind: 'kills', when: step.when };
  });
}

function failDisk(world: World, step: Extract<Step, { kind: 'disk-fails' }>): void {
  const { disk, scheduler } = world.supervised(step.machine).machine;
  const { code, leaves, forMs } = step;
  const untilMs = scheduler.nowMs + forMs;
  world.trace.say(step.machine, `its disk fails with ${code} for ${forMs} ms (a failed write leaves ${leaves})`);
  world.excuse(step.machine, untilMs, 'a process gives up because its disk fails');
  disk.failing = () => {
    if (scheduler.nowMs >= untilMs) return undefined;
    world.count(code === 'ENOSPC' ? 'a write finds no space' : 'a write fails');
    return { kind: 'fails', code, leaves };
  };
}

function failWrite(world: World, step: Extract<Step, { kind: 'fail-write' }>): void {
  const supervised = world.supervised(step.machine);
  const { disk, scheduler } = supervised.machine;
  const { write, forMs, code, leaves } = step;
  let left = write;
  let untilMs: number | undefined;
  disk.failing = (what) => {
    if (what !== undefined) {
      world.writes.push(what);
      if (--left === 0) {
        untilMs = scheduler.nowMs + forMs;
        world.trace.say(step.machine, `its disk fails with ${code} for ${forMs} ms, from this on: ${what}`);
        // Who can't write while it starts may say so and end; who runs has to stay.
        if (!supervised.isUp) world.excuse(step.machine, untilMs, 'a process gives up because its disk fails');
      }
    }
    if (untilMs === undefined || scheduler.nowMs >= untilMs) return undefined;
    if (what !== undefined) world.count(code === 'ENOSPC' ? 'a write finds no space' : 'a write fails');
    return { kind: 'fails', code, leaves };
  };
}

type NetworkStep = Extract<Step, { kind: 'cut' | 'reset' | 'delay' | 'tear' | 'meddle' }>;

function takeOnNetwork(world: World, step: NetworkStep): void {
  const { network, scheduler } = world.platform;
  const say = (what: string): void => world.trace.say('network', what);
  switch (step.kind) {
    case 'reset': {
      const [one, other] = step.between;
      const count = network.reset(one, other);
      if (count === 0) return;
      say(`${count} connections between ${one} and ${other} are reset`);
      world.count('a connection is cut');
      return;
    }
    case 'meddle':
      say(`a box between ${step.agent} and ${SERVER} begins to ${step.how} messages, for ${step.forMs} ms`);
      world.meddlers.set(step.agent, meddlerWith(world, step, scheduler.nowMs + step.forMs));
      network.reset(step.agent, SERVER);
      return;
    case 'cut':
    case 'delay':
    case 'tear': {
      const [one, other] = step.between;
      const what =
        step.kind === 'cut'
          ? 'is cut'
          : step.kind === 'delay'
            ? `is slow (${step.delayMs} ms)`
            : 'gives data in pieces';
      say(`the link between ${one} and ${other} ${what} for ${step.forMs} ms`);
      world.count(
        step.kind === 'cut'
          ? 'a link is cut for a time'
          : step.kind === 'delay'
            ? 'a link is slow'
            : 'data come in pieces',
      );
      world.links.push({ step, untilMs: scheduler.nowMs + step.forMs });
      return;
    }
  }
}
