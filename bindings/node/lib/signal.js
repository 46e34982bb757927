import { setMaxListeners } from 'node:events';

/** Calls a function when a signal, if there is one, is aborted; gives what ends that. */
export function onAbort(signal, fn) {
  if (!signal) return () => {};
  // One signal for any number of calls is no leak: each takes its listener away.
  setMaxListeners(0, signal);
  signal.addEventListener('abort', fn);
  return () => signal.removeEventListener('abort', fn);
}
