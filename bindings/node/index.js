export { AbstractAuth, Auth, OAuth2Auth } from './lib/auth.js';
export { Client, percentEncode, qrText } from './lib/client.js';
export { BearerError, Status } from './lib/error.js';
export { BearerResponse } from './lib/response.js';
export { buildInfo, configSchema, version } from './lib/native.js';
