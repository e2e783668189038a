import { createRequire, registerHooks, syncBuiltinESMExports } from 'node:module';
import { Draws } from './draws.ts';
import { simulatedFiles, simulatedSynchronousFiles } from './file-system.ts';
import { Level } from './level.ts';
import { Life } from './life.ts';
import { machineOf } from './machine.ts';
import { FIRST_DESCRIPTOR } from './open-files.ts';
import { VirtualTimer } from './virtual-timer.ts';

type Callback = (...args: readonly unknown[]) => void;
type AnyFunction = (...args: never[]) => unknown;

const require = createRequire(import.meta.url);

let installed = false;

/**
 * Puts the world's sockets, disks, timers, clocks and randomness in the place of Node's own, for code that runs in a
 * {@link Life}; all other code keeps Node's. So the parts, and the libraries that they stand on, run as they are, and no
 * seam of theirs is left out of the test.
 *
 * It has to be called before any of them is loaded: libraries keep what they find in a module when they are loaded.
 */
export function installPlatform(): void {
  if (installed) return;
  installed = true;
  replaceTimers();
  replaceClocks();
  replaceRandomness();
  replaceFinalizers();
  replaceFiles();
  replaceSockets();
  replaceHttpServers();
  replaceDatabase();
  replaceProcesses();
  syncBuiltinESMExports();
}

/** Calls `inLife` with the calling life where there is one, else what was there before. */
function routed<F extends AnyFunction>(before: F, inLife: (life: Life, ...args: Parameters<F>) => unknown): F {
  const route = function (this: unknown, ...args: Parameters<F>): unknown {
    const life = Life.current;
    return life === undefined ? before.apply(this, args) : inLife(life, ...args);
  };
  // Node hangs further functions on some of its own (`util.promisify.custom`).
  return Object.assign(route, Object.fromEntries(Object.entries(before))) as unknown as F;
}

function replaceTimers(): void {
  const timers = require('node:timers') as Record<string, AnyFunction>;
  const later =
    (repeats: boolean) =>
    (life: Life, callback: Callback, delayMs?: number, ...args: unknown[]): VirtualTimer =>
      new VirtualTimer(life, delayMs ?? 0, repeats, () => callback(...args));
  const soon = (life: Life, callback: Callback, ...args: unknown[]): VirtualTimer =>
    new VirtualTimer(life, 0, false, () => callback(...args));
  const clear =
    (before: AnyFunction) =>
    (timer: unknown): void => {
      if (timer instanceof VirtualTimer) timer.close();
      else before(timer as never);
    };
  const replaced: Record<string, unknown> = {
    setTimeout: routed(globalThis.setTimeout as unknown as AnyFunction, later(false) as never),
    setInterval: routed(globalThis.setInterval as unknown as AnyFunction, later(true) as never),
    setImmediate: routed(globalThis.setImmediate as unknown as AnyFunction, soon as never),
    clearTimeout: clear(globalThis.clearTimeout as unknown as AnyFunction),
    clearInterval: clear(globalThis.clearInterval as unknown as AnyFunction),
    clearImmediate: clear(globalThis.clearImmediate as unknown as AnyFunction),
  };
  for (const [name, value] of Object.entries(replaced)) {
    (globalThis as Record<string, unknown>)[name] = value;
    timers[name] = value as AnyFunction;
  }
  const promised = require('node:timers/promises') as Record<string, AnyFunction>;
  promised['setTimeout'] = routed(promised['setTimeout']!, ((
    life: Life,
    delayMs: number,
    value: unknown,
    options?: { readonly signal?: AbortSignal },
  ) => pause(life, delayMs, value, options?.signal)) as never);
  promised['setImmediate'] = routed(promised['setImmediate']!, ((
    life: Life,
    value: unknown,
    options?: { readonly signal?: AbortSignal },
  ) => pause(life, 0, value, options?.signal)) as never);
  replaceSignals();
}

function replaceSignals(): void {
  AbortSignal.timeout = routed(AbortSignal.timeout.bind(AbortSignal), (life, delayMs) => {
    const controller = new AbortController();
    new VirtualTimer(life, delayMs, false, () =>
      controller.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError')),
    );
    return controller.signal;
  });
  const anyOf = AbortSignal.any.bind(AbortSignal);
  AbortSignal.any = routed(anyOf, (life, signals) => heldBy(life, anyOf(signals)));
}

