import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useAsked } from '../api/ask.ts';
import type { Period } from '../choice/spans.ts';
import { readAnswer, type Subscription, windowsPath } from './message.ts';
import { type Connection, type Socket, StreamClient, type StreamHost } from './stream-client.ts';
import { applyMessage, NO_WINDOWS, type WindowsState } from './windows-state.ts';

/** Changes are shown at most this often: the server tells them as often, and nobody reads faster. */
const SHOW_EVERY_MS = 250;
/** What is past changes seldom: by late readings, and corrections. */
const ANSWER_EVERY_MS = 30_000;

export interface Windows {
  readonly connection: Connection;
  readonly windows: WindowsState;
}

/**
 * The windows of a question as they are now: of a period as the server answers them, else as they come by the stream. Without
 * a question it waits. `isAnswering` says whether the server answers other questions; where it does not, the stream is not
 * trusted either.
 */
export function useWindows(
  question: Subscription | undefined,
  period: Period | undefined,
  spanMs: number,
  isAnswering: boolean,
): Windows {
  const streamed = useStreamed(period === undefined ? question : undefined, spanMs, isAnswering);
  const answered = useAnswered(
    question === undefined || period === undefined ? undefined : windowsPath(question, period),
  );
  return period === undefined ? streamed : answered;
}

/** The windows that the server answers at a path. */
function useAnswered(path: string | undefined): Windows {
  const { answer, refusal, awaySinceMs: sinceMs } = useAsked(path, readAnswer, ANSWER_EVERY_MS);
  const windows = useMemo(() => {
    const state = answer === undefined ? NO_WINDOWS : applyMessage(NO_WINDOWS, answer, Number.POSITIVE_INFINITY, 0);
    return { ...state, problem: refusal };
  }, [answer, refusal]);
  if (sinceMs !== undefined) return { connection: { kind: 'away', retryAtMs: sinceMs, sinceMs }, windows };
  const isAsked = answer !== undefined || refusal !== undefined;
  return { connection: { kind: isAsked ? 'live' : 'connecting' }, windows };
}

function useStreamed(subscription: Subscription | undefined, spanMs: number, isAnswering: boolean): Windows {
  const [connection, setConnection] = useState<Connection>({ kind: 'connecting' });
  const [windows, setWindows] = useState<WindowsState>(NO_WINDOWS);
  const client = useRef<StreamClient | undefined>(undefined);
  const span = useRef(spanMs);
  const newest = useRef(NO_WINDOWS);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  useEffect(() => {
    const show = (): void => {
      timer.current = undefined;
      setWindows(newest.current);
    };
    const opened = new StreamClient(openSocket('api/v1/stream'), {
      connection: setConnection,
      message: (message) => {
        const isFirst = newest.current.position === undefined;
        newest.current = applyMessage(newest.current, message, span.current, Date.now());
        if (isFirst) show();
        else timer.current ??= setTimeout(show, SHOW_EVERY_MS);
      },
      strange: ({ message }) => {
        newest.current = { ...newest.current, problem: { title: 'Strange answer', detail: message, status: 500 } };
        show();
      },
    });
    client.current = opened;
    const retry = (): void => {
      if (!document.hidden) opened.retryNow();
    };
    addEventListener('online', retry);
    document.addEventListener('visibilitychange', retry);
    return () => {
      opened.stop();
      clearTimeout(timer.current);
      removeEventListener('online', retry);
      document.removeEventListener('visibilitychange', retry);
    };
  }, []);

  useEffect(() => {
    span.current = spanMs;
    newest.current = NO_WINDOWS;
    setWindows(NO_WINDOWS);
    if (subscription === undefined) client.current?.unsubscribe();
    else client.current?.subscribe(subscription);
  }, [subscription, spanMs]);

  useEffect(() => {
    if (!isAnswering) client.current?.doubt();
  }, [isAnswering]);

  return { connection, windows };
}

/** The browser as a host of the stream; `path` is relative to the page. */
function openSocket(path: string): StreamHost {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:';
  url.hash = '';
  url.search = '';
  return {
    open: () => asSocket(new WebSocket(url)),
    now: () => Date.now(),
    random: () => Math.random(),
    later: (action, delayMs) => {
      const timer = setTimeout(action, delayMs);
      return () => clearTimeout(timer);
    },
  };
}

function asSocket(socket: WebSocket): Socket {
  const adapted: Socket = {
    onopen: null,
    onmessage: null,
    onclose: null,
    send: (text) => socket.send(text),
    close: () => socket.close(),
  };
  socket.onopen = () => adapted.onopen?.();
  socket.onmessage = (event) => adapted.onmessage?.(event);
  // Every failure of a WebSocket ends in a close event (WHATWG WebSockets, 4); that is the one that is heard.
  socket.onclose = () => adapted.onclose?.();
  return adapted;
}
