import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import koffi from 'koffi';
import { BearerError, Status, failure } from './error.js';

const FILE = { darwin: 'libbearer.dylib', win32: 'bearer.dll' }[process.platform] ?? 'libbearer.so';

/** BEARER_LIBRARY, else beside this package's code, else where the system looks. */
function path() {
  const beside = fileURLToPath(new URL(FILE, import.meta.url));
  return process.env.BEARER_LIBRARY || (existsSync(beside) ? beside : FILE);
}

const library = koffi.load(path());

/**
 * What each function takes, by kind, and then what it gives. The error, which comes last, is not listed.
 *
 * p: handle, s: text, or null, i: number, d: bytes and their length, f: function, P: handle out, S: text out,
 * I: number out, B: truth out, D: borrowed bytes out, R: bytes read into a buffer.
 */
const FUNCTIONS = {
  bearer_client_new: 'sP',
  bearer_client_scope: 'psP',
  bearer_client_on_access_token: 'pfpf',
  bearer_client_on_refresh: 'pfpf',
  bearer_client_on_token: 'pfpf',
  bearer_client_on_http: 'pfpf',
  bearer_client_on_sign: 'pfpf',
  bearer_client_on_lock: 'pfffpf',
  bearer_client_on_log: 'pfpfi',
  bearer_client_token: 'pS',
  bearer_client_set_token: 'ps',
  bearer_client_refresh: 'pS',
  bearer_client_authorization: 'pssS',
  bearer_client_access_token: 'piSI',
  bearer_client_feedback: 'psssisB',
  bearer_client_id_token: 'pS',
  bearer_client_stats: 'pS',
  bearer_client_send: 'ppP',
  bearer_request_new: 'ssP',
  bearer_request_add_query: 'pss',
  bearer_request_add_header: 'pss',
  bearer_request_set_body: 'pd',
  bearer_request_set_timeout: 'pi',
  bearer_request_body_read: 'pR',
  bearer_response_challenge: 'pS',
  bearer_response_body: 'pD',
  bearer_response_read: 'pR',
  bearer_login_begin: 'psS',
  bearer_login_finish: 'pssS',
  bearer_login_loopback: 'psfpS',
  bearer_device_begin: 'psS',
  bearer_device_poll: 'psS',
  bearer_device_wait: 'psS',
  bearer_ciba_begin: 'psS',
  bearer_grant: 'psS',
  bearer_discover: 'pS',
  bearer_discover_resource: 'pS',
  bearer_revoke: 'ps',
  bearer_introspect: 'psS',
  bearer_userinfo: 'pS',
  bearer_register: 'psS',
  bearer_registration_read: 'psS',
  bearer_registration_update: 'pssS',
  bearer_registration_delete: 'ps',
  bearer_logout_url: 'psS',
  bearer_qr_text: 'sS',
  bearer_percent_encode: 'sS',
};

const C = {
  p: ['void *'],
  f: ['void *'],
  s: ['const char *'],
  d: ['const void *', 'size_t'],
  P: ['_Out_ void **'],
  S: ['_Out_ void **'],
  I: ['_Out_ int64_t *'],
  B: ['_Out_ bool *'],
  D: ['_Out_ void **', '_Out_ size_t *'],
  R: ['void *', 'size_t', '_Out_ size_t *'],
};
const NUMBERS = { bearer_client_access_token: 'uint32_t', bearer_client_feedback: 'uint16_t', bearer_request_set_timeout: 'uint64_t' };

const declare = (name, result, types) => library.func(`${result} ${name}(${types.join(', ')})`);

