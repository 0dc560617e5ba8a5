import { randomUUID } from 'node:crypto';
import { BackupServiceError } from '../jobs/errors.ts';
import { type Exchange, type Wire, write } from './wire.ts';

/**
 * Answers of a managed HSM. Its front end (roles, settings, keys) and its backup service send different headers, and only the front end adds
 * the activity id to messages.
 */
export const hsmWire: Wire = {
  unauthorized(exchange, { challenge }) {
    // A GET gets two bytes that are no JSON, whatever the Content-Type says.
    const isGet = exchange.request.method === 'GET';
    return write({ status: 401, ...(isGet ? { body: 'OK' } : {}) }, { ...common(exchange), 'WWW-Authenticate': challenge });
  },

  answer(exchange, answer, part) {
    const headers = { ...common(exchange), ...location() };
    return write(answer, part === 'backup' ? { ...headers, ...backupService(exchange) } : headers);
  },

  error(exchange, error) {
    if (error instanceof BackupServiceError) {
      const { code, message, innererror } = error;
      // The order of the fields differs by method, as recorded.
      const body = exchange.request.method === 'POST' ? { code, message, innererror } : { code, innererror, message };
      return write(
        { status: error.status, body: { error: body }, headers: error.headers },
        { ...common(exchange), ...location(), ...backupService(exchange) },
      );
    }
    const { status, code, message, inner } = error;
    const body = { code, message: `${message} (Activity ID: ${exchange.requestId})`, ...(inner ? { innererror: { code: inner } } : {}) };
    return write({ status, body: { error: body } }, common(exchange));
  },
};

const common = ({ request, requestId, startedAtMs }: Exchange) => ({
  'Cache-Control': 'no-cache',
  'Content-Security-Policy': "default-src 'self'",
  'Content-Type': 'application/json; charset=utf-8',
  'Strict-Transport-Security': 'max-age=31536000; includeSubDomains',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'SAMEORIGIN',
  'x-ms-request-id': requestId,
  'x-ms-server-latency': String(Math.max(0, Math.round(performance.now() - startedAtMs))),
  ...(request.method === 'GET' ? { 'x-ms-build-version': '1.0.20260320-2-emulator' } : {}),
});

const location = () => ({
  'x-ms-keyvault-region': 'emulator',
  'x-ms-keyvault-network-info': 'conn_type=Ipv4;addr=127.0.0.1;act_addr_fam=Ipv4;',
});

const backupService = ({ nowMs }: Exchange) => ({
  'api-supported-versions': '20180927, 20211111',
  Server: 'Kestrel',
  Date: new Date(nowMs).toUTCString(),
  'mise-correlation-id': randomUUID(),
});
