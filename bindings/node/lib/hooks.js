import koffi from 'koffi';
import { BearerError, Status, failure } from './error.js';
import { attempt, call, headers, plain } from './native.js';
import { hookStack } from './threads.js';

/**
 * What was registered, by the number that the library holds as user_data. One C function serves each kind of hook, so
 * the number of clients is not that of koffi's callbacks.
 */
const registered = new Map();
let lastId = 0n;

/** What hooks have thrown lately, by the words that the library hands on, so that a caller gets the very error. */
const thrown = new Map();
const REMEMBERED = 64;
const HOOK_REASONS = new Set(['hook', 'not_saved']);

function remember(message, error) {
  thrown.delete(message);
  thrown.set(message, error);
  if (thrown.size > REMEMBERED) thrown.delete(thrown.keys().next().value);
}

/** Adds what a hook threw to the error that the call ended with. */
export function withCause(error) {
  if (!(error instanceof BearerError) || error.cause || !HOOK_REASONS.has(error.reason)) return error;
  const found = [...thrown].findLast(([message]) => message !== '' && error.message.includes(message));
  if (found) [, error.cause] = found;
  return error;
}

function fail(reply, error) {
  const message = String(error?.message ?? error).replaceAll('\0', '');
  remember(message, error);
  const status = error instanceof BearerError ? error.status : Status.HOOK_FAILED;
  plain.replyError(reply, status >= 20 && status < 40 ? status : Status.HOOK_FAILED, message);
}

/** An answer that the library does not take is the hook's failure; one that comes too late is nobody's. */
function check(status, what) {
  if (status !== Status.OK && status !== Status.INVALID_HANDLE) {
    throw failure('INVALID_ARGUMENT', 'answer', `the hook's answer is no ${what}`);
  }
}

/** Runs a hook on the event loop, and answers its reply when its promise settles. */
function later(id, reply, member, args, answer) {
  const hook = registered.get(id);
  if (!hook) return Status.HOOK_FAILED;
  const place = { session: hook.session, isRunning: true };
  hookStack
    .run(place, async () => {
      // Not inside the library's call: the hook may take its time, and call back.
      await null;
      return hook[member](...args);
    })
    .then((value) => answer(reply, value))
    .catch((error) => fail(reply, error))
    .finally(() => {
      place.isRunning = false;
    });
  return Status.PENDING;
}

const asToken = (value) => (typeof value === 'string' ? value : JSON.stringify(value));

function answerToken(reply, value) {
  if (value === null || value === undefined) throw failure('INVALID_ARGUMENT', 'answer', 'the hook gave no token');
  check(plain.replyToken(reply, asToken(value)), 'token');
}

const answerDone = (reply) => check(plain.replyDone(reply), 'done');

function answerReload(reply, value) {
  if (value === null || value === undefined) answerDone(reply);
  else answerToken(reply, value);
}

/** fetch's Response, or {status, headers, body}. */
async function answerHttp(reply, value) {
  const body = typeof value.arrayBuffer === 'function' ? await value.arrayBuffer() : (value.body ?? '');
  const bytes = typeof body === 'string' ? Buffer.from(body) : new Uint8Array(body);
  for (const [name, line] of new Headers(value.headers)) check(plain.replyHeader(reply, name, line), 'header');
  check(plain.replyHttp(reply, value.status, bytes, bytes.byteLength), 'HTTP answer');
}

function answerSignature(reply, value) {
  check(plain.replySignature(reply, value, value.byteLength), 'signature');
}

function httpRequest(request) {
  const parts = [];
  for (;;) {
    const { results, status } = attempt('bearer_request_body_read', [request, 65536]);
    if (status !== Status.OK || results[0].byteLength === 0) break;
    parts.push(results[0]);
  }
  return {
    method: plain.requestMethod(request),
    url: plain.requestUrl(request),
    headers: headers(plain.requestHeaderAt, request),
    body: parts.length > 0 ? Buffer.concat(parts) : null,
    timeout: Number(plain.requestTimeout(request)),
  };
}

