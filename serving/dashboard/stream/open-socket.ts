import type { Socket, StreamHost } from './stream-client.ts';

/** The browser as a host of the stream; `path` is relative to the page. */
export function openSocket(path: string): StreamHost {
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
