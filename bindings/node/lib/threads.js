// The threads that calls wait on. koffi's own asynchronous calls take those of libuv's pool, of which a process has
// four: as many calls that wait for a hook would leave none for the file or the name lookup that the hook waits for.
import { AsyncLocalStorage } from 'node:async_hooks';
import { Worker } from 'node:worker_threads';
import { settled } from './native.js';
import { onAbort } from './signal.js';

/** How many threads calls may take at once, those that hooks make, and those that wait for a person, not counted. */
const LIMIT = 16;
/** How many are kept for later calls, and how long the others are. */
const KEPT = 2;
const REST_MS = 10_000;

/** What waits for a person takes none of these away for minutes. */
const IS_LONG = new Set(['bearer_device_wait', 'bearer_login_loopback']);

const idle = [];
const queue = [];
let busy = 0;

/** What the code that runs now was called from: hooks, the innermost first. */
export const hookStack = new AsyncLocalStorage();

class Thread {
  constructor() {
    // Nothing of the program's own command line is meant for this thread.
    this.worker = new Worker(new URL('worker.js', import.meta.url), {
      execArgv: [],
      name: 'bearer',
      // It makes little, and would not collect that before it is much.
      resourceLimits: { maxYoungGenerationSizeMb: 2 },
    });
    this.worker.unref();
    this.worker.on('message', (answer) => this.settle(answer));
    this.worker.on('error', (error) => this.settle({ thrown: error, isGone: true }));
    this.worker.on('exit', () => this.settle({ thrown: new Error('the thread of a call has ended'), isGone: true }));
  }

  run(job) {
    clearTimeout(this.timer);
    this.job = job;
    // A call that runs keeps the process alive; a thread that waits for the next does not.
    this.worker.ref();
    this.worker.postMessage({ name: job.name, args: job.args });
  }

  settle(answer) {
    const { job } = this;
    const at = idle.indexOf(this);
    if (answer.isGone && at >= 0) idle.splice(at, 1);
    if (!job) return;
    this.job = null;
    if (!job.isUncounted) busy -= 1;
    this.worker.unref();
    if (!answer.isGone) this.rest();
    if (answer.thrown) job.reject(answer.thrown);
    else job.resolve(answer);
    startNext();
  }

  rest() {
    idle.push(this);
    this.timer = setTimeout(() => {
      if (idle.length <= KEPT) return;
      idle.splice(idle.indexOf(this), 1);
      this.worker.terminate();
    }, REST_MS).unref();
  }
}

function start(job) {
  if (!job.isUncounted) busy += 1;
  job.forgetSignal();
  (idle.pop() ?? new Thread()).run(job);
}

function startNext() {
  while (busy < LIMIT && queue.length > 0) start(queue.shift());
}

/** Lets a thread start before it is needed. */
export function warmUp() {
  if (idle.length === 0 && busy === 0) idle.push(new Thread());
}

/**
 * Calls a function that blocks, on a thread of its own. `signal` takes a call that waits for a thread out of the queue;
 * one that runs ends by the cancel of its handle.
 */
export function callOnThread(name, args, signal) {
  return new Promise((resolve, reject) => {
    // What a hook asks for must not wait for the calls that wait for the hook.
    const isUncounted = hookStack.getStore()?.isRunning || IS_LONG.has(name);
    const job = { name, args, isUncounted, resolve, reject, forgetSignal: () => {} };
    if (isUncounted || busy < LIMIT) {
      start(job);
      return;
    }
    queue.push(job);
    job.forgetSignal = onAbort(signal, () => {
      queue.splice(queue.indexOf(job), 1);
      job.forgetSignal();
      reject(signal.reason);
    });
  }).then(settled);
}

/** Frees a client on a thread, for it may have a renewal to read to its end. */
export function freeOnThread(handle) {
  return callOnThread('free', [handle]);
}