/** The functions that take no error object, or need a hand of their own. */
export const plain = {
  free: declare('bearer_free', 'void', ['void *']),
  errorStatus: declare('bearer_error_status', 'int32_t', ['void *']),
  errorJson: declare('bearer_error_json', 'const char *', ['void *']),
  errorFree: declare('bearer_error_free', 'void', ['void *']),
  cancel: declare('bearer_client_cancel', 'int32_t', ['void *']),
  requestFree: declare('bearer_request_free', 'void', ['void *']),
  requestMethod: declare('bearer_request_method', 'const char *', ['void *']),
  requestUrl: declare('bearer_request_url', 'const char *', ['void *']),
  requestHeaderAt: declare('bearer_request_header_at', 'bool', ['void *', 'size_t', '_Out_ const char **', '_Out_ const char **']),
  requestTimeout: declare('bearer_request_timeout_ms', 'uint64_t', ['void *']),
  responseStatus: declare('bearer_response_status', 'uint16_t', ['void *']),
  responseUrl: declare('bearer_response_url', 'const char *', ['void *']),
  responseHeaderAt: declare('bearer_response_header_at', 'bool', ['void *', 'size_t', '_Out_ const char **', '_Out_ const char **']),
  responseFree: declare('bearer_response_free', 'void', ['void *']),
  clientFree: declare('bearer_client_free', 'void', ['void *']),
  replyToken: declare('bearer_reply_token', 'int32_t', ['void *', 'const char *']),
  replyDone: declare('bearer_reply_done', 'int32_t', ['void *']),
  replyError: declare('bearer_reply_error', 'int32_t', ['void *', 'int32_t', 'const char *']),
  replyHeader: declare('bearer_reply_header', 'int32_t', ['void *', 'const char *', 'const char *']),
  replyHttp: declare('bearer_reply_http', 'int32_t', ['void *', 'uint16_t', 'const void *', 'size_t']),
  replySignature: declare('bearer_reply_signature', 'int32_t', ['void *', 'const void *', 'size_t']),
};

const declared = {};
function declaredAs(name) {
  return (declared[name] ??= declare(name, 'int32_t', [
    ...[...FUNCTIONS[name]].flatMap((kind) => (kind === 'i' ? [NUMBERS[name] ?? 'int32_t'] : C[kind])),
    '_Out_ void **',
  ]));
}

/** C ends a text at a NUL, so one inside would silently cut it off. */
function text(value) {
  if (value === null || value === undefined) return null;
  if (typeof value !== 'string') throw new TypeError(`a text was expected, not ${typeof value}`);
  if (value.includes('\0')) throw failure('INVALID_ARGUMENT', 'value', 'a text has a NUL in it');
  return value;
}

function taken(pointer) {
  if (pointer === null) return null;
  const copy = koffi.decode.string(pointer);
  plain.free(pointer);
  return copy;
}

/**
 * Calls a function of the library on this thread. Gives {status, results} or {status, json}: plain data, which may go
 * from one thread to another.
 */
export function attempt(name, args) {
  const values = [];
  const outs = [];
  const rest = [...args];
  const out = (read) => {
    const cell = [null];
    values.push(cell);
    outs.push(() => read(cell[0]));
    return cell;
  };
  for (const kind of FUNCTIONS[name]) {
    switch (kind) {
      case 's':
        values.push(text(rest.shift()));
        break;
      case 'd': {
        const bytes = rest.shift();
        values.push(bytes, bytes === null ? 0 : bytes.byteLength);
        break;
      }
      case 'P':
      case 'B':
        out((value) => value);
        break;
      case 'I':
        out(Number);
        break;
      case 'S':
        out(taken);
        break;
      case 'D': {
        const bytes = [null];
        values.push(bytes);
        out((length) => new Uint8Array(koffi.view(bytes[0], Number(length)).slice(0)));
        break;
      }
      case 'R': {
        const buffer = new Uint8Array(rest.shift());
        values.push(buffer, buffer.byteLength);
        out((length) => buffer.subarray(0, Number(length)));
        break;
      }
      default:
        values.push(rest.shift() ?? null);
    }
  }
  const error = [null];
  const status = declaredAs(name)(...values, error);
  if (status !== Status.OK && status !== Status.PENDING) {
    const json = error[0] === null ? {} : JSON.parse(plain.errorJson(error[0]));
    plain.errorFree(error[0]);
    return { status, json };
  }
  return { status, results: outs.map((read) => read()) };
}

/** Calls a function that does not block, and gives its only result, or all where there are several. */
export function call(name, ...args) {
  return settled(attempt(name, args));
}

/** The results of an attempt, or the error that it ended with. */
export function settled({ status, json, results }) {
  if (json) throw new BearerError(status, json);
  return results.length > 1 ? results : results[0];
}

/** The lines of a head, as pairs. */
export function headers(at, handle) {
  const lines = [];
  for (let index = 0; ; index += 1) {
    const name = [null];
    const value = [null];
    if (!at(handle, index, name, value)) return lines;
    lines.push([name[0], value[0]]);
  }
}

const staticText = (name) => declare(name, 'const char *', [])();

/** The version of the library that runs. */
export const version = () => staticText('bearer_version');
/** How it was built, for bug reports. */
export const buildInfo = () => JSON.parse(staticText('bearer_build_json'));
/** The JSON Schema of the configuration. */
export const configSchema = () => JSON.parse(staticText('bearer_config_schema'));
