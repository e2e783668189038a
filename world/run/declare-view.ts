import { ask } from '../cast/ask.ts';
import { HTTP_PORT } from '../cast/server-process.ts';
import { SERVER, type Step } from '../plan/plan.ts';
import { readAnswer } from '../truth/answer.ts';
import { checkFinal, requestOf } from './reader.ts';
import type { World } from './world.ts';

/** How much slower its disk is while a server folds a new view, and for how long. */
const SLOWNESS = 50;
const SLOW_MS = 8_000;
const LOOK_MS = 50;
const ANSWER_TIMEOUT_MS = 5_000;

/**
 * A view that there was not is declared, and the server started again with it, on a disk that is so slow that folding takes a
 * while. Until it has caught up it may answer, but with nothing that it calls complete or final.
 */
export function declareView(world: World, { view, definition }: Extract<Step, { kind: 'new-view' }>): void {
  const { setting, server } = world;
  const { disk, scheduler } = server.machine;
  if (setting.views[view] !== undefined || !server.isUp) return;
  world.trace.say(SERVER, `is configured anew: there is a view ${view}, ${JSON.stringify(definition)}`);
  world.count('a view is declared while the world goes on');
  world.setting = { ...setting, views: { ...setting.views, [view]: definition } };
  disk.slowness = SLOWNESS;
  server.restart();
  const untilMs = scheduler.nowMs + SLOW_MS;
  const look = (): void => {
    if (scheduler.nowMs >= untilMs) {
      disk.slowness = 1;
      return;
    }
    lookAt(world, view);
    scheduler.after(LOOK_MS, undefined, look);
  };
  look();
}

function lookAt(world: World, view: string): void {
  const punctual = world.punctuality.taken;
  const { method, path } = requestOf(world, { kind: 'ask', atMs: 0, view });
  const reader = world.platform.machine('reader');
  ask(reader, { host: SERVER, port: HTTP_PORT, method, path, timeoutMs: ANSWER_TIMEOUT_MS }).then(
    ({ status, text }) => {
      if (status !== 200) return;
      checkFinal(world, view, text, punctual);
      const answer = readAnswer(text);
      if (answer.provisional !== true) return;
      world.count('a view answers while it is folded');
      for (const { start, final, completeness } of answer.windows)
        if (final || Number(completeness) === 1)
          world.break(`view ${view} says that the window of ${start} is settled, though it is still folded`);
    },
    () => undefined,
  );
}
