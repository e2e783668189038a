import { ask } from '../cast/ask.ts';
import { HTTP_PORT } from '../cast/server-process.ts';
import { SERVER, type Step } from '../plan/plan.ts';
import { folderOf, type World } from './world.ts';

/** How long what was under way when a folder went may still be acknowledged. */
const UNDER_WAY_MS = 500;
const LOOK_MS = 700;
const ANSWER_TIMEOUT_MS = 5_000;
/** How long a server is started again and again that finds an older log. */
const OLDER_LOG_MS = 60_000;

/** Lets a step happen that changes what lies on a disk, or how fast it is. */
export function takeOnFiles(
  world: World,
  step: Extract<Step, { kind: 'lose-folder' | 'restore-log' | 'slow-disk' | 'rewrite' }>,
): void {
  switch (step.kind) {
    case 'lose-folder':
      return loseFolder(world, step);
    case 'restore-log':
      return restoreLog(world, step);
    case 'slow-disk':
      return slowDisk(world, step);
    case 'rewrite':
      return rewriteFile(world, step);
  }
}

/**
 * Takes away the folder in which a process keeps what it has, for a while. Nothing is acknowledged that would go there, and a
 * server isn't ready. The process may give up; when it starts anew, the folder is there again.
 */
function loseFolder(world: World, { machine, forMs }: Extract<Step, { kind: 'lose-folder' }>): void {
  const supervised = world.supervised(machine);
  if (!supervised.isUp || world.away.has(machine)) return;
  const { disk, scheduler } = supervised.machine;
  const { life } = supervised.machine;
  world.trace.say(machine, `its folder is taken away for ${forMs} ms`);
  world.count('a folder is removed while it is in use');
  world.excuse(machine, scheduler.nowMs + forMs, 'a process gives up because its folder is gone');
  world.away.set(machine, disk.takeAway(folderOf(machine)));
  const isSame = (): boolean => world.away.has(machine) && supervised.machine.life === life;
  if (machine === SERVER) scheduler.after(UNDER_WAY_MS, undefined, () => watchReadiness(world, isSame));
  scheduler.after(forMs, undefined, () => {
    if (isSame()) supervised.end('killed', 0);
  });
}

interface Seen {
  readonly acknowledged: readonly number[];
}

/** As long as its folder is away the server says that it isn't ready, and acknowledges nothing. */
function watchReadiness(world: World, isSame: () => boolean, before?: Seen): void {
  if (!isSame()) return;
  const { scheduler } = world.platform;
  const look = async (): Promise<void> => {
    const [ready, status] = await Promise.all([replyTo(world, '/health/ready'), replyTo(world, '/api/v1/status')]);
    if (!isSame()) return;
    if (ready?.status === 200) world.break('the server says that it is ready, though its folder is gone');
    const seen = status?.status === 200 ? (JSON.parse(status.text) as Seen) : undefined;
    const [then, now] = [before, seen].map((one) => one?.acknowledged.join());
    if (then !== undefined && now !== undefined && then !== now)
      world.break(`the server acknowledges ${now}, after ${then}, though its folder is gone`);
    scheduler.after(LOOK_MS, undefined, () => watchReadiness(world, isSame, seen ?? before));
  };
  void look();
}

async function replyTo(
  world: World,
  path: string,
): Promise<{ readonly status: number; readonly text: string } | undefined> {
  const reader = world.platform.machine('reader');
  const request = { host: SERVER, port: HTTP_PORT, method: 'GET', path, timeoutMs: ANSWER_TIMEOUT_MS } as const;
  return ask(reader, request).catch(() => undefined);
}

/**
 * The server's log is set back, and nothing else of it: what the log lacks has to come back out of the archive. Where the archive
 * is set back with it, the server says that it has folded more than there is, and ends; an operator does what it says, and
 * takes away what was folded. Then agents have to send again what is lost.
 */
function restoreLog(world: World, step: Extract<Step, { kind: 'restore-log' }>): void {
  const image = world.images.get(step);
  const { disk, scheduler } = world.server.machine;
  // A log of before another set-back may hold other records, which the server refuses.
  const isOfPresent = world.historyOf.get(step) === world.history && image?.nodes.has(LOG) === true;
  if (!isOfPresent || world.away.has(SERVER)) return;
  world.history++;
  const what = step.archiveToo ? 'its log and its archive' : 'its log';
  world.trace.say(SERVER, `gets ${what} back as it was ${step.ageMs} ms ago`);
  world.count('a log alone is restored to an older state');
  world.excuse(SERVER, scheduler.nowMs + OLDER_LOG_MS, 'a process gives up because its disk fails', (reason) => {
    if (!OLDER.has((reason as { readonly kind: string }).kind)) return;
    world.trace.say('operator', 'takes away what was folded');
    world.count('what was folded is not in the log any more');
    disk.takeAway(FOLDED);
  });
  world.server.end('killed', 0);
  disk.putBack(LOG, image);
  if (step.archiveToo) disk.putBack(ARCHIVE, image);
}

/** How a server says that its log lacks what it has folded, or added up. */
const OLDER: ReadonlySet<string> = new Set(['log-not-continued', 'results-not-in-log']);

const LOG = '/data/log';
const ARCHIVE = '/data/archive';
const FOLDED = '/data/speed';

/** Everything that a disk does takes longer for a while. */
function slowDisk(world: World, { machine, forMs, slowness }: Extract<Step, { kind: 'slow-disk' }>): void {
  const { disk, scheduler } = world.platform.machine(machine);
  world.trace.say(machine, `its disk is ${slowness} times as slow for ${forMs} ms`);
  world.count('a disk is slow');
  disk.slowness = slowness;
  scheduler.after(forMs, undefined, () => (disk.slowness = 1));
}

/** A row of the file that an agent follows is corrected while the agent is down: all of the file counts again. */
function rewriteFile(world: World, { agent, downMs, inPlace }: Extract<Step, { kind: 'rewrite' }>): void {
  const file = world.files.get(agent);
  const supervised = world.supervised(agent);
  if (file === undefined || supervised.machine.life === undefined) return;
  supervised.end('killed', downMs);
  const readings = file.rewrite(inPlace);
  if (readings === undefined) return;
  world.trace.say(agent, `is killed, and a row of its file is corrected ${inPlace ? 'in place' : 'in a new file'}`);
  world.count('a file that is followed is written anew');
  world.takeAgain(readings);
}