const tokenSet = (json) => (json === null ? null : JSON.parse(json));

/** The C functions. They are made on first use, for each is one of koffi's callbacks. */
const C = {
  accessToken: ['int32_t (void *, const char *, void *)', (id, rejected, reply) =>
    later(id, reply, 'accessToken', [rejected], answerToken)],
  refresh: ['int32_t (void *, const char *, void *)', (id, token, reply) =>
    later(id, reply, 'refresh', [tokenSet(token)], answerToken)],
  token: ['int32_t (void *, const char *, void *)', (id, token, reply) =>
    later(id, reply, 'token', [tokenSet(token)], answerDone)],
  http: ['int32_t (void *, void *, void *)', (id, request, reply) =>
    later(id, reply, 'http', [httpRequest(request)], answerHttp)],
  lock: ['int32_t (void *, const char *, void *)', (id, token, reply) =>
    later(id, reply, 'lock', [tokenSet(token)], answerDone)],
  reload: ['int32_t (void *, const char *, void *)', (id, token, reply) =>
    later(id, reply, 'reload', [tokenSet(token)], answerReload)],
  unlock: ['void (void *, const char *, int32_t)', (id, token, outcome) =>
    notify(id, 'unlock', [tokenSet(token), outcome])],
  log: ['void (void *, int32_t, const char *)', (id, level, event) => notify(id, 'log', [level, JSON.parse(event)])],
  sign: ['int32_t (void *, const char *, const void *, size_t, void *)', (id, algorithm, bytes, length, reply) =>
    later(id, reply, 'sign', [algorithm, Buffer.from(koffi.view(bytes, Number(length)).slice(0))], answerSignature)],
  openUrl: ['int32_t (void *, const char *)', (id, url) => notify(id, 'openUrl', [url])],
  destroy: ['void (void *)', (id) => {
    registered.delete(id);
  }],
};

/** For what nobody waits for: it runs later, and what it throws is the program's own, as an unhandled rejection is. */
function notify(id, member, args) {
  const hook = registered.get(id);
  if (!hook) return Status.HOOK_FAILED;
  Promise.resolve().then(() => hook[member](...args));
  return Status.OK;
}

const made = {};
export function pointerTo(kind) {
  const [prototype, fn] = C[kind];
  if (!made[kind]) {
    const type = koffi.proto(prototype.replace(' (', ` bearer_node_${kind}(`));
    // An exception in a callback would be an answer of 0, which is success.
    const guarded = (...args) => {
      try {
        return fn(...args);
      } catch {
        return Status.HOOK_FAILED;
      }
    };
    made[kind] = koffi.register(guarded, koffi.pointer(type));
  }
  return made[kind];
}

function register(session, functions) {
  lastId += 1n;
  registered.set(lastId, { session, ...functions });
  return lastId;
}

/** Sets a hook of one function, or removes it. */
export function setHook({ handle, session }, name, kind, fn, ...more) {
  if (!fn) return call(name, handle, null, null, null, ...more);
  return call(name, handle, pointerTo(kind), register(session, { [kind]: fn }), pointerTo('destroy'), ...more);
}

/** Sets the three of a lock. */
export function setLock({ handle, session }, functions) {
  const name = 'bearer_client_on_lock';
  if (!functions) return call(name, handle, null, null, null, null, null);
  const { lock, reload, unlock } = functions;
  return call(
    name,
    handle,
    pointerTo('lock'),
    reload ? pointerTo('reload') : null,
    unlock ? pointerTo('unlock') : null,
    register(session, { lock: lock ?? (() => {}), reload, unlock }),
    pointerTo('destroy'),
  );
}

/** Runs a call with a function that the library calls back during it alone. */
export async function during(session, kind, fn, run) {
  if (!fn) return run(null, null);
  const id = register(session, { [kind]: fn });
  try {
    return await run(pointerTo(kind), id);
  } finally {
    registered.delete(id);
  }
}

/** How many hooks are registered in this process; for tests of what is let go. */
export const registeredHooks = () => registered.size;