/** Node holds a signal of several, and all that its listeners know, until one of them aborts or nobody listens any more. */
function heldBy(life: Life, signal: AbortSignal): AbortSignal {
  const add = signal.addEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<AbortSignal['addEventListener']>): void => {
    add(...args);
    life.onEnd(() => signal.removeEventListener(...args));
  };
  return signal;
}

function pause(life: Life, delayMs: number, value: unknown, signal: AbortSignal | undefined): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      timer.close();
      reject(new DOMException('The operation was aborted', 'AbortError'));
    };
    const timer = new VirtualTimer(life, delayMs, false, () => {
      signal?.removeEventListener('abort', abort);
      resolve(value);
    });
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

function replaceClocks(): void {
  const RealDate = globalThis.Date;
  // A function and not a class: what is called without `new` gives the time as text.
  const WorldDate = function (this: unknown, ...args: unknown[]): unknown {
    if (new.target === undefined) return new RealDate(WorldDate.now()).toString();
    const life = Life.current;
    const given = args.length === 0 && life !== undefined ? [life.host.clockMs] : args;
    return Reflect.construct(RealDate, given, new.target === (WorldDate as unknown) ? RealDate : new.target);
  } as unknown as DateConstructor;
  Object.defineProperties(WorldDate, {
    prototype: { value: RealDate.prototype },
    now: { value: () => Life.current?.host.clockMs ?? RealDate.now() },
    parse: { value: RealDate.parse },
    UTC: { value: RealDate.UTC },
  });
  globalThis.Date = WorldDate;
  const { performance } = globalThis;
  performance.now = routed(
    performance.now.bind(performance),
    (life) => life.host.scheduler.nowMs + PROCESS_AGE_MS,
  ) as () => number;
}

/** `performance.now` of a process that has been there for a while: never 0, which some take for "not yet". */
const PROCESS_AGE_MS = 1_000;

function replaceRandomness(): void {
  const draws = new WeakMap<Life, Draws>();
  const drawsOf = (life: Life): Draws => {
    let one = draws.get(life);
    if (one === undefined) draws.set(life, (one = new Draws(life.host.seed, `life ${life.name}`)));
    return one;
  };
  Math.random = routed(Math.random, (life) => drawsOf(life).unit()) as () => number;
  const crypto = require('node:crypto') as Record<string, AnyFunction>;
  crypto['randomUUID'] = routed(crypto['randomUUID']!, (life) => {
    const hex = Buffer.from(drawsOf(life).bytes(16)).toString('hex');
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  });
  crypto['randomBytes'] = routed(crypto['randomBytes']!, ((life: Life, size: number, callback?: Callback) => {
    const bytes = Buffer.from(drawsOf(life).bytes(size));
    if (callback === undefined) return bytes;
    process.nextTick(callback, null, bytes);
    return undefined;
  }) as never);
}

/** Processes of their own would run by Node's clock, and while they do the world's doesn't wait: there is none to be had. */
function replaceProcesses(): void {
  const os = require('node:os') as Record<string, AnyFunction>;
  os['availableParallelism'] = routed(os['availableParallelism']!, (() => 0) as never);
}

/** When memory is collected depends on the machine, so nothing of a world hears of it. */
function replaceFinalizers(): void {
  globalThis.FinalizationRegistry = class {
    readonly [Symbol.toStringTag] = 'FinalizationRegistry';
    register(): void {}
    unregister(): boolean {
      return false;
    }
  };
}

function replaceFiles(): void {
  replaceModule('node:fs/promises', simulatedFiles);
  replaceModule('node:fs', simulatedSynchronousFiles);
}

/** Functions of a module that a life may call as they are, because they touch no disk. */
const HARMLESS = new Set(['createReadStream', 'createWriteStream']);

/** In a life, only what is simulated can be called: nothing of a world reaches the real disk. */
function replaceModule(name: string, simulated: Readonly<Record<string, unknown>>): void {
  const module = require(name) as Record<string, unknown>;
  for (const [key, value] of Object.entries(module)) {
    if (typeof value !== 'function' || /^[A-Z_]/.test(key) || HARMLESS.has(key)) continue;
    const stand = simulated[key] as AnyFunction | undefined;
    module[key] = routed(
      value as AnyFunction,
      ((_life: Life, ...args: never[]) => {
        // The process's own: standard output and error.
        if (typeof args[0] === 'number' && args[0] < FIRST_DESCRIPTOR) return (value as AnyFunction)(...args);
        if (stand === undefined) throw new Error(`the simulated disk has no ${name} ${key}`);
        return stand.apply(simulated, args);
      }) as never,
    );
  }
}

