import { call } from './native.js';

/** The bytes of a body, and the content type that goes with them. */
function bytesOf({ body, json }) {
  if (json !== undefined) return [Buffer.from(JSON.stringify(json)), 'application/json'];
  if (body === undefined || body === null) return [null, null];
  if (typeof body === 'string') return [Buffer.from(body), 'text/plain;charset=UTF-8'];
  if (body instanceof URLSearchParams) {
    return [Buffer.from(body.toString()), 'application/x-www-form-urlencoded;charset=UTF-8'];
  }
  if (body instanceof ArrayBuffer) return [new Uint8Array(body), null];
  if (ArrayBuffer.isView(body)) return [new Uint8Array(body.buffer, body.byteOffset, body.byteLength), null];
  throw new TypeError('a body is a string, bytes or URLSearchParams');
}

/** Header lines in any of fetch's forms; those of one name stay apart. */
function linesOf(headers = []) {
  return Symbol.iterator in headers ? [...headers] : Object.entries(headers);
}

/** Names and values of a query: an object, whose values may be lists, or what URLSearchParams takes. */
function pairsOf(query = []) {
  if (typeof query === 'string') return [...new URLSearchParams(query)];
  if (Symbol.iterator in query) return [...query];
  return Object.entries(query).flatMap(([name, value]) => [value].flat().map((one) => [name, one]));
}

/** Gives a request what fetch's options say. */
export function fill(request, options) {
  const lines = linesOf(options.headers);
  const [bytes, contentType] = bytesOf(options);
  const hasType = lines.some(([name]) => name.toLowerCase() === 'content-type');
  if (contentType && !hasType) lines.push(['content-type', contentType]);
  for (const [name, value] of lines) call('bearer_request_add_header', request, name, String(value));
  for (const [name, value] of pairsOf(options.query)) call('bearer_request_add_query', request, name, String(value));
  if (bytes) call('bearer_request_set_body', request, bytes);
  if (options.timeout !== undefined) call('bearer_request_set_timeout', request, Math.ceil(options.timeout));
}
