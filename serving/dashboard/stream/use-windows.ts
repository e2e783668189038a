import { useEffect, useRef, useState } from 'preact/hooks';
import type { Subscription } from './message.ts';
import { type Connection, type Socket, StreamClient, type StreamHost } from './stream-client.ts';
import { applyMessage, NO_WINDOWS, type WindowsState } from './windows-state.ts';

/** Changes are shown at most this often: the server tells them as often, and nobody reads faster. */
const SHOW_EVERY_MS = 250;

export interface Windows {
  readonly connection: Connection;
  readonly windows: WindowsState;
}

/**
 * The windows of a subscription as they are now. Without one it waits. `isAnswering` says whether the server answers
 * other questions; where it does not, the stream is not trusted either.
 */
export function useWindows(subscription: Subscription | undefined, spanMs: number, isAnswering: boolean): Windows {
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
    if (subscription === undefined) return;
    span.current = spanMs;
    newest.current = NO_WINDOWS;
    setWindows(NO_WINDOWS);
    client.current?.subscribe(subscription);
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
