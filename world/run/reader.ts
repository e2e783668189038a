import { ask } from '../cast/ask.ts';
import { HTTP_PORT } from '../cast/server-process.ts';
import { type PlannedReading, SERVER, type Step } from '../plan/plan.ts';
import { countOf, readAnswer, type ToldWindow } from '../truth/answer.ts';
import { uncheckedOf } from '../truth/forgetful.ts';
import type { World } from './world.ts';

type Request = Extract<Step, { kind: 'ask' | 'batch' | 'verify' | 'rollback' }>;

const ANSWER_TIMEOUT_MS = 30_000;
const DAY_MS = 86_400_000;

/** Asks something of the server while the world goes on. It may not answer now, but it never answers wrongly. */
export function askDuring(world: World, step: Request): void {
  const { method, path, body } = requestOf(world, step);
  world.trace.say('reader', `asks ${method} ${path}`);
  const reader = world.platform.machine('reader');
  const punctual = world.punctuality.taken;
  ask(reader, { host: SERVER, port: HTTP_PORT, method, path, timeoutMs: ANSWER_TIMEOUT_MS, body: body ?? '' }).then(
    ({ status, text }) => {
      // What lies in a folder that was taken away is missing, and said to be.
      const isGone = world.isOfLostFolder(text);
      if (status === 500 && !text.includes('no earlier result') && !isGone)
        world.break(`${method} ${path} is answered 500: ${text}`);
      if (status !== 200 || text.includes('"problem"')) world.trace.say('reader', `is answered ${status}: ${text}`);
      if (/"problem":.*"status":500/.test(text) && !isGone)
        world.break(`${method} ${path} fails without saying why: ${text}`);
      if (status === 200) judge(world, step, text, punctual);
    },
    () => world.count(step.kind === 'batch' ? 'a batch run is interrupted' : 'a question is not answered'),
  );
}

function judge(world: World, step: Request, text: string, punctual: readonly PlannedReading[]): void {
  switch (step.kind) {
    case 'ask':
      world.count('a question is answered');
      // Which of its definitions a view is answered by while it is declared anew is not known here.
      if (world.setting.views[step.view] !== world.plan.setting.views[step.view]) return;
      checkBounds(world, step.view, text);
      checkFinal(world, step.view, text, punctual);
      return;
    case 'batch':
      if (resultOf(text) !== undefined) world.count('a batch run ends well');
      return;
    case 'verify':
      checkVerified(world, text);
      return;
    case 'rollback':
      world.count('a view is rolled back');
      return;
  }
}

/** The request of a step. */
export function requestOf(world: World, step: Request): { method: 'GET' | 'POST'; path: string; body?: string } {
  switch (step.kind) {
    case 'ask': {
      const from = new Date(world.plan.startsAtMs - 40 * DAY_MS).toISOString();
      const to = new Date(world.plan.startsAtMs + DAY_MS).toISOString();
      const { slice } = world.setting.views[step.view]!;
      return {
        method: 'GET',
        path: `/api/v1/views/${step.view}/windows?from=${from}&to=${to}&window=${slice}&stats=count`,
      };
    }
    case 'batch':
      return { method: 'POST', path: '/api/v1/batch', body: JSON.stringify({ full: step.full }) };
    case 'verify':
      return { method: 'POST', path: '/api/v1/verify' };
    case 'rollback':
      return { method: 'POST', path: `/api/v1/views/${step.view}/rollback` };
  }
}

/** No answer, at any time and whichever definition it is by, counts a reading that was not sent, or one twice. */
function checkBounds(world: World, name: string, text: string): void {
  for (const window of readAnswer(text).windows) {
    const atMost = within(world, name, window, world.sent) + uncheckedOf(window);
    const count = countOf(window);
    if (count > atMost)
      world.break(`view ${name} counts ${count} readings at ${window.start}, but only ${atMost} were sent`);
  }
}

/**
 * A final window has all readings that its agents had taken in time when it was asked for. Groups of several agents are
 * left out: a server can't miss an agent that it has never heard of.
 */
export function checkFinal(world: World, name: string, text: string, punctual: readonly PlannedReading[]): void {
  const { agents } = world.plan.setting;
  for (const window of readAnswer(text).windows) {
    if (!window.final || (agents.length > 1 && !('device' in window.tags))) continue;
    world.count('a final window is read while the world goes on');
    const atLeast = within(world, name, window, punctual);
    const count = countOf(window);
    if (count < atLeast)
      world.break(
        `view ${name} is final at ${window.start} with ${count} readings, but ${atLeast} had been taken in time`,
      );
  }
}

/** How many different readings of a list lie in a window. */
function within(world: World, name: string, window: ToldWindow, readings: readonly PlannedReading[]): number {
  const { series } = world.plan.setting;
  const { metric, where = {} } = world.setting.views[name]!;
  const [startMs, endMs] = [Date.parse(window.start), Date.parse(window.end)];
  const found = new Set<string>();
  for (const reading of readings) {
    const of = series[reading.series]!;
    const isAsked = Object.entries(where).every(([tag, values]) => values.includes(of.tags[tag] ?? ''));
    const isOfGroup = Object.entries(window.tags).every(([tag, value]) => (of.tags[tag] ?? '') === value);
    if (of.metric !== metric || !isOfGroup || !isAsked) continue;
    if (reading.timeMs >= startMs && reading.timeMs < endMs) found.add(`${reading.series}/${reading.timeMs}`);
  }
  return found.size;
}

function checkVerified(world: World, text: string): void {
  const result = resultOf(text) as { readonly different: number } | undefined;
  if (result === undefined) return;
  world.count('everything is verified while it runs');
  if (result.different !== 0) world.break(`verify says ${JSON.stringify(result)}`);
}

/** The result of an operation, which its last line tells; undefined where it has failed. */
function resultOf(text: string): unknown {
  return (JSON.parse(text.trimEnd().split('\n').at(-1)!) as { result?: unknown }).result;
}
