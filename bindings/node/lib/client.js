import { failure } from './error.js';
import { during, setHook, setLock } from './hooks.js';
import { call, plain } from './native.js';
import { Task } from './task.js';
import { BearerResponse } from './response.js';
import { fill } from './request.js';
import { onAbort } from './signal.js';
import { freeOnThread, hookStack, warmUp } from './threads.js';

const forgotten = new FinalizationRegistry((handle) => {
  open.delete(handle);
  freeOnThread(handle).catch(() => {});
});

/** The clients that are there. A process that ends waits for its threads, and so for their calls. */
const open = new Set();
process.on('exit', () => open.forEach((handle) => plain.cancel(handle)));

/** What waits for a token, and so for the hooks that supply and renew it. */
const NEEDS_TOKEN = new Set([
  'bearer_client_send',
  'bearer_client_refresh',
  'bearer_client_access_token',
  'bearer_client_authorization',
  'bearer_client_feedback',
  'bearer_userinfo',
]);

const json = (value) => (value === undefined || value === null ? null : JSON.stringify(value));
const parsed = (value) => (value === null ? null : JSON.parse(value));

/** One API, one token, one set of hooks. Any number of calls may be under way at once. */
export class Client {
  #handle;
  #session;
  #isScope = false;
  #forgetSignal = () => {};

