import { BearerError, Status } from './error.js';
import { withCause } from './hooks.js';
import { call, plain } from './native.js';
import { onAbort } from './signal.js';
import { callOnThread, freeOnThread } from './threads.js';

/** One call of a client's, which a signal can end and a timeout limits: on a scope of its own where there is either. */
export class Task {
  #name;
  #handle;
  #scope = null;
  #session;
  #signal;
  #forgetSignal;

  constructor(name, { handle, session }, { signal, timeout } = {}) {
    signal?.throwIfAborted();
    this.#name = name;
    this.#handle = handle;
    this.#session = session;
    this.#signal = signal;
    if (!signal && timeout === undefined) return;
    this.#scope = call('bearer_client_scope', handle, timeout === undefined ? null : JSON.stringify({ timeout_s: timeout / 1000 }));
    this.#handle = this.#scope;
    const scope = this.#scope;
    this.#forgetSignal = onAbort(signal, () => plain.cancel(scope));
  }

  /** Makes the call, and ends the task. */
  async run(args) {
    try {
      return await this.on(this.#name, [this.#handle, ...args]);
    } finally {
      this.end();
    }
  }

  /** Makes the call; the task lives on, unless it fails. */
  async keep(args) {
    try {
      return await this.on(this.#name, [this.#handle, ...args]);
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** Makes any call whose failure is this task's. */
  async on(name, args) {
    try {
      return await callOnThread(name, args, this.#signal);
    } catch (error) {
      const isOurs = error instanceof BearerError && error.status === Status.CANCELLED && this.#signal?.aborted;
      throw isOurs ? this.#signal.reason : withCause(error);
    }
  }

  end() {
    if (this.#scope === null) return;
    this.#forgetSignal();
    const scope = this.#scope;
    this.#scope = null;
    // Of a client that was closed meanwhile this may be the last handle, whose free may block.
    if (this.#session.isClosed) freeOnThread(scope).catch(() => {});
    else plain.clientFree(scope);
  }
}