function replaceSockets(): void {
  const net = require('node:net') as Record<string, AnyFunction>;
  const { prototype } = net['Server'] as unknown as { prototype: Record<string, AnyFunction> };
  const ports = new WeakMap<object, number>();
  replaceMethod(prototype, 'listen', (life, server, args) => {
    const { port, callback } = listenArguments(args);
    const emit = (name: string, ...values: unknown[]): void =>
      machineOf(life).network.after(0, life, () => void (server as NodeJS.EventEmitter).emit(name, ...values));
    if (callback !== undefined) (server as NodeJS.EventEmitter).once('listening', callback);
    try {
      ports.set(server, machineOf(life).network.bind(server as never, port));
      emit('listening');
    } catch (error) {
      emit('error', error);
    }
    return server;
  });
  replaceMethod(prototype, 'address', (_life, server) => {
    const port = ports.get(server);
    return port === undefined ? null : { address: '127.0.0.1', family: 'IPv4', port };
  });
  replaceMethod(prototype, 'close', (life, server, [callback]) => {
    if (typeof callback === 'function') (server as NodeJS.EventEmitter).once('close', callback as Callback);
    machineOf(life).network.unbind(server as never);
    closeWhenEmpty(life, server);
    return server;
  });
  const dial = (life: Life, ...args: unknown[]): unknown => {
    const [first, second] = args;
    const { host, port } =
      typeof first === 'object' && first !== null
        ? (first as { host?: string; port: number })
        : { port: first as number, host: typeof second === 'string' ? second : undefined };
    return machineOf(life).network.dial(host ?? life.host.name, Number(port));
  };
  for (const name of ['connect', 'createConnection']) net[name] = routed(net[name]!, dial as never);
}

/**
 * HTTP servers look for requests that take too long by Node's own clock, which nothing of ours can stand in for: they
 * don't look, so that what a world does never depends on how fast it runs.
 */
function replaceHttpServers(): void {
  const http = require('node:http') as Record<string, AnyFunction>;
  const before = http['createServer']!;
  http['createServer'] = routed(before, ((_life: Life, ...args: readonly unknown[]) => {
    const given = args.find((one) => typeof one === 'object' && one !== null) ?? {};
    const listener = args.find((one) => typeof one === 'function');
    return before({ ...given, connectionsCheckingInterval: NEVER_MS } as never, listener as never);
  }) as never);
}

/** The longest that a timer of Node's can be set to. */
const NEVER_MS = 2 ** 31 - 1;

function replaceMethod(
  prototype: Record<string, AnyFunction>,
  name: string,
  inLife: (life: Life, self: object, args: readonly unknown[]) => unknown,
): void {
  const before = prototype[name]!;
  prototype[name] = function (this: object, ...args: never[]): unknown {
    const life = Life.current;
    return life === undefined ? before.apply(this, args) : inLife(life, this, args);
  } as AnyFunction;
}

/** `listen(port, host?, callback?)` or `listen({ port, host }, callback?)`. */
function listenArguments(args: readonly unknown[]): { port: number; callback: Callback | undefined } {
  const [first] = args;
  const port = typeof first === 'object' && first !== null ? (first as { port?: number }).port : (first as number);
  return { port: port ?? 0, callback: args.find((one) => typeof one === 'function') as Callback | undefined };
}

/** A server has closed when the last of its connections has. */
function closeWhenEmpty(life: Life, server: object): void {
  machineOf(life).network.whenNoneOf(server as never, () => void (server as NodeJS.EventEmitter).emit('close'));
}

/** Where the module that stands for `level` finds what it exports: Node loads it apart from the modules here. */
const SIMULATED_LEVEL = Symbol.for('weir.world.level');
const LEVEL_URL = 'weir-world:level';

/** The package `level` is native code with threads of its own; all that load it from now on get the simulated one. */
function replaceDatabase(): void {
  (globalThis as Record<symbol, unknown>)[SIMULATED_LEVEL] = Level;
  const source = `export const Level = globalThis[Symbol.for(${JSON.stringify(SIMULATED_LEVEL.description)})];`;
  registerHooks({
    resolve: (specifier, context, next) => {
      const resolved = next(specifier, context);
      return resolved.url.endsWith('/node_modules/level/index.js')
        ? { url: LEVEL_URL, format: 'module', shortCircuit: true }
        : resolved;
    },
    load: (url, context, next) =>
      url === LEVEL_URL ? { format: 'module', source, shortCircuit: true } : next(url, context),
  });
}