  constructor(config, hooks = {}) {
    if (config instanceof Scope) {
      this.#handle = config.handle;
      this.#session = config.session;
      this.#isScope = true;
    } else {
      this.#handle = call('bearer_client_new', typeof config === 'string' ? config : json(config));
      this.#session = { isClosed: false };
      open.add(this.#handle);
    }
    forgotten.register(this, this.#handle, this);
    this.setHooks(hooks);
    warmUp();
  }

  /** Sets hooks; null removes one, and what is not named stays. */
  setHooks({ onAccessToken, onRefresh, onToken, onHttp, onSign, onLock, onLog, logLevel = 3 }) {
    const owner = { handle: this.#handle, session: this.#session };
    const set = (name, kind, fn, ...more) => fn === undefined || setHook(owner, name, kind, fn, ...more);
    set('bearer_client_on_access_token', 'accessToken', onAccessToken);
    set('bearer_client_on_refresh', 'refresh', onRefresh);
    set('bearer_client_on_token', 'token', onToken);
    set('bearer_client_on_http', 'http', onHttp);
    set('bearer_client_on_sign', 'sign', onSign);
    set('bearer_client_on_log', 'log', onLog, logLevel);
    if (onLock !== undefined) setLock(owner, onLock);
  }

  /** A second handle with a deadline and a cancel of its own. */
  scope({ timeout, signal } = {}) {
    signal?.throwIfAborted();
    const options = timeout === undefined ? null : json({ timeout_s: timeout / 1000 });
    const handle = call('bearer_client_scope', this.#handle, options);
    const scope = new Client(new Scope(handle, this.#session));
    scope.#forgetSignal = onAbort(signal, () => plain.cancel(handle));
    return scope;
  }

  /** Ends every call on this handle, running or still to come. */
  cancel() {
    plain.cancel(this.#handle);
  }

  /** Frees the client; calls that are under way end on their own. */
  async close() {
    if (!forgotten.unregister(this)) return;
    this.#forgetSignal();
    if (!this.#isScope) this.#session.isClosed = true;
    open.delete(this.#handle);
    await freeOnThread(this.#handle);
  }

  /** Makes a request with a valid token, as fetch does. */
  async request(path, options = {}) {
    const request = call('bearer_request_new', options.method ?? 'GET', path);
    try {
      fill(request, options);
      const task = this.#task('bearer_client_send', { signal: options.signal });
      const handle = await task.keep([request]);
      return new BearerResponse(handle, task);
    } finally {
      plain.requestFree(request);
    }
  }

  #task(name, options = {}) {
    const place = hookStack.getStore();
    if (place?.isRunning && place.session === this.#session && NEEDS_TOKEN.has(name)) {
      throw failure('WOULD_DEADLOCK', 'reentered', 'a hook called back into the call that waits for it');
    }
    return new Task(name, { handle: this.#handle, session: this.#session }, options);
  }

  async #run(name, args, options) {
    return this.#task(name, options).run(args);
  }

  async #ask(name, args, options) {
    return parsed(await this.#run(name, args, options));
  }

  /** The token set that the client holds, to be stored; null where there is none. */
  get token() {
    try {
      return parsed(call('bearer_client_token', this.#handle));
    } catch (error) {
      if (error.reason === 'no_token') return null;
      throw error;
    }
  }

  set token(token) {
    call('bearer_client_set_token', this.#handle, json(token));
  }

  /** Renews now. */
  async refresh(options) {
    return this.#ask('bearer_client_refresh', [], options);
  }

  /** An access token that is valid for `minValid` more seconds. */
  async accessToken({ minValid = 0, ...options } = {}) {
    const [accessToken, expiresAt] = await this.#run('bearer_client_access_token', [minValid], options);
    return { accessToken, expiresAt: expiresAt === 0 ? null : expiresAt };
  }

  /** The headers that a request by another HTTP stack needs. */
  async authorization(method, url, options) {
    return this.#ask('bearer_client_authorization', [method, String(url)], options);
  }

  /** Learns from that request's answer, and says whether to send again. */
  async feedback(method, url, sentHeaders, status, answerHeaders, options) {
    const lines = answerHeaders === undefined ? null : json(Object.fromEntries(new Headers(answerHeaders)));
    return this.#run('bearer_client_feedback', [method, String(url), json(sentHeaders), status, lines], options);
  }

  async loginBegin(params, options) {
    return this.#ask('bearer_login_begin', [json(params)], options);
  }

  async loginFinish(login, callbackUrl, options) {
    return this.#ask('bearer_login_finish', [json(login), String(callbackUrl)], options);
  }

  async loginLoopback(params, { openUrl, ...options } = {}) {
    return during(this.#session, 'openUrl', openUrl, (fn, id) =>
      this.#ask('bearer_login_loopback', [json(params), fn, id], options));
  }

  async deviceBegin(params, options) {
    return this.#ask('bearer_device_begin', [json(params)], options);
  }

  /** One step of a device's login; null until the person is done. */
  async devicePoll(device, options) {
    return this.#ask('bearer_device_poll', [json(device)], options);
  }

  async deviceWait(device, options) {
    return this.#ask('bearer_device_wait', [json(device)], options);
  }

  async cibaBegin(params, options) {
    return this.#ask('bearer_ciba_begin', [json(params)], options);
  }

  async grant(grant, options) {
    return this.#ask('bearer_grant', [json(grant)], options);
  }

  async discover(options) {
    return this.#ask('bearer_discover', [], options);
  }

  async discoverResource(options) {
    return this.#ask('bearer_discover_resource', [], options);
  }

  async revoke(tokenTypeHint = null, options = {}) {
    await this.#run('bearer_revoke', [tokenTypeHint], options);
  }

  async introspect(token = null, options = {}) {
    return this.#ask('bearer_introspect', [token], options);
  }

  async userinfo(options) {
    return this.#ask('bearer_userinfo', [], options);
  }

  async register(metadata, options) {
    return this.#ask('bearer_register', [json(metadata)], options);
  }

  async registrationRead(registration, options) {
    return this.#ask('bearer_registration_read', [json(registration)], options);
  }

  async registrationUpdate(registration, metadata, options) {
    return this.#ask('bearer_registration_update', [json(registration), json(metadata)], options);
  }

  async registrationDelete(registration, options) {
    await this.#run('bearer_registration_delete', [json(registration)], options);
  }

  async logoutUrl(params, options) {
    return this.#run('bearer_logout_url', [json(params)], options);
  }

  /** The claims of the ID token that the client holds. */
  get idToken() {
    return parsed(call('bearer_client_id_token', this.#handle));
  }

  /** What the client has done since it was made. */
  get stats() {
    return parsed(call('bearer_client_stats', this.#handle));
  }
}

/** What Client.scope hands to the constructor, which nobody else can. */
class Scope {
  constructor(handle, session) {
    this.handle = handle;
    this.session = session;
  }
}

/** Encodes a text for one segment of a path or one part of a query. */
export const percentEncode = (text) => call('bearer_percent_encode', text);

/** Draws a QR code for a terminal. */
export const qrText = (text) => call('bearer_qr_text', text);

