import { ask } from '../cast/ask.ts';
import { HTTP_PORT } from '../cast/server-process.ts';
import { SERVER, type Step } from '../plan/plan.ts';
import { countOf, readAnswer } from '../truth/answer.ts';
import type { World } from './world.ts';

type Request = Extract<Step, { kind: 'ask' | 'batch' | 'verify' | 'rollback' }>;

const ANSWER_TIMEOUT_MS = 30_000;
const DAY_MS = 86_400_000;

/** Asks something of the server while the world goes on. It may not answer now, but it never answers wrongly. */
export function askDuring(world: World, step: Request): void {
  const { method, path, body } = requestOf(world, step);
  world.trace.say('reader', `asks ${method} ${path}`);
  const reader = world.platform.machine('reader');
  ask(reader, { host: SERVER, port: HTTP_PORT, method, path, timeoutMs: ANSWER_TIMEOUT_MS, body: body ?? '' }).then(
    ({ status, text }) => {
      if (status === 500 && !text.includes('no earlier result'))
        world.break(`${method} ${path} is answered 500: ${text}`);
      if (status === 200) judge(world, step, text);
    },
    () => world.count(step.kind === 'batch' ? 'a batch run is interrupted' : 'a question is not answered'),
  );
}

function judge(world: World, step: Request, text: string): void {
  switch (step.kind) {
    case 'ask':
      world.count('a question is answered');
      checkBounds(world, step.view, text);
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

function requestOf(world: World, step: Request): { method: 'GET' | 'POST'; path: string; body?: string } {
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
  const { series } = world.plan.setting;
  const { metric } = world.setting.views[name]!;
  for (const window of readAnswer(text).windows) {
    const tags = Object.entries(window.tags);
    const [startMs, endMs] = [Date.parse(window.start), Date.parse(window.end)];
    const sent = new Set<string>();
    for (const reading of world.sent) {
      const of = series[reading.series]!;
      if (of.metric !== metric || !tags.every(([tag, value]) => (of.tags[tag] ?? '') === value)) continue;
      if (reading.timeMs >= startMs && reading.timeMs < endMs) sent.add(`${reading.series}/${reading.timeMs}`);
    }
    const count = countOf(window);
    if (count > sent.size)
      world.break(`view ${name} counts ${count} readings at ${window.start}, but only ${sent.size} were sent`);
  }
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
